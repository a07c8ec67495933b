#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "gateway/gateway.h"
#include "gateway/http_server.h"
#include "gtest/gtest.h"
#include "media/media_service.h"
#include "media/raster.h"
#include "media/thumbnail_program.h"
#include "nlohmann/json.hpp"
#include "platform/crypto/digest.h"
#include "support/http_client.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_photo.h"
#include "support/test_server.h"

// This binary is its own thumbnail program, as gridwarden is.
__attribute__((constructor)) static void BeTheThumbnailProgram(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], gridwarden::media::kThumbnailCommand) == 0)
    _exit(gridwarden::media::RunThumbnailProgram());
}

// /files and /photos over real HTTP, before the real media area and its database.
namespace gridwarden::gateway {
namespace {

namespace fs = std::filesystem;
using domain::PostKind;
using testing::City;
using testing::Fetch;
using testing::HttpAnswer;
using testing::HttpConnection;
using testing::SharedDatabase;

constexpr size_t kPiece = 8192;
constexpr char kTus[] = "Tus-Resumable: 1.0.0\r\n";
constexpr char kPieceType[] = "Content-Type: application/offset+octet-stream\r\n";

std::string Base64(const std::string& bytes) { return absl::Base64Escape(bytes); }
std::string Hex(const std::string& content) { return absl::BytesToHexString(crypto::Sha256(content)); }

std::string RealPhoto() {
  media::Raster raster{.width = 800, .height = 600};
  for (uint32_t i = 0; i < 800 * 600; ++i) {
    const auto grey = static_cast<uint8_t>((i * 7919) >> 3);
    raster.rgb.insert(raster.rgb.end(), {grey, static_cast<uint8_t>(i / 800), static_cast<uint8_t>(i % 251)});
  }
  return media::EncodeJpeg(raster, 60);
}

class FilesTest : public ::testing::Test {
 protected:
  FilesTest()
      : data_dir_(absl::StrCat(::testing::TempDir(), "files_", getpid())),
        server_(*SharedDatabase(), City().MakeDirectory(), nullptr, data_dir_) {
    SharedDatabase().Clear();
    server_.Install(media::Install);
    gateway_ = std::make_unique<Gateway>(GatewayOptions{
        .channel = [this](const google::protobuf::MethodDescriptor&) { return &server_.channel(); }});
    http_ =
        HttpServer::Start(
            {},
            {.handle = [this](HttpRequest request,
                              Respond respond) { gateway_->Handle(std::move(request), std::move(respond)); },
             .body_limit = [this](const HttpRequest& head) { return gateway_->BodyLimit(head); },
             .too_large = [this](const HttpRequest& head) { return gateway_->TooLarge(head); },
             .too_busy = [this](const HttpRequest&) { return gateway_->TooBusy(); }})
            .value();
  }
  ~FilesTest() override {
    http_.reset();
    fs::remove_all(data_dir_);
  }

  static std::string As(const std::string& token) {
    return absl::StrCat("Authorization: Bearer ", token, "\r\n");
  }
  HttpAnswer Send(const std::string& method, const std::string& path, const std::string& headers = "",
                  const std::string& body = "") {
    return Fetch(http_->port(), method, path, absl::StrCat(kTus, officer_, headers), body);
  }
  HttpAnswer Create(const std::string& content, const std::string& more = "") {
    return Send(
        "POST", "/files",
        absl::StrCat("Upload-Length: ", content.size(), "\r\nUpload-Metadata: sha256 ", Base64(Hex(content)),
                     ",type ", Base64("image/jpeg"), ",op_id eA==", more, "\r\n"));
  }
  HttpAnswer Patch(const std::string& path, size_t offset, const std::string& piece,
                   const std::string& headers = "") {
    return Send("PATCH", path, absl::StrCat(kPieceType, "Upload-Offset: ", offset, "\r\n", headers), piece);
  }
  size_t OffsetOf(const std::string& path) {
    const HttpAnswer head = Send("HEAD", path);
    EXPECT_EQ(head.status, 200);
    return std::stoul(head.headers.at("upload-offset"));
  }
  // Sends all from where it stands; answers the last answer.
  HttpAnswer SendRest(const std::string& path, const std::string& content) {
    HttpAnswer last;
    for (size_t at = OffsetOf(path); at < content.size(); at += kPiece) {
      last = Patch(path, at, content.substr(at, kPiece));
      EXPECT_EQ(last.status, 204) << last.body;
    }
    return last;
  }
  static std::string ReasonIn(const HttpAnswer& answer) {
    const auto error = nlohmann::json::parse(answer.body, nullptr, false);
    for (const auto& detail : error.value("details", nlohmann::json::array())) {
      if (detail["type"] == "google.rpc.ErrorInfo") return detail["debug"]["reason"];
    }
    return "";
  }

  const std::string data_dir_;
  testing::TestServer server_;
  const std::string officer_ = As(City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][0]));
  const std::string neighbour_ = As(City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][1]));
  const std::string photo_ = testing::Jpeg(400, 300, 6, std::string(40'000, 's'));
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> http_;
};

TEST_F(FilesTest, SayWhatTheyCanToWhoeverAsks) {
  const HttpAnswer answer = Fetch(http_->port(), "OPTIONS", "/files");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers.at("tus-version"), "1.0.0");
  EXPECT_EQ(answer.headers.at("tus-extension"), "creation,checksum,expiration");
  EXPECT_EQ(answer.headers.at("tus-max-size"), "12582912");
  EXPECT_EQ(answer.headers.at("tus-checksum-algorithm"), "sha256");
}

TEST_F(FilesTest, TakeAPhotoInPiecesAndSayCompleteOnlyAtTheEnd) {
  const HttpAnswer begun = Create(photo_);
  ASSERT_EQ(begun.status, 201) << begun.body;
  const std::string path = begun.headers.at("location");
  EXPECT_TRUE(absl::StartsWith(path, "/files/"));
  EXPECT_EQ(begun.headers.at("upload-offset"), "0");
  EXPECT_EQ(begun.headers.at("upload-complete"), "?0");
  EXPECT_EQ(begun.headers.at("tus-resumable"), "1.0.0");
  EXPECT_TRUE(absl::EndsWith(begun.headers.at("upload-expires"), " GMT"));
  for (size_t at = 0; at < photo_.size(); at += kPiece) {
    const std::string piece = photo_.substr(at, kPiece);
    const HttpAnswer answer = Patch(
        path, at, piece, absl::StrCat("Upload-Checksum: sha256 ", Base64(crypto::Sha256(piece)), "\r\n"));
    ASSERT_EQ(answer.status, 204) << answer.body;
    EXPECT_EQ(answer.headers.at("upload-offset"), absl::StrCat(at + piece.size()));
    EXPECT_EQ(answer.headers.at("upload-complete"), at + piece.size() == photo_.size() ? "?1" : "?0");
  }
  const HttpAnswer head = Send("HEAD", path);
  EXPECT_EQ(head.headers.at("upload-complete"), "?1");
  EXPECT_EQ(head.headers.at("upload-length"), absl::StrCat(photo_.size()));
  EXPECT_EQ(head.headers.at("cache-control"), "no-store");
  EXPECT_EQ(Create(photo_).headers.at("upload-complete"), "?1");
  EXPECT_EQ(Send("GET", "/photos/" + Hex(photo_)).status, 200);
}

// The line breaks in the middle of each piece, and again behind it before the answer is read.
TEST_F(FilesTest, CutAtEveryPieceGoOnFromWhatWasAcknowledgedOrMore) {
  const std::string path = Create(photo_).headers.at("location");
  for (size_t at = 0; at < photo_.size(); at += kPiece) {
    const std::string piece = photo_.substr(at, kPiece);
    const std::string head =
        absl::StrCat("PATCH ", path, " HTTP/1.1\r\nHost: localhost\r\n", kTus, officer_, kPieceType,
                     "Upload-Offset: ", at, "\r\nContent-Length: ", piece.size(), "\r\n\r\n");
    for (const size_t sent : {size_t{0}, piece.size() / 2, piece.size() - 1}) {
      HttpConnection cut(http_->port());
      cut.Send(head + piece.substr(0, sent));
    }
    ASSERT_EQ(OffsetOf(path), at) << "half a piece is no piece";
    {
      HttpConnection cut(http_->port());
      cut.Send(head + piece);
    }
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    while (OffsetOf(path) == at && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(5));
    ASSERT_EQ(OffsetOf(path), at + piece.size()) << "the whole piece came; only its answer was lost";
    const HttpAnswer again = Patch(path, at, piece);
    EXPECT_EQ(again.status, 409);
    EXPECT_EQ(again.headers.at("upload-offset"), absl::StrCat(at + piece.size()));
  }
  EXPECT_EQ(Send("HEAD", path).headers.at("upload-complete"), "?1");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM media"), "1");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM media_scope"), "1");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM journal_stage"), "1");
}

TEST_F(FilesTest, RefuseWhatHasAnotherDigest) {
  const std::string path = Create(photo_).headers.at("location");
  const HttpAnswer piece =
      Patch(path, 0, photo_.substr(0, kPiece),
            absl::StrCat("Upload-Checksum: sha256 ", Base64(std::string(32, 'x')), "\r\n"));
  EXPECT_EQ(piece.status, 460);
  EXPECT_EQ(piece.headers.at("upload-offset"), "0");
  EXPECT_EQ(ReasonIn(piece), "MEDIA_DIGEST_MISMATCH");
  std::string other = photo_;
  other[30'000] = 'X';
  for (size_t at = 0; at + kPiece < other.size(); at += kPiece)
    ASSERT_EQ(Patch(path, at, other.substr(at, kPiece)).status, 204);
  const size_t last = (other.size() - 1) / kPiece * kPiece;
  const HttpAnswer whole = Patch(path, last, other.substr(last));
  EXPECT_EQ(whole.status, 460);
  EXPECT_EQ(whole.headers.at("upload-offset"), "0");
  EXPECT_EQ(SendRest(path, photo_).headers.at("upload-complete"), "?1");
}

TEST_F(FilesTest, RefuseWhatTheyCannotMean) {
  const std::string length = "Upload-Length: 10\r\n";
  const std::string metadata = absl::StrCat("Upload-Metadata: sha256 ", Base64(Hex("x")), "\r\n");
  EXPECT_EQ(Send("POST", "/files", metadata).status, 400);
  EXPECT_EQ(Send("POST", "/files", "Upload-Length: -1\r\n" + metadata).status, 400);
  EXPECT_EQ(Send("POST", "/files", length).status, 400);
  EXPECT_EQ(Send("POST", "/files", length + "Upload-Metadata: sha256 ***\r\n").status, 400);
  EXPECT_EQ(Send("POST", "/files", length + "Upload-Metadata: sha256 YQ==,sha256 YQ==\r\n").status, 400);
  EXPECT_EQ(Send("POST", "/files", length + "Upload-Metadata: sha256 YQ==\r\n").status, 400);
  EXPECT_EQ(Send("POST", "/files", length + metadata, "a first piece").status, 400);
  EXPECT_EQ(Send("POST", "/files", "Upload-Length: 12582913\r\n" + metadata).status, 413);
  const HttpAnswer version = Fetch(http_->port(), "POST", "/files", officer_ + length + metadata);
  EXPECT_EQ(version.status, 412);
  EXPECT_EQ(version.headers.at("tus-version"), "1.0.0");
  EXPECT_EQ(Send("GET", "/files").status, 405);
  EXPECT_EQ(Send("GET", "/files").headers.at("allow"), "OPTIONS, POST");

  const std::string path = Create(photo_).headers.at("location");
  const std::string piece = photo_.substr(0, kPiece);
  EXPECT_EQ(Send("DELETE", path).status, 405);
  EXPECT_EQ(Send("PATCH", path, "Upload-Offset: 0\r\n", piece).status, 415);
  EXPECT_EQ(Send("PATCH", path, kPieceType, piece).status, 400);
  EXPECT_EQ(Patch(path, 0, piece, "Upload-Checksum: md5 YQ==\r\n").status, 400);
  EXPECT_EQ(Patch(path, 0, piece, "Content-Encoding: gzip\r\n").status, 415);
  EXPECT_EQ(Patch(path, 0, std::string((1 << 20) + 1, 'x')).status, 413);
  EXPECT_EQ(Patch(path, 0, photo_ + "more").status, 400);
  EXPECT_EQ(Send("HEAD", "/files/no-id").status, 404);
  EXPECT_EQ(Send("HEAD", "/files/" + Uuid::Make(absl::Now()).ToString()).status, 404);
  EXPECT_EQ(OffsetOf(path), 0u);
  const HttpAnswer refused = Send("PATCH", path, "Upload-Offset: 0\r\n", piece);
  EXPECT_EQ(ReasonIn(refused), "MALFORMED_REQUEST");
  EXPECT_EQ(refused.headers.at("tus-resumable"), "1.0.0");
  EXPECT_EQ(refused.headers.at("x-content-type-options"), "nosniff");
  EXPECT_FALSE(refused.headers.at("gridwarden-trace").empty());
}

TEST_F(FilesTest, BelongToTheirAccountWhichIsSignedIn) {
  const std::string path = Create(photo_).headers.at("location");
  EXPECT_EQ(Fetch(http_->port(), "HEAD", path, kTus + neighbour_).status, 404);
  EXPECT_EQ(Fetch(http_->port(), "HEAD", path, kTus).status, 401);
  EXPECT_EQ(Fetch(http_->port(), "PATCH", path, absl::StrCat(kTus, kPieceType, "Upload-Offset: 0\r\n"),
                  photo_.substr(0, kPiece))
                .status,
            401);
  EXPECT_EQ(Create(photo_, absl::StrCat(",division ", Base64(ResourceName("divisions", City().counties[1]))))
                .status,
            403);
  server_.clock().Advance(absl::Hours(8 * 24));
  EXPECT_EQ(Send("HEAD", path).status, 410);
  EXPECT_EQ(Patch(path, 0, photo_.substr(0, kPiece)).status, 410);
  EXPECT_EQ(Create(photo_).status, 201);
}

TEST_F(FilesTest, AreWhatTheBytesAreAndNotWhatIsSaid) {
  const std::string film = "ftypmp42" + std::string(9'000, 'f');
  const std::string path = Create(film).headers.at("location");
  EXPECT_EQ(Patch(path, 0, film.substr(0, kPiece)).status, 204);
  const HttpAnswer last = Patch(path, kPiece, film.substr(kPiece));
  EXPECT_EQ(last.status, 415);
  EXPECT_EQ(ReasonIn(last), "MEDIA_TYPE_REFUSED");
  EXPECT_EQ(Send("HEAD", path).status, 415);
}

TEST_F(FilesTest, ComeByPostWherePatchIsNotLetThrough) {
  const std::string path = Create(photo_).headers.at("location");
  const HttpAnswer answer = Send(
      "POST", path, absl::StrCat("X-HTTP-Method-Override: PATCH\r\n", kPieceType, "Upload-Offset: 0\r\n"),
      photo_.substr(0, kPiece));
  EXPECT_EQ(answer.status, 204) << answer.body;
  EXPECT_EQ(answer.headers.at("upload-offset"), absl::StrCat(kPiece));
}

TEST_F(FilesTest, AreShownAsPhotosWithoutMetadataToThoseWhoMaySeeThem) {
  const std::string photo = RealPhoto();
  SendRest(Create(photo).headers.at("location"), photo);
  const std::string path = "/photos/" + Hex(photo);
  for (const std::string& at : {path, path + "/thumbnail"}) {
    const HttpAnswer shown = Send("GET", at);
    ASSERT_EQ(shown.status, 200) << shown.body;
    EXPECT_TRUE(absl::StartsWith(shown.body, "\xff\xd8\xff"));
    EXPECT_EQ(shown.headers.at("content-type"), "image/jpeg");
    EXPECT_EQ(shown.headers.at("cache-control"), "private, no-cache");
    EXPECT_EQ(shown.headers.at("vary"), "Authorization");
    EXPECT_EQ(shown.headers.at("content-security-policy"),
              "default-src 'none'; sandbox; frame-ancestors 'none'");
    EXPECT_EQ(shown.headers.at("x-content-type-options"), "nosniff");
    const std::string known = absl::StrCat("If-None-Match: ", shown.headers.at("etag"), "\r\n");
    EXPECT_EQ(Send("GET", at, known).status, 304);
    const HttpAnswer head = Send("HEAD", at);
    EXPECT_EQ(head.headers.at("content-length"), absl::StrCat(shown.body.size()));
    EXPECT_EQ(Fetch(http_->port(), "GET", at, neighbour_ + known).status, 404)
        << "he may not, whatever he has";
    EXPECT_EQ(Fetch(http_->port(), "GET", at).status, 401);
    EXPECT_EQ(Send("POST", at).status, 405);
  }
  EXPECT_LT(Send("GET", path + "/thumbnail").body.size(), Send("GET", path).body.size());
  EXPECT_NE(Send("GET", path).headers.at("etag"), Send("GET", path + "/thumbnail").headers.at("etag"));
  for (const std::string& at : {"/photos/" + Hex("other"), std::string("/photos/"), path + "/original",
                                path + "/", "/photos/" + std::string(64, 'g')}) {
    EXPECT_EQ(Send("GET", at).status, 404) << at;
  }
}

TEST_F(FilesTest, WithoutAThumbnailSaySo) {
  SendRest(Create(photo_).headers.at("location"), photo_);  // whole by structure, but no decoder reads it
  const HttpAnswer answer = Send("GET", absl::StrCat("/photos/", Hex(photo_), "/thumbnail"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(ReasonIn(answer), "MEDIA_HAS_NO_THUMBNAIL");
}

}  // namespace
}  // namespace gridwarden::gateway
