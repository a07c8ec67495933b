// The SQL of phones and their operations on the real MariaDB: keys serve every statement, and what a push
// costs does not grow with the log.
#include "sync/operation_repository.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "platform/crypto/digest.h"
#include "support/shared_database.h"
#include "support/statement_plan.h"
#include "sync/device_repository.h"
#include "sync/observation_repository.h"

namespace gridwarden::sync {
namespace {

using testing::SharedDatabase;

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);

Uuid Id(std::string_view name) {
  return Uuid::Derive(*Uuid::Parse("016f5e66-e800-7000-8000-00000000c171"), name);
}

OperationRow Operation(const Uuid& device, int64_t seq) {
  const Uuid id = Uuid::Derive(device, absl::StrCat("op", seq));
  return {.op_id = id,
          .device = device,
          .account = Id("account"),
          .person = Id("person"),
          .seq = seq,
          .hash = crypto::Sha256(id.Bytes()),
          .rpc = "gridwarden.patrol.v1.PatrolService/SubmitVisit",
          .subject = ResourceName("patrolTasks", Uuid::Derive(device, absl::StrCat("task", seq % 50))),
          .body = "{}",
          .signature = std::string(64, 's'),
          .anchor = kNow,
          .time = {.earliest = kNow, .latest = kNow, .estimate = kNow, .grade = domain::TimeGrade::kC},
          .received = kNow + absl::Seconds(seq)};
}

class OperationRepository : public ::testing::Test {
 protected:
  OperationRepository() { SharedDatabase().Clear(); }
  static absl::Status Run(const std::function<absl::Status(db::Transaction&)>& body) {
    return SharedDatabase()->Run(body);
  }
  static DeviceRow Device(const Uuid& id) {
    return {.id = id,
            .account = Uuid::Derive(id, "account"),
            .person = Id("person"),
            .public_key = std::string(65, '\x04'),
            .created = kNow,
            .subject = {.id = id, .seq = 1, .leaf = std::string(32, 'l')}};
  }
};

TEST_F(OperationRepository, SettlesOnceAndReadsBackWhatWasKept) {
  OperationRow row = Operation(Id("device"), 1);
  row.prev_hash = std::string(32, 'p');
  row.fix = domain::Fix{114.02, 32.98, kNow};
  row.time.flags = domain::Bit(domain::OperationFlag::kNoToken);
  row.post = Id("post");
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertOperation(tx, row); }).ok());
  row.verdict = v1::ASSERTED;
  row.reason = "NOT_YOUR_TASK";
  row.result.set_message_zh("任务已由他人办理");
  const auto settle = [&] {
    bool settled = false;
    EXPECT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                  GW_ASSIGN_OR_RETURN(settled, SettleOperation(tx, row, kNow));
                  return absl::OkStatus();
                }).ok());
    return settled;
  };
  EXPECT_TRUE(settle());
  EXPECT_FALSE(settle());
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const auto found, FindOperation(tx, row.op_id));
                EXPECT_TRUE(found.has_value());
                EXPECT_EQ(found->hash, row.hash);
                EXPECT_EQ(found->prev_hash, row.prev_hash);
                EXPECT_EQ(found->verdict, v1::ASSERTED);
                EXPECT_EQ(found->result.message_zh(), "任务已由他人办理");
                EXPECT_EQ(found->time.flags, row.time.flags);
                EXPECT_EQ(found->fix->longitude, 114.02);
                EXPECT_EQ(found->post, row.post);
                GW_ASSIGN_OR_RETURN(const bool worked, WorkedOn(tx, row.person, row.subject));
                EXPECT_TRUE(worked);
                return absl::OkStatus();
              }).ok());
}

TEST_F(OperationRepository, AGapThatIsFilledInPartKeepsWhenItWasNoticed) {
  const Uuid device = Id("device");
  const auto save = [&](const std::vector<domain::SeqGap>& before, const std::vector<domain::SeqGap>& after,
                        absl::Time now) {
    ASSERT_TRUE(Run([&](db::Transaction& tx) { return SaveGaps(tx, device, before, after, now); }).ok());
  };
  save({}, {{2, 9}}, kNow);
  save({{2, 9}}, {{2, 4}, {6, 9}, {20, 22}}, kNow + absl::Hours(1));
  EXPECT_EQ(
      SharedDatabase().Ask("SELECT GROUP_CONCAT(CONCAT(from_seq, '-', to_seq, '@', noticed_us) ORDER BY "
                           "from_seq) FROM device_gap"),
      absl::StrCat("2-4@", absl::ToUnixMicros(kNow), ",6-9@", absl::ToUnixMicros(kNow), ",20-22@",
                   absl::ToUnixMicros(kNow + absl::Hours(1))));
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const auto gaps, ReadGaps(tx, device));
                EXPECT_EQ(gaps, (std::vector<domain::SeqGap>{{2, 4}, {6, 9}, {20, 22}}));
                return absl::OkStatus();
              }).ok());
  save({{2, 4}, {6, 9}, {20, 22}}, {}, kNow);
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM device_gap"), "0");
}

TEST_F(OperationRepository, KeysServeEveryStatementOfAPush) {
  for (int device = 0; device < 20; ++device) {
    ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                  const Uuid id = Id(absl::StrCat("device", device));
                  GW_RETURN_IF_ERROR(InsertDevice(tx, Device(id)));
                  for (int64_t seq = 1; seq <= 100; ++seq) {
                    const OperationRow row = Operation(id, seq);
                    GW_RETURN_IF_ERROR(InsertOperation(tx, row));
                    GW_RETURN_IF_ERROR(InsertPhotos(tx, id, row.op_id, {row.hash}));
                  }
                  return SaveGaps(tx, id, {}, {{200, 201}}, kNow);
                }).ok());
  }
  // As many phones as a county has: a table of one page is read whole whatever its keys.
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                for (int device = 20; device < 800; ++device)
                  GW_RETURN_IF_ERROR(InsertDevice(tx, Device(Id(absl::StrCat("device", device)))));
                return absl::OkStatus();
              }).ok());
  SharedDatabase().Ask("ANALYZE TABLE device, operation, operation_photo, device_gap, observation");
  const Uuid device = Id("device3");
  const OperationRow row = Operation(device, 40);
  const auto plans = testing::PlansOf(*SharedDatabase(), [&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(LockDevice(tx, device).status());
    GW_RETURN_IF_ERROR(ReadGaps(tx, device).status());
    GW_RETURN_IF_ERROR(CountInUse(tx, Uuid::Derive(device, "account")).status());
    GW_RETURN_IF_ERROR(FindOperation(tx, row.op_id).status());
    GW_RETURN_IF_ERROR(ReadOperationsAt(tx, device, 39).status());
    GW_RETURN_IF_ERROR(
        ReadVerdicts(tx, row.account, std::vector<Uuid>{row.op_id, Operation(device, 41).op_id}).status());
    GW_RETURN_IF_ERROR(LastAccepted(tx, device, row.subject).status());
    GW_RETURN_IF_ERROR(WorkedOn(tx, row.person, row.subject).status());
    GW_RETURN_IF_ERROR(ListOfDevice(tx, device, {10, row.op_id}, 51).status());
    GW_RETURN_IF_ERROR(ListOfSubject(tx, row.subject, {}, 51).status());
    GW_RETURN_IF_ERROR(ReadUnverified(tx, device, 1000).status());
    GW_RETURN_IF_ERROR(SaveVerified(tx, device, {row.hash}, kNow));
    GW_RETURN_IF_ERROR(ReadVerified(tx, device, kNow - absl::Hours(1), 201).status());
    GW_RETURN_IF_ERROR(ListObservationsOf(tx, row.subject, Uuid(), {}, 51).status());
    GW_RETURN_IF_ERROR(NoteSync(tx, device, kNow));
    return NotePending(tx, device, 0, 0);
  });
  EXPECT_GE(plans.size(), 14u);
  for (const testing::PlanPart& part : plans) {
    EXPECT_NE(part.type, "ALL") << part.sql;
    EXPECT_NE(part.type, "index") << part.sql;
    EXPECT_FALSE(part.key.empty() && part.type != "") << part.sql;
  }
}

}  // namespace
}  // namespace gridwarden::sync
