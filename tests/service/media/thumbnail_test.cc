#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "gtest/gtest.h"
#include "media/media_service.h"
#include "media/raster.h"
#include "media/thumbnail_maker.h"
#include "media/thumbnail_program.h"
#include "platform/crypto/digest.h"
#include "platform/runtime/confined.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_photo.h"
#include "support/test_server.h"

// What a confined process must not be able to do; says "done" if it was.
static int Trespass(const std::string& wish) {
  if (!gridwarden::ConfineThisProcess({.memory_bytes = 64 << 20, .cpu_seconds = 1}).ok()) return 1;
  bool done = false;
  if (wish == "nothing") done = true;
  if (wish == "read a file") done = open("/etc/passwd", O_RDONLY) >= 0;
  if (wish == "call somebody") done = socket(AF_INET, SOCK_STREAM, 0) >= 0;
  if (wish == "have a child") done = fork() > 0;
  if (wish == "be another") done = execl("/bin/true", "true", nullptr) == 0;
  if (wish == "end its parent") done = kill(getppid(), SIGTERM) == 0;
  if (wish == "all memory") done = !std::string(size_t{1} << 30, 'x').empty();
  if (wish == "all time") {
    for (volatile uint64_t turns = 0;;) {
      turns = turns + 1;
    }
  }
  if (done) gridwarden::WriteStandardOutput("done");
  return 0;
}

// Thumbnails by the real confined process: this binary is its own program, as gridwarden is.
__attribute__((constructor)) static void BeAConfinedProgram(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], gridwarden::media::kThumbnailCommand) == 0)
    _exit(gridwarden::media::RunThumbnailProgram());
  if (argc == 3 && std::strcmp(argv[1], "trespass") == 0) _exit(Trespass(argv[2]));
}

namespace gridwarden::media {
namespace {

namespace fs = std::filesystem;
using domain::PostKind;
using gridwarden::testing::City;
using gridwarden::testing::SharedDatabase;
using std::string_literals::operator""s;

constexpr char kUpload[] = "gridwarden.media.v1.MediaService/UploadMedia";
constexpr char kGetThumbnail[] = "gridwarden.media.v1.MediaService/GetMediaThumbnail";

absl::Time In(absl::Duration duration) { return absl::Now() + duration; }

// Red in the upper left quarter, else blue to white.
Raster Picture(int width, int height) {
  Raster raster{.width = width, .height = height};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool corner = x < width / 2 && y < height / 2;
      const auto grey = static_cast<uint8_t>(255 * x / width);
      raster.rgb.insert(raster.rgb.end(), {corner ? uint8_t{250} : grey, corner ? uint8_t{0} : grey,
                                           corner ? uint8_t{0} : uint8_t{255}});
    }
  }
  return raster;
}

// A JPEG that a decoder can read, with the orientation a phone would write.
std::string Photo(int width, int height, int orientation = 1) {
  std::string jpeg = EncodeJpeg(Picture(width, height), 90);
  jpeg.insert(2, gridwarden::testing::Segment(
                     0xe1, "Exif\0\0"s + gridwarden::testing::ExifWithPosition(orientation)));
  return jpeg;
}

bool IsRed(const Raster& raster, int x, int y) {
  const uint8_t* pixel = raster.rgb.data() + size_t{3} * (size_t(y) * raster.width + x);
  return pixel[0] > 200 && pixel[1] < 60 && pixel[2] < 60;
}

// Which corner is red, as "left top".
std::string RedCorner(const Raster& raster) {
  const int right = raster.width - 4, bottom = raster.height - 4;
  std::string corners;
  if (IsRed(raster, 3, 3)) corners += "left top";
  if (IsRed(raster, right, 3)) corners += "right top";
  if (IsRed(raster, 3, bottom)) corners += "left bottom";
  if (IsRed(raster, right, bottom)) corners += "right bottom";
  return corners;
}

TEST(Thumbnail, IsSmallAndStandsTheWayUp) {
  ThumbnailMaker maker(OwnProgram());
  const char* corners[] = {"left top", "right top", "right bottom", "left bottom",
                           "left top", "right top", "right bottom", "left bottom"};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const auto jpeg = maker.Make(Photo(1600, 1200, orientation), In(absl::Seconds(20)));
    ASSERT_TRUE(jpeg.ok()) << jpeg.status();
    ASSERT_TRUE(Inspect(*jpeg).ok());
    EXPECT_LT(jpeg->size(), 40'000u);
    EXPECT_EQ(jpeg->find("SECRET"), std::string::npos);
    const std::optional<Raster> shown = Decode(*jpeg, ContentType::kJpeg, 320);
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->width, orientation < 5 ? 320 : 240);
    EXPECT_EQ(shown->height, orientation < 5 ? 240 : 320);
    EXPECT_EQ(RedCorner(*shown), corners[orientation - 1]) << orientation;
  }
}

TEST(Thumbnail, OfASmallPhotoIsNoLargerAndOfALongOneKeepsItsForm) {
  ThumbnailMaker maker(OwnProgram());
  for (const auto& [width, height, want_width, want_height] :
       {std::tuple{60, 40, 60, 40}, {3200, 10, 320, 1}, {8, 4000, 1, 320}, {1, 1, 1, 1}}) {
    const auto jpeg = maker.Make(Photo(width, height), In(absl::Seconds(20)));
    ASSERT_TRUE(jpeg.ok()) << jpeg.status();
    const auto info = Inspect(*jpeg);
    ASSERT_TRUE(info.ok()) << width << "x" << height << " " << info.status();
    EXPECT_NEAR(info->width, want_width, 1);
    EXPECT_NEAR(info->height, want_height, 1);
  }
}

TEST(Thumbnail, OfBytesThatOnlyLookLikeAPhotoThereIsNone) {
  ThumbnailMaker maker(OwnProgram());
  const std::string cases[] = {gridwarden::testing::Jpeg(400, 300),
                               gridwarden::testing::Png(400, 300),
                               gridwarden::testing::Webp(400, 300),
                               gridwarden::testing::Jpeg(10'000, 12'000),
                               gridwarden::testing::Png(10'000, 12'000),
                               gridwarden::testing::Webp(10'000, 12'000),
                               "%PDF-1.4\n%%EOF",
                               "",
                               "garbage",
                               std::string(kBytesMax, '\xff')};
  for (const std::string& content : cases) {
    const auto jpeg = maker.Make(content, In(absl::Seconds(20)));
    ASSERT_TRUE(jpeg.ok()) << jpeg.status();
    EXPECT_EQ(*jpeg, "");
  }
}

// Files that are nearly photos: none may end this process, take long or yield what is no JPEG.
TEST(Thumbnail, OfDamagedPhotosIsAThumbnailOrNone) {
  const std::string whole = Photo(640, 480, 6);
  std::mt19937 random(20261122);
  std::vector<std::string> corpus;
  for (size_t at = 0; at < whole.size(); at += std::max<size_t>(1, whole.size() / 40)) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (random() % 8)));
    corpus.push_back(flipped);
    corpus.push_back(whole.substr(0, at));
    corpus.push_back(whole.substr(0, at) + "\xff\xd9");
    std::string shaken = whole;
    for (int i = 0; i < 20; ++i) shaken[random() % shaken.size()] = static_cast<char>(random());
    corpus.push_back(shaken);
  }
  const size_t frame = whole.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (const std::string& size : {"\xff\xff\xff\xff"s, "\x2a\xf8\x2a\xf8"s, "\x00\x01\xff\xff"s}) {
    std::string huge = whole;
    huge.replace(frame + 5, 4, size);
    corpus.push_back(huge);
  }
  ThumbnailMaker maker(OwnProgram(), 2);
  std::atomic<size_t> next = 0, made = 0;
  const auto work = [&] {
    for (size_t i = next++; i < corpus.size(); i = next++) {
      const auto jpeg = maker.Make(corpus[i], In(absl::Seconds(30)));
      ASSERT_TRUE(jpeg.ok()) << i << " " << jpeg.status();
      if (jpeg->empty()) continue;
      ++made;
      EXPECT_TRUE(Inspect(*jpeg).ok()) << i;
    }
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_GT(made, corpus.size() / 10) << "a flipped bit does not hide the whole picture";
  EXPECT_LT(made, corpus.size());
}

TEST(Confined, ProcessCanDoNothingButAnswer) {
  const auto ask = [](const std::string& wish) {
    return RunConfined(OwnProgram(), {"trespass", wish}, "", 100, In(absl::Seconds(20)));
  };
  EXPECT_EQ(ask("nothing")->output, "done");
  for (const char* wish : {"read a file", "call somebody", "have a child", "be another", "end its parent"}) {
    const auto ended = ask(wish);
    ASSERT_TRUE(ended.ok()) << ended.status();
    EXPECT_EQ(ended->output, "") << wish;
    EXPECT_EQ(ended->signal, SIGSYS) << wish;
  }
  EXPECT_EQ(ask("all memory")->output, "");
  EXPECT_EQ(ask("all time")->signal, SIGXCPU);
}

TEST(Confined, ProcessIsNotWaitedForLongerThanTold) {
  const auto ended = RunConfined("/bin/cat", {}, "as it was", 100, In(absl::Seconds(5)));
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_TRUE(ended->finished);
  EXPECT_EQ(ended->output, "as it was");
  EXPECT_FALSE(RunConfined("/bin/cat", {}, std::string(1000, 'x'), 100, In(absl::Seconds(5)))->finished)
      << "it says more than it may";
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      RunConfined("/bin/sleep", {"60"}, "", 100, In(absl::Milliseconds(200))).status()));
  EXPECT_TRUE(absl::IsUnavailable(RunConfined("/no/such", {}, "", 100, In(absl::Seconds(5))).status()));
}

class ThumbnailTest : public ::testing::Test {
 protected:
  ThumbnailTest()
      : data_dir_(absl::StrCat(::testing::TempDir(), "thumbnail_", getpid())),
        server_(*SharedDatabase(), City().MakeDirectory(), nullptr, data_dir_) {
    SharedDatabase().Clear();
    server_.Install(Install);
  }
  ~ThumbnailTest() override { fs::remove_all(data_dir_); }

  void Upload(const std::string& content) {
    v1::UploadMediaRequest request;
    request.set_content(content);
    request.set_sha256(Hex(content));
    const auto media = server_.Call<v1::Media>(officer_, kUpload, request);
    ASSERT_TRUE(media.ok()) << media.status();
  }
  absl::StatusOr<v1::MediaContent> Get(const std::string& token, const std::string& content) {
    v1::GetMediaThumbnailRequest request;
    request.set_name("media/" + Hex(content));
    return server_.Call<v1::MediaContent>(token, kGetThumbnail, request);
  }
  static std::string Hex(const std::string& content) {
    return absl::BytesToHexString(crypto::Sha256(content));
  }
  fs::path FileOf(const char* folder, const std::string& content) const {
    const std::string hex = Hex(content);
    return fs::path(data_dir_) / folder / hex.substr(0, 2) / hex.substr(2, 2) / hex;
  }

  const std::string data_dir_;
  gridwarden::testing::TestServer server_;
  const std::string officer_ = City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][0]);
  const std::string neighbour_ = City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][1]);
  const std::string leader_ = City().TokenOf(PostKind::kGridLeader, City().townships[0][0]);
};

TEST_F(ThumbnailTest, IsMadeOnceAndSeenByThoseWhoSeeThePhoto) {
  const std::string photo = Photo(1600, 1200, 6);
  Upload(photo);
  const auto first = Get(officer_, photo);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->media().name(), "media/" + Hex(photo));
  EXPECT_EQ(first->sha256(), Hex(first->content()));
  EXPECT_EQ(Inspect(first->content())->height, 320);
  fs::remove(FileOf("media", photo));
  const auto again = Get(leader_, photo);
  ASSERT_TRUE(again.ok()) << "kept, the photo is not read again: " << again.status();
  EXPECT_EQ(again->content(), first->content());
  EXPECT_EQ(ReasonOf(Get(neighbour_, photo).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Get(City().AdministratorToken(), photo).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Get("", photo).status()), "NOT_SIGNED_IN");
  EXPECT_EQ(ReasonOf(Get(officer_, "other").status()), "NOT_FOUND");
  EXPECT_EQ(
      ReasonOf(
          server_.Call<v1::MediaContent>(officer_, kGetThumbnail, v1::GetMediaThumbnailRequest()).status()),
      "REQUIRED_FIELD_MISSING");
}

TEST_F(ThumbnailTest, LostFromTheStoreIsMadeAgain) {
  const std::string photo = Photo(800, 600);
  Upload(photo);
  const std::string made = Get(officer_, photo)->content();
  fs::remove(FileOf("thumbnails", photo));
  EXPECT_EQ(Get(officer_, photo)->content(), made);
  fs::remove(FileOf("thumbnails", photo));
  fs::remove(FileOf("media", photo));
  EXPECT_EQ(Get(officer_, photo).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ThumbnailTest, OfWhatHasNoneIsSaidToHaveNoneAndNotTriedAgain) {
  for (const std::string& content : {gridwarden::testing::Jpeg(400, 300), "%PDF-1.4\n%%EOF"s}) {
    Upload(content);
    EXPECT_EQ(ReasonOf(Get(officer_, content).status()), "MEDIA_HAS_NO_THUMBNAIL");
    fs::remove(FileOf("media", content));
    EXPECT_EQ(ReasonOf(Get(officer_, content).status()), "MEDIA_HAS_NO_THUMBNAIL");
  }
}

}  // namespace
}  // namespace gridwarden::media
