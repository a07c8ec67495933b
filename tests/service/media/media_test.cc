#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "gtest/gtest.h"
#include "media/file_store.h"
#include "media/media_service.h"
#include "platform/crypto/digest.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_photo.h"
#include "support/test_server.h"

namespace gridwarden::media {
namespace {

using domain::PostKind;
using gridwarden::testing::City;
using gridwarden::testing::Jpeg;
using gridwarden::testing::SharedDatabase;

constexpr char kUpload[] = "gridwarden.media.v1.MediaService/UploadMedia";
constexpr char kGet[] = "gridwarden.media.v1.MediaService/GetMedia";
constexpr char kGetContent[] = "gridwarden.media.v1.MediaService/GetMediaContent";
constexpr char kGetOriginal[] = "gridwarden.media.v1.MediaService/GetMediaOriginal";
constexpr char kListMissing[] = "gridwarden.media.v1.MediaService/ListMissingMedia";

std::string Hex(const std::string& content) { return absl::BytesToHexString(crypto::Sha256(content)); }

class MediaTest : public ::testing::Test {
 protected:
  MediaTest()
      : data_dir_(absl::StrCat(::testing::TempDir(), "media_", getpid())),
        server_(*SharedDatabase(), City().MakeDirectory(), nullptr, data_dir_) {
    SharedDatabase().Clear();
    server_.Install(Install);
  }
  ~MediaTest() override { std::filesystem::remove_all(data_dir_); }

  v1::UploadMediaRequest Request(const std::string& content) {
    v1::UploadMediaRequest request;
    request.set_content(content);
    request.set_sha256(Hex(content));
    return request;
  }
  // The photo, for named ground.
  v1::UploadMediaRequest RequestFor(const Uuid& division) {
    v1::UploadMediaRequest request = Request(photo_);
    request.set_division(ResourceName("divisions", division));
    return request;
  }
  absl::StatusOr<v1::Media> Upload(const std::string& token, const v1::UploadMediaRequest& request) {
    return server_.Call<v1::Media>(token, kUpload, request);
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Get(const std::string& token, const char* method, const std::string& content) {
    Request request;
    request.set_name("media/" + Hex(content));
    return server_.Call<Response>(token, method, request);
  }
  absl::StatusOr<v1::MediaContent> Copy(const std::string& token) {
    return Get<v1::MediaContent, v1::GetMediaContentRequest>(token, kGetContent, photo_);
  }
  absl::StatusOr<v1::MediaContent> Original(const std::string& token) {
    return Get<v1::MediaContent, v1::GetMediaOriginalRequest>(token, kGetOriginal, photo_);
  }
  std::string FileOf(const std::string& content) const {
    const std::string hex = Hex(content);
    return absl::StrCat(data_dir_, "/media/", hex.substr(0, 2), "/", hex.substr(2, 2), "/", hex);
  }
  std::string Staged(const char* kind) {
    return SharedDatabase().Ask(
        absl::StrCat("SELECT COUNT(*) FROM journal_stage WHERE INSTR(body, '", kind, "') > 0"));
  }

  const std::string data_dir_;
  gridwarden::testing::TestServer server_;
  const std::string photo_ = Jpeg(400, 300);
  const std::string officer_ = City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][0]);
  const std::string neighbour_ = City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][1]);
  const std::string leader_ = City().TokenOf(PostKind::kGridLeader, City().townships[0][0]);
  const std::string other_township_ = City().TokenOf(PostKind::kGridLeader, City().townships[0][1]);
  const std::string other_county_ = City().TokenOf(PostKind::kGridLeader, City().counties[1]);
  const std::string discipline_ = City().TokenOf(PostKind::kDiscipline, City().city);
};

TEST_F(MediaTest, IsStoredUnderItsDigestAndSaysWhatItIs) {
  v1::UploadMediaRequest request = Request(photo_);
  request.set_content_type("application/x-anything");
  request.set_subject("cases/" + Uuid::Make(absl::Now()).ToString());
  const auto media = Upload(officer_, request);
  ASSERT_TRUE(media.ok()) << media.status();
  EXPECT_EQ(media->name(), "media/" + Hex(photo_));
  EXPECT_EQ(media->content_type(), "image/jpeg");
  EXPECT_EQ(media->width(), 400);
  EXPECT_EQ(media->size(), static_cast<int64_t>(photo_.size()));
  EXPECT_TRUE(std::filesystem::exists(FileOf(photo_)));
  EXPECT_TRUE(std::filesystem::is_empty(data_dir_ + "/media/tmp"));
  EXPECT_EQ(Staged("media.commit"), "1");
}

TEST_F(MediaTest, UploadedTwiceIsTheSameAndUploadedForOtherGroundIsSharedWithIt) {
  ASSERT_TRUE(Upload(officer_, Request(photo_)).ok());
  const auto again = Upload(officer_, Request(photo_));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM journal_stage"), "1");
  EXPECT_EQ(ReasonOf(Copy(other_township_).status()), "NOT_FOUND");
  ASSERT_TRUE(Upload(officer_, RequestFor(City().villages[0][1][0])).ok());
  EXPECT_EQ(Staged("media.scope"), "1");
  EXPECT_TRUE(Copy(other_township_).ok());
  EXPECT_EQ(ReasonOf(Copy(other_county_).status()), "NOT_FOUND");
}

TEST_F(MediaTest, IsTakenForTheCountyOfAPostAndForNoOtherGround) {
  // The checker from a neighbouring township stands in front of the case's source.
  const std::string checker = City().TokenOf(PostKind::kSupervisionOfficer, City().villages[0][2][0]);
  EXPECT_TRUE(Upload(checker, RequestFor(City().villages[0][0][0])).ok());
  EXPECT_TRUE(Upload(checker, RequestFor(City().counties[0])).ok());
  const std::string bureau = City().TokenOfPerson(City().PersonIn(City().HandlerOf(City().bureaus[0]).id));
  EXPECT_TRUE(Upload(bureau, RequestFor(City().villages[0][1][2])).ok());
  const std::string city = City().TokenOf(PostKind::kSupervisionOfficer, City().city);
  EXPECT_TRUE(Upload(city, RequestFor(City().villages[1][0][0])).ok());

  for (const std::string& token : {checker, bureau}) {
    EXPECT_EQ(ReasonOf(Upload(token, RequestFor(City().villages[1][0][0])).status()), "NOT_ALLOWED");
    EXPECT_EQ(ReasonOf(Upload(token, RequestFor(City().counties[1])).status()), "NOT_ALLOWED");
    EXPECT_EQ(ReasonOf(Upload(token, RequestFor(City().city)).status()), "NOT_ALLOWED");
  }
  EXPECT_TRUE(Copy(other_county_).ok()) << "the city's officer uploaded it for that county";
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM media_scope"), "4");
}

TEST_F(MediaTest, UploadedByManyAtOnceIsOne) {
  std::vector<std::thread> threads;
  std::atomic<int> done = 0;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      const auto media = Upload(officer_, Request(photo_));
      EXPECT_TRUE(media.ok()) << media.status();
      done += media.ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 6);
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM media"), "1");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM journal_stage"), "1");
}

TEST_F(MediaTest, IsSeenByItsUploaderAndByPostsAboveItsGroundAndByNobodyElse) {
  ASSERT_TRUE(Upload(officer_, Request(photo_)).ok());
  EXPECT_TRUE(Copy(officer_).ok());
  EXPECT_TRUE(Copy(leader_).ok());
  EXPECT_TRUE((Get<v1::Media, v1::GetMediaRequest>(leader_, kGet, photo_).ok()));
  EXPECT_EQ(ReasonOf(Copy(neighbour_).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Copy(other_county_).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Copy(City().AdministratorToken()).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Copy("").status()), "NOT_SIGNED_IN");
  EXPECT_EQ(ReasonOf(Get<v1::Media, v1::GetMediaRequest>(officer_, kGet, "other").status()), "NOT_FOUND");
}

TEST_F(MediaTest, IsHandedOutWithoutItsPositionExceptToDiscipline) {
  ASSERT_TRUE(Upload(officer_, Request(photo_)).ok());
  const auto copy = Copy(leader_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->content().find("SECRET"), std::string::npos);
  EXPECT_EQ(copy->sha256(), Hex(copy->content()));
  const auto original = Original(discipline_);
  ASSERT_TRUE(original.ok()) << original.status();
  EXPECT_EQ(original->content(), photo_);
  EXPECT_EQ(ReasonOf(Original(leader_).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Original(officer_).status()), "NOT_ALLOWED");
}

TEST_F(MediaTest, IsRefusedWithTheReason) {
  v1::UploadMediaRequest request = Request(photo_);
  request.set_sha256(Hex("other"));
  EXPECT_EQ(ReasonOf(Upload(officer_, request).status()), "MEDIA_DIGEST_MISMATCH");
  request.set_sha256("abc");
  EXPECT_EQ(ReasonOf(Upload(officer_, request).status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Upload(officer_, Request("GIF89a and so on")).status()), "MEDIA_TYPE_REFUSED");
  EXPECT_EQ(ReasonOf(Upload(officer_, Request(Jpeg(60000, 60000))).status()), "MEDIA_TOO_LARGE");
  EXPECT_EQ(ReasonOf(Upload(officer_, v1::UploadMediaRequest()).status()), "REQUIRED_FIELD_MISSING");
  request = Request(photo_);
  request.set_subject("persons/1");
  EXPECT_EQ(ReasonOf(Upload(officer_, request).status()), "INVALID_FIELD");
  request = Request(photo_);
  request.set_division("divisions/" + Uuid::Make(absl::Now()).ToString());
  EXPECT_EQ(ReasonOf(Upload(officer_, request).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Upload(City().AdministratorToken(), Request(photo_)).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Upload("", Request(photo_)).status()), "NOT_SIGNED_IN");
  EXPECT_FALSE(std::filesystem::exists(FileOf(photo_)));
}

TEST_F(MediaTest, LostOrDamagedOnDiskIsSaidToBeMissingAndHealedByUploadingAgain) {
  ASSERT_TRUE(Upload(officer_, Request(photo_)).ok());
  std::filesystem::remove(FileOf(photo_));
  EXPECT_EQ(Copy(officer_).status().code(), absl::StatusCode::kDataLoss);
  v1::ListMissingMediaRequest request;
  request.add_sha256s(Hex(photo_));
  EXPECT_EQ(server_.Call<v1::ListMissingMediaResponse>(officer_, kListMissing, request)->sha256s_size(), 1);
  ASSERT_TRUE(Upload(officer_, Request(photo_)).ok());
  EXPECT_TRUE(Copy(officer_).ok());
  std::ofstream(FileOf(photo_), std::ios::trunc) << "damaged";
  EXPECT_EQ(Copy(officer_).status().code(), absl::StatusCode::kDataLoss);
  ASSERT_TRUE(Upload(officer_, Request(photo_)).ok());
  EXPECT_TRUE(Copy(officer_).ok());
}

TEST_F(MediaTest, LeftWithoutARowByACrashIsTakenUpByTheNextUpload) {
  ASSERT_TRUE(FileStore(data_dir_).Put(Hex(photo_), photo_, absl::InfiniteFuture()).ok());
  EXPECT_EQ(ReasonOf(Copy(officer_).status()), "NOT_FOUND");
  ASSERT_TRUE(Upload(officer_, Request(photo_)).ok());
  EXPECT_TRUE(Copy(officer_).ok());
}

TEST_F(MediaTest, ListsOnlyWhatIsMissingInTheOrderAsked) {
  ASSERT_TRUE(Upload(officer_, Request(photo_)).ok());
  v1::ListMissingMediaRequest request;
  for (const std::string& content : {std::string("b"), photo_, std::string("a")})
    request.add_sha256s(Hex(content));
  const auto missing = server_.Call<v1::ListMissingMediaResponse>(officer_, kListMissing, request);
  ASSERT_TRUE(missing.ok()) << missing.status();
  ASSERT_EQ(missing->sha256s_size(), 2);
  EXPECT_EQ(missing->sha256s(0), Hex("b"));
  EXPECT_EQ(missing->sha256s(1), Hex("a"));
  request.add_sha256s("rubbish");
  EXPECT_EQ(ReasonOf(server_.Call<v1::ListMissingMediaResponse>(officer_, kListMissing, request).status()),
            "INVALID_FIELD");
}

TEST_F(MediaTest, OldLeftoversOfUploadsAreRemovedAndFreshOnesStay) {
  ASSERT_TRUE(FileStore(data_dir_).Put(Hex(photo_), photo_, absl::InfiniteFuture()).ok());
  std::ofstream(data_dir_ + "/media/tmp/upload-old") << "half";
  EXPECT_EQ(FileStore(data_dir_).RemoveOrphans(absl::Minutes(10)), 0);
  EXPECT_EQ(FileStore(data_dir_).RemoveOrphans(absl::Seconds(-1)), 1);
}

}  // namespace
}  // namespace gridwarden::media
