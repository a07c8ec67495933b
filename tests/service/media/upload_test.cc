#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "gtest/gtest.h"
#include "media/file_store.h"
#include "media/media_service.h"
#include "media/upload_sweeper.h"
#include "platform/crypto/digest.h"
#include "platform/runtime/instruments.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_photo.h"
#include "support/test_server.h"

namespace gridwarden::media {
namespace {

namespace fs = std::filesystem;
using domain::PostKind;
using gridwarden::testing::City;
using gridwarden::testing::Jpeg;
using gridwarden::testing::SharedDatabase;

constexpr char kCreate[] = "gridwarden.media.v1.UploadService/CreateUpload";
constexpr char kGet[] = "gridwarden.media.v1.UploadService/GetUpload";
constexpr char kAppend[] = "gridwarden.media.v1.UploadService/AppendUpload";
constexpr char kUploadMedia[] = "gridwarden.media.v1.MediaService/UploadMedia";
constexpr char kGetOriginal[] = "gridwarden.media.v1.MediaService/GetMediaOriginal";
constexpr size_t kPiece = 8192;

std::string Hex(const std::string& content) { return absl::BytesToHexString(crypto::Sha256(content)); }

// A store that is away now and then.
class WaywardStore final : public ObjectStore {
 public:
  explicit WaywardStore(const std::string& folder) : store_(folder) {}
  std::atomic<int> fails = 0;  // so many of the next calls that write
  std::atomic<bool> cannot_read = false;

  absl::Status Put(const std::string& hex, std::string_view content, absl::Time deadline) override {
    return Away() ? StoreUnavailable("away") : store_.Put(hex, content, deadline);
  }
  absl::StatusOr<std::string> Get(const std::string& hex, absl::Time deadline) override {
    return store_.Get(hex, deadline);
  }
  absl::StatusOr<std::vector<bool>> Has(const std::vector<ObjectSize>& objects,
                                        absl::Time deadline) override {
    return store_.Has(objects, deadline);
  }
  absl::Status PutNamed(const std::string& name, std::string_view content, absl::Time deadline) override {
    return Away() ? StoreUnavailable("away") : store_.PutNamed(name, content, deadline);
  }
  absl::StatusOr<std::string> GetNamed(const std::string& name, absl::Time deadline) override {
    if (cannot_read) return StoreUnavailable("away");
    return store_.GetNamed(name, deadline);
  }
  absl::Status RemoveNamed(const std::string& name, absl::Time deadline) override {
    return Away() ? StoreUnavailable("away") : store_.RemoveNamed(name, deadline);
  }
  absl::Status Check(absl::Time deadline) override { return store_.Check(deadline); }
  std::string Name() const override { return store_.Name(); }

 private:
  bool Away() { return fails.load() > 0 && fails-- > 0; }
  FileStore store_;
};

class UploadTest : public ::testing::Test {
 protected:
  UploadTest()
      : data_dir_(absl::StrCat(::testing::TempDir(), "upload_", getpid())),
        store_(std::make_shared<WaywardStore>(data_dir_)),
        server_(*SharedDatabase(), City().MakeDirectory(), nullptr, data_dir_) {
    SharedDatabase().Clear();
    server_.KeepPhotosIn(store_);
    server_.Install(Install);
  }
  ~UploadTest() override { fs::remove_all(data_dir_); }

  absl::StatusOr<v1::Upload> Create(const std::string& token, const std::string& content,
                                    const Uuid& division = {}) {
    v1::CreateUploadRequest request;
    request.set_sha256(Hex(content));
    request.set_size(static_cast<int64_t>(content.size()));
    request.set_division(ResourceName("divisions", division));
    return server_.Call<v1::Upload>(token, kCreate, request);
  }
  absl::StatusOr<v1::Upload> Look(const std::string& token, const std::string& name) {
    v1::GetUploadRequest request;
    request.set_name(name);
    return server_.Call<v1::Upload>(token, kGet, request);
  }
  absl::StatusOr<v1::Upload> Append(const std::string& token, const std::string& name, int64_t offset,
                                    const std::string& bytes, const std::string& sha256 = "") {
    v1::AppendUploadRequest request;
    request.set_name(name);
    request.set_offset(offset);
    request.set_content(bytes);
    request.set_sha256(sha256);
    return server_.Call<v1::Upload>(token, kAppend, request);
  }
  // Sends what is missing; answers the last answer.
  absl::StatusOr<v1::Upload> SendRest(const std::string& token, v1::Upload upload,
                                      const std::string& content) {
    while (upload.offset() < upload.size()) {
      const auto next = Append(token, upload.name(), upload.offset(),
                               content.substr(static_cast<size_t>(upload.offset()), kPiece));
      if (!next.ok()) return next;
      upload = *next;
    }
    return upload;
  }
  bool IsKept(const std::string& content) {
    v1::GetMediaOriginalRequest request;
    request.set_name("media/" + Hex(content));
    const auto original = server_.Call<v1::MediaContent>(discipline_, kGetOriginal, request);
    return original.ok() && original->content() == content;
  }
  absl::Status Sweep() { return UploadSweeper(*SharedDatabase(), server_.clock(), store_).Sweep(); }
  // Objects that stand for pieces.
  int PiecesOnDisk() const {
    int count = 0;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(data_dir_ + "/uploads", error))
      count += entry.is_regular_file();
    return count;
  }
  std::string Count(const char* table) {
    return SharedDatabase().Ask(absl::StrCat("SELECT COUNT(*) FROM ", table));
  }

  const std::string data_dir_;
  const std::shared_ptr<WaywardStore> store_;
  gridwarden::testing::TestServer server_;
  const std::string photo_ = Jpeg(400, 300, 6, std::string(40'000, 's'));
  const std::string officer_ = City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][0]);
  const std::string neighbour_ = City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][1]);
  const std::string discipline_ = City().TokenOf(PostKind::kDiscipline, City().city);
};

TEST_F(UploadTest, BringsAPhotoInPiecesAndIsCompleteOnlyWhenTheWholeWasVerified) {
  const auto begun = Create(officer_, photo_);
  ASSERT_TRUE(begun.ok()) << begun.status();
  EXPECT_EQ(begun->offset(), 0);
  EXPECT_FALSE(begun->complete());
  EXPECT_EQ(begun->sha256(), Hex(photo_));
  const auto first =
      Append(officer_, begun->name(), 0, photo_.substr(0, kPiece), Hex(photo_.substr(0, kPiece)));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->offset(), static_cast<int64_t>(kPiece));
  EXPECT_FALSE(first->complete());
  EXPECT_FALSE(IsKept(photo_));
  const auto last = SendRest(officer_, *first, photo_);
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_TRUE(last->complete());
  EXPECT_EQ(last->offset(), static_cast<int64_t>(photo_.size()));
  EXPECT_TRUE(IsKept(photo_));
  EXPECT_TRUE(Look(officer_, begun->name())->complete());
  EXPECT_EQ(PiecesOnDisk(), 0);
  EXPECT_EQ(Count("media_piece"), "0");
  EXPECT_EQ(Count("journal_stage"), "1");
}

TEST_F(UploadTest, BegunAgainIsTheOneUnderWayAndGoesOnWhereItStands) {
  const auto begun = Create(officer_, photo_);
  ASSERT_TRUE(Append(officer_, begun->name(), 0, photo_.substr(0, kPiece)).ok());
  const auto again = Create(officer_, photo_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->name(), begun->name());
  EXPECT_EQ(again->offset(), static_cast<int64_t>(kPiece));
  EXPECT_NE(Create(officer_, photo_, City().villages[0][1][0])->name(), begun->name()) << "for other ground";
  EXPECT_NE(Create(neighbour_, photo_)->name(), begun->name()) << "by another account";
}

TEST_F(UploadTest, OfWhatThisAccountHasBroughtThereBeforeIsCompleteAtOnceAndForOthersItIsNot) {
  v1::UploadMediaRequest whole;
  whole.set_content(photo_);
  whole.set_sha256(Hex(photo_));
  ASSERT_TRUE(server_.Call<v1::Media>(officer_, kUploadMedia, whole).ok());
  EXPECT_TRUE(Create(officer_, photo_)->complete());
  EXPECT_FALSE(Create(neighbour_, photo_)->complete()) << "nobody learns what others have";
  EXPECT_FALSE(Create(officer_, photo_, City().villages[0][1][0])->complete());
  const std::string hex = Hex(photo_);
  fs::remove(absl::StrCat(data_dir_, "/media/", hex.substr(0, 2), "/", hex.substr(2, 2), "/", hex));
  const auto healed = Create(officer_, photo_);
  EXPECT_FALSE(healed->complete()) << "the store lost it";
  EXPECT_TRUE(SendRest(officer_, *healed, photo_)->complete());
  EXPECT_TRUE(IsKept(photo_));
}

TEST_F(UploadTest, TakesAPieceOnlyWhereItStands) {
  const auto begun = Create(officer_, photo_);
  const auto wrong = [&](int64_t offset, const std::string& bytes) {
    const absl::Status status = Append(officer_, begun->name(), offset, bytes).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_EQ(ReasonOf(status), "UPLOAD_OFFSET_WRONG");
    return FactsOf(status)->metadata.at("offset");
  };
  EXPECT_EQ(wrong(1, photo_.substr(1, kPiece)), "0");
  ASSERT_TRUE(Append(officer_, begun->name(), 0, photo_.substr(0, kPiece)).ok());
  EXPECT_EQ(wrong(0, photo_.substr(0, kPiece)), absl::StrCat(kPiece)) << "the answer was lost, sent again";
  const auto done = SendRest(officer_, *Look(officer_, begun->name()), photo_);
  ASSERT_TRUE(done->complete());
  EXPECT_EQ(wrong(0, photo_.substr(0, kPiece)), absl::StrCat(photo_.size()));
  EXPECT_TRUE(IsKept(photo_));
}

TEST_F(UploadTest, RefusesAPieceWithAnotherDigestAndKeepsNothingOfIt) {
  const auto begun = Create(officer_, photo_);
  const absl::Status status =
      Append(officer_, begun->name(), 0, photo_.substr(0, kPiece), Hex("other")).status();
  EXPECT_EQ(ReasonOf(status), "MEDIA_DIGEST_MISMATCH");
  EXPECT_EQ(FactsOf(status)->metadata.at("offset"), "0");
  EXPECT_EQ(Look(officer_, begun->name())->offset(), 0);
  EXPECT_EQ(PiecesOnDisk(), 0);
}

TEST_F(UploadTest, OfAnotherWholeThanPromisedBeginsAgainAtZero) {
  const auto begun = Create(officer_, photo_);
  std::string other = photo_;
  other[20'000] = 'X';
  EXPECT_EQ(ReasonOf(SendRest(officer_, *begun, other).status()), "MEDIA_DIGEST_MISMATCH");
  EXPECT_EQ(Look(officer_, begun->name())->offset(), 0);
  EXPECT_FALSE(IsKept(photo_));
  EXPECT_EQ(Count("media"), "0");
  EXPECT_EQ(PiecesOnDisk(), 0);
  EXPECT_EQ(SharedDatabase().Ask("SELECT attempt FROM media_upload"), "1");
  const auto done = SendRest(officer_, *Look(officer_, begun->name()), photo_);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(done->complete());
  EXPECT_TRUE(IsKept(photo_));
}

TEST_F(UploadTest, OfWhatIsNoPhotoEndsAndSaysSoEveryTime) {
  const std::string film = "ftypmp42" + std::string(20'000, 'f');
  const auto begun = Create(officer_, film);
  EXPECT_EQ(ReasonOf(SendRest(officer_, *begun, film).status()), "MEDIA_TYPE_REFUSED");
  EXPECT_EQ(ReasonOf(Look(officer_, begun->name()).status()), "MEDIA_TYPE_REFUSED");
  EXPECT_EQ(ReasonOf(Create(officer_, film).status()), "MEDIA_TYPE_REFUSED");
  EXPECT_EQ(ReasonOf(Append(officer_, begun->name(), 0, film.substr(0, kPiece)).status()),
            "MEDIA_TYPE_REFUSED");
  EXPECT_EQ(PiecesOnDisk(), 0);
}

TEST_F(UploadTest, VerifiesInGetWhatArrivedWholeButWasNeverVerified) {
  const auto begun = Create(officer_, photo_);
  store_->cannot_read = true;  // as a crash behind the last piece leaves it
  EXPECT_EQ(ReasonOf(SendRest(officer_, *begun, photo_).status()), "MEDIA_STORE_UNAVAILABLE");
  EXPECT_EQ(ReasonOf(Look(officer_, begun->name()).status()), "MEDIA_STORE_UNAVAILABLE");
  const auto stands = Create(officer_, photo_);
  EXPECT_EQ(stands->offset(), stands->size());
  EXPECT_FALSE(stands->complete()) << "all bytes are there, and nobody looked at them";
  store_->cannot_read = false;
  const auto found = Look(officer_, begun->name());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(found->complete());
  EXPECT_TRUE(IsKept(photo_));
}

TEST_F(UploadTest, WhosePiecesTheStoreLostBeginsAgain) {
  const auto begun = Create(officer_, photo_);
  store_->cannot_read = true;
  EXPECT_FALSE(SendRest(officer_, *begun, photo_).ok());
  store_->cannot_read = false;
  fs::remove_all(data_dir_ + "/uploads");
  const auto found = Look(officer_, begun->name());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->offset(), 0);
  EXPECT_FALSE(found->complete());
  EXPECT_TRUE(SendRest(officer_, *found, photo_)->complete());
  EXPECT_TRUE(IsKept(photo_));
}

TEST_F(UploadTest, WaitsWhileTheStoreIsAwayAndLosesNothing) {
  const auto begun = Create(officer_, photo_);
  for (size_t at = 0; at < photo_.size(); at += kPiece) {
    store_->fails = 1;
    const std::string piece = photo_.substr(at, kPiece);
    EXPECT_EQ(ReasonOf(Append(officer_, begun->name(), at, piece).status()), "MEDIA_STORE_UNAVAILABLE");
    EXPECT_EQ(Look(officer_, begun->name())->offset(), static_cast<int64_t>(at));
    EXPECT_TRUE(Append(officer_, begun->name(), at, piece).ok());
  }
  EXPECT_TRUE(Look(officer_, begun->name())->complete());
  EXPECT_TRUE(IsKept(photo_));
}

TEST_F(UploadTest, BelongsToItsAccountAndToNobodyElse) {
  const auto begun = Create(officer_, photo_);
  EXPECT_EQ(ReasonOf(Look(neighbour_, begun->name()).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Append(neighbour_, begun->name(), 0, photo_.substr(0, kPiece)).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Look(officer_, "uploads/" + Uuid::Make(absl::Now()).ToString()).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Look(officer_, "media/1").status()), "INVALID_FIELD");
  for (const std::string& token : {std::string(), City().AdministratorToken()}) {
    // Who holds no post and held none begins nothing, and what others began does not exist for him.
    EXPECT_EQ(ReasonOf(Create(token, photo_).status()), token.empty() ? "NOT_SIGNED_IN" : "NOT_ALLOWED");
    const std::string want = token.empty() ? "NOT_SIGNED_IN" : "NOT_FOUND";
    EXPECT_EQ(ReasonOf(Look(token, begun->name()).status()), want);
    EXPECT_EQ(ReasonOf(Append(token, begun->name(), 0, "x").status()), want);
  }
}

TEST_F(UploadTest, IsRefusedWithTheReason) {
  EXPECT_EQ(ReasonOf(Create(officer_, photo_, City().villages[1][0][0]).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(server_.Call<v1::Upload>(officer_, kCreate, v1::CreateUploadRequest()).status()),
            "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(server_.Call<v1::Upload>(officer_, kAppend, v1::AppendUploadRequest()).status()),
            "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(server_.Call<v1::Upload>(officer_, kGet, v1::GetUploadRequest()).status()),
            "REQUIRED_FIELD_MISSING");
  v1::CreateUploadRequest request;
  request.set_sha256(Hex(photo_));
  EXPECT_EQ(ReasonOf(server_.Call<v1::Upload>(officer_, kCreate, request).status()), "INVALID_FIELD");
  request.set_size((12 << 20) + 1);
  EXPECT_EQ(ReasonOf(server_.Call<v1::Upload>(officer_, kCreate, request).status()), "MEDIA_TOO_LARGE");
  request.set_size(10);
  request.set_subject("persons/1");
  EXPECT_EQ(ReasonOf(server_.Call<v1::Upload>(officer_, kCreate, request).status()), "INVALID_FIELD");

  const auto begun = Create(officer_, photo_);
  EXPECT_EQ(ReasonOf(Append(officer_, begun->name(), 0, photo_ + "more").status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Append(officer_, begun->name(), 0, "tiny").status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Append(officer_, begun->name(), 0, photo_.substr(0, kPiece), "zz").status()),
            "INVALID_FIELD");
  EXPECT_EQ(Look(officer_, begun->name())->offset(), 0);
}

TEST_F(UploadTest, UnderWayAreLimitedPerAccount) {
  const auto of = [](int n) { return absl::StrCat("photo ", n); };
  for (int n = 0; n < 200; ++n) ASSERT_TRUE(Create(officer_, of(n)).ok()) << n;
  const absl::Status full = Create(officer_, of(200)).status();
  EXPECT_EQ(ReasonOf(full), "UPLOAD_LIMIT");
  EXPECT_TRUE(FactsOf(full)->retry_after.has_value());
  EXPECT_TRUE(Create(officer_, of(7)).ok()) << "what is under way goes on";
  EXPECT_TRUE(Create(neighbour_, of(200)).ok());
}

TEST_F(UploadTest, ExpiresAWeekAfterTheLastPieceAndLeavesNothing) {
  const auto begun = Create(officer_, photo_);
  server_.clock().Advance(absl::Hours(6 * 24));
  ASSERT_TRUE(Append(officer_, begun->name(), 0, photo_.substr(0, kPiece)).ok());
  server_.clock().Advance(absl::Hours(6 * 24));
  EXPECT_EQ(Look(officer_, begun->name())->offset(), static_cast<int64_t>(kPiece));
  ASSERT_TRUE(Sweep().ok());
  EXPECT_EQ(PiecesOnDisk(), 1);
  server_.clock().Advance(absl::Hours(25));
  EXPECT_EQ(ReasonOf(Look(officer_, begun->name()).status()), "UPLOAD_EXPIRED");
  EXPECT_EQ(ReasonOf(Append(officer_, begun->name(), kPiece, photo_.substr(kPiece, kPiece)).status()),
            "UPLOAD_EXPIRED");
  const auto again = Create(officer_, photo_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->offset(), 0);
  server_.clock().Advance(absl::Hours(2));
  ASSERT_TRUE(Sweep().ok());
  EXPECT_EQ(PiecesOnDisk(), 0) << "of the attempt that expired";
  EXPECT_TRUE(SendRest(officer_, *again, photo_)->complete());
  server_.clock().Advance(absl::Hours(8 * 24));
  ASSERT_TRUE(Sweep().ok());
  EXPECT_EQ(Count("media_upload"), "0");
  EXPECT_TRUE(IsKept(photo_));
}

TEST_F(UploadTest, ShowsOperatorsHowUploadsEnd) {
  const auto ended = [](const char* outcome) {
    return Counter("gridwarden_uploads_total", "", {{"outcome", outcome}}).value();
  };
  const double verified = ended("verified"), mismatch = ended("mismatch"), refused = ended("refused"),
               expired = ended("expired");
  std::string other = photo_;
  other[20'000] = 'X';
  const auto begun = Create(officer_, photo_);
  EXPECT_FALSE(SendRest(officer_, *begun, other).ok());
  EXPECT_EQ(ended("mismatch"), mismatch + 1);
  EXPECT_EQ(ended("verified"), verified);
  ASSERT_TRUE(SendRest(officer_, *Look(officer_, begun->name()), photo_).ok());
  EXPECT_EQ(ended("verified"), verified + 1);
  const std::string film = "ftypmp42" + std::string(20'000, 'f');
  EXPECT_FALSE(SendRest(officer_, *Create(officer_, film), film).ok());
  EXPECT_EQ(ended("refused"), refused + 1);
  ASSERT_TRUE(Create(neighbour_, photo_).ok());
  ASSERT_TRUE(Sweep().ok());
  EXPECT_EQ(Gauge("gridwarden_uploads_open", "").value(), 1);
  server_.clock().Advance(absl::Hours(8 * 24));
  ASSERT_TRUE(Sweep().ok());
  EXPECT_EQ(ended("expired"), expired + 1) << "what ended before is none";
  ASSERT_TRUE(Sweep().ok());
  EXPECT_EQ(Gauge("gridwarden_uploads_open", "").value(), 0);
  EXPECT_EQ(ended("expired"), expired + 1);
}

TEST_F(UploadTest, WhatACrashLeftOfPiecesIsSwept) {
  const auto begun = Create(officer_, photo_);
  store_->fails = 1;  // the row stands, the bytes never came
  EXPECT_FALSE(Append(officer_, begun->name(), 0, photo_.substr(0, kPiece)).ok());
  const auto done = SendRest(officer_, *begun, photo_);
  ASSERT_TRUE(done->complete());
  store_->fails = 0;
  EXPECT_EQ(Count("media_piece"), "0");
  const auto second = Create(officer_, photo_ + "x");
  store_->fails = 1;
  EXPECT_FALSE(Append(officer_, second->name(), 0, std::string(kPiece, 'a')).ok());
  ASSERT_TRUE(Append(officer_, second->name(), 0, std::string(kPiece, 'b')).ok());
  EXPECT_EQ(Count("media_piece"), "2");
  server_.clock().Advance(absl::Hours(8 * 24));
  store_->fails = 1;
  EXPECT_FALSE(Sweep().ok()) << "the store is away: nothing is forgotten";
  EXPECT_NE(Count("media_piece"), "0");
  ASSERT_TRUE(Sweep().ok());
  EXPECT_EQ(Count("media_piece"), "0");
  EXPECT_EQ(Count("media_upload"), "0");
  EXPECT_EQ(PiecesOnDisk(), 0);
}

TEST_F(UploadTest, SentByTwoTabsAtOnceIsOne) {
  const auto begun = Create(officer_, photo_);
  std::vector<std::thread> tabs;
  for (int tab = 0; tab < 3; ++tab) {
    tabs.emplace_back([&] {
      while (true) {
        const auto upload = Create(officer_, photo_);
        ASSERT_TRUE(upload.ok()) << upload.status();
        if (upload->complete()) return;
        if (upload->offset() == upload->size()) {
          (void)Look(officer_, upload->name());
          continue;
        }
        (void)Append(officer_, upload->name(), upload->offset(), photo_.substr(upload->offset(), kPiece));
      }
    });
  }
  for (std::thread& tab : tabs) tab.join();
  EXPECT_TRUE(Look(officer_, begun->name())->complete());
  EXPECT_TRUE(IsKept(photo_));
  EXPECT_EQ(Count("media"), "1");
  EXPECT_EQ(Count("journal_stage"), "1");
  EXPECT_EQ(SharedDatabase().Ask("SELECT attempt FROM media_upload"), "0") << "it never had to begin again";
}

}  // namespace
}  // namespace gridwarden::media
