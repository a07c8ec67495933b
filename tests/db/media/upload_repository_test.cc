// The SQL of uploads in pieces on the real MariaDB.
#include "media/upload_repository.h"

#include <gtest/gtest.h>

#include "base/status.h"
#include "platform/crypto/digest.h"
#include "support/shared_database.h"
#include "support/statement_plan.h"

namespace gridwarden::media {
namespace {

using testing::SharedDatabase;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class UploadRepository : public ::testing::Test {
 protected:
  UploadRepository() { SharedDatabase().Clear(); }

  static absl::Status Run(const std::function<absl::Status(db::Transaction&)>& body) {
    return SharedDatabase()->Run(body);
  }
  UploadRow NewUpload(const std::string& content, absl::Time due = kNow) const {
    return {.id = Uuid::Make(kNow),
            .account = account,
            .sha256 = crypto::Sha256(content),
            .size = static_cast<int64_t>(content.size()),
            .division = Uuid::Derive(account, "division"),
            .subject = "cases/x",
            .expires = kNow + absl::Hours(1),
            .due = due};
  }
  static void Insert(const UploadRow& upload) {
    ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertUpload(tx, upload); }).ok());
  }

  const Uuid account = Uuid::Make(kNow);
};

TEST_F(UploadRepository, ReadsBackWhatItWroteAndSavesWhatChanges) {
  const UploadRow wrote = NewUpload("a photo");
  Insert(wrote);
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(std::optional<UploadRow> upload, LockUpload(tx, wrote.id));
                if (!upload) return Internal("not there");
                EXPECT_EQ(upload->account, wrote.account);
                EXPECT_EQ(upload->sha256, wrote.sha256);
                EXPECT_EQ(upload->size, 7);
                EXPECT_EQ(upload->division, wrote.division);
                EXPECT_EQ(upload->state, UploadState::kOpen);
                EXPECT_EQ(upload->expires, wrote.expires);
                upload->held = 3;
                upload->attempt = 2;
                upload->state = UploadState::kComplete;
                upload->due = kNow + absl::Hours(2);
                return SaveUpload(tx, *upload);
              }).ok());
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const std::optional<UploadRow> upload, LockUploadOf(tx, wrote));
                EXPECT_EQ(upload->id, wrote.id);
                EXPECT_EQ(upload->held, 3);
                EXPECT_EQ(upload->attempt, 2);
                EXPECT_EQ(upload->state, UploadState::kComplete);
                EXPECT_EQ(upload->due, kNow + absl::Hours(2));
                return DeleteUpload(tx, wrote.id);
              }).ok());
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM media_upload"), "0");
}

TEST_F(UploadRepository, TheSameUploadTwiceIsToldApartFromAFault) {
  Insert(NewUpload("a photo"));
  EXPECT_TRUE(
      absl::IsAborted(Run([&](db::Transaction& tx) { return InsertUpload(tx, NewUpload("a photo")); })));
  UploadRow elsewhere = NewUpload("a photo");
  elsewhere.division = Uuid::Derive(account, "another");
  Insert(elsewhere);
}

TEST_F(UploadRepository, CountsOnlyWhatIsOpenAndAliveOfOneAccount) {
  Insert(NewUpload("1234"));
  Insert(NewUpload("123456"));
  UploadRow done = NewUpload("12345678");
  done.state = UploadState::kComplete;
  Insert(done);
  UploadRow old = NewUpload("1");
  old.expires = kNow;
  Insert(old);
  UploadRow other = NewUpload("12");
  other.account = Uuid::Derive(account, "other");
  Insert(other);
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const UnderWay under_way, CountUnderWay(tx, account, kNow));
                EXPECT_EQ(under_way.count, 2);
                EXPECT_EQ(under_way.bytes, 10);
                GW_ASSIGN_OR_RETURN(const UnderWay none, CountUnderWay(tx, Uuid::Make(kNow), kNow));
                EXPECT_EQ(none.bytes, 0);
                return absl::OkStatus();
              }).ok());
}

TEST_F(UploadRepository, ListsWhatIsDueTheOldestFirst) {
  const UploadRow later = NewUpload("b", kNow - absl::Hours(1)),
                  first = NewUpload("a", kNow - absl::Hours(2));
  Insert(later);
  Insert(first);
  Insert(NewUpload("c", kNow + absl::Seconds(1)));
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const std::vector<Uuid> due, ListDueUploads(tx, kNow, 10));
                EXPECT_EQ(due, (std::vector<Uuid>{first.id, later.id}));
                GW_ASSIGN_OR_RETURN(const std::vector<Uuid> one, ListDueUploads(tx, kNow, 1));
                EXPECT_EQ(one.size(), 1u);
                return absl::OkStatus();
              }).ok());
}

TEST_F(UploadRepository, KeepsPiecesOfEachAttemptInTheOrderOfTheirBytes) {
  const Uuid upload = Uuid::Make(kNow);
  const auto piece = [&](int64_t attempt, int64_t start) {
    return PieceRow{.upload = upload,
                    .attempt = attempt,
                    .start = start,
                    .sha256 = crypto::Sha256(std::to_string(start)),
                    .size = 10};
  };
  ASSERT_TRUE(
      Run([&](db::Transaction& tx) -> absl::Status {
        for (const PieceRow& row : {piece(0, 20), piece(0, 0), piece(1, 0), piece(0, 10), piece(0, 10)})
          GW_RETURN_IF_ERROR(InsertPiece(tx, row));
        GW_RETURN_IF_ERROR(HoldPiece(tx, piece(0, 10)));
        GW_RETURN_IF_ERROR(InsertPiece(tx, piece(0, 10)));  // held stays held
        GW_RETURN_IF_ERROR(DeletePiece(tx, piece(0, 20)));
        GW_ASSIGN_OR_RETURN(const std::vector<PieceRow> pieces, ListPieces(tx, upload));
        if (pieces.size() != 3) return Internal("want three");
        EXPECT_EQ(pieces[0].start, 0);
        EXPECT_FALSE(pieces[0].held);
        EXPECT_EQ(pieces[1].start, 10);
        EXPECT_TRUE(pieces[1].held);
        EXPECT_EQ(pieces[2].attempt, 1);
        return absl::OkStatus();
      }).ok());
}

TEST_F(UploadRepository, NoStatementReadsAWholeTable) {
  for (int i = 0; i < 300; ++i) {
    UploadRow upload = NewUpload(std::to_string(i), kNow + absl::Hours(i));
    upload.account = i < 3 ? account : Uuid::Derive(account, std::to_string(i));
    Insert(upload);
  }
  SharedDatabase().Ask("ANALYZE TABLE media_upload, media_piece");
  const UploadRow upload = NewUpload("7");
  for (const testing::PlanPart& part : testing::PlansOf(*SharedDatabase(), [&](db::Transaction& tx) {
         (void)FindUpload(tx, upload.id);
         (void)LockUploadOf(tx, upload);
         (void)ListDueUploads(tx, kNow, 10);
         (void)CountUnderWay(tx, account, kNow);
         (void)ListPieces(tx, upload.id);
         return absl::OkStatus();
       })) {
    EXPECT_NE(part.type, "ALL") << part.sql;
    EXPECT_NE(part.type, "index") << part.sql;
  }
}

}  // namespace
}  // namespace gridwarden::media
