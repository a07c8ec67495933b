#include "source/source_repository.h"

#include <functional>
#include <future>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "support/shared_database.h"
#include "support/test_city.h"

// The SQL of the ledger on the real MariaDB.
namespace gridwarden::source {
namespace {

using testing::City;
using testing::SharedDatabase;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class SourceRepositoryTest : public ::testing::Test {
 protected:
  SourceRepositoryTest() { SharedDatabase().Clear(); }

  static LedgerSource Make(const std::string& number, const Uuid& division) {
    LedgerSource source;
    source.id = Uuid::Make(kNow);
    source.division = division;
    source.city = City().city;
    source.ground_path = City().ground->PathKey(division);
    source.value.set_name(ResourceName("sources", source.id));
    source.value.set_source_no(number);
    source.value.set_display_name("砖厂 🧱");
    source.value.set_category("BRICK_KILN");
    source.value.set_division(ResourceName("divisions", division));
    source.value.set_state(v1::Source::ACTIVE);
    *source.value.mutable_create_time() =
        google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(kNow));
    *source.value.mutable_update_time() = source.value.create_time();
    source.value.set_etag("1");
    source.subject = {source.id, 1, std::string(32, '\x01')};
    return source;
  }
  static absl::Status Run(const std::function<absl::Status(db::Transaction&)>& body) {
    return SharedDatabase()->Run(body);
  }
  static absl::Status Insert(const LedgerSource& source) {
    return Run([&](db::Transaction& tx) { return InsertSource(tx, source); });
  }

  const Uuid village = City().villages[0][0][0];
};

TEST_F(SourceRepositoryTest, ReadsBackWhatItWrote) {
  LedgerSource source = Make("A-1", village);
  source.value.mutable_position()->set_longitude(114.123456789012);
  source.value.mutable_position()->set_latitude(-0.1);
  source.value.mutable_position()->set_accuracy_m(3.5);
  source.value.mutable_position()->set_datum(type::v1::Position::WGS84);
  source.value.mutable_position()->set_given_datum(type::v1::Position::BD09);
  source.value.set_operator_name("李四");
  ASSERT_TRUE(Insert(source).ok());
  ASSERT_TRUE(
      Run([&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(const LedgerSource read, ReadSource(tx, source.id));
        EXPECT_EQ(read.value.SerializeAsString(), source.value.SerializeAsString());
        EXPECT_EQ(read.ground_path, source.ground_path);
        EXPECT_EQ(read.city, source.city);
        EXPECT_EQ(read.subject.leaf, source.subject.leaf);
        GW_ASSIGN_OR_RETURN(const LedgerSource by_number, ReadSourceByNo(tx, "A-1"));
        EXPECT_EQ(by_number.id, source.id);
        EXPECT_TRUE(absl::IsNotFound(ReadSourceByNo(tx, "a-1").status()));
        GW_ASSIGN_OR_RETURN(const auto many, ReadSources(tx, {source.id, Uuid::Make(kNow), source.id}));
        EXPECT_EQ(many.size(), 1u);
        return absl::OkStatus();
      }).ok());
}

TEST_F(SourceRepositoryTest, ANumberIsTakenOnceInTheInstallation) {
  ASSERT_TRUE(Insert(Make("A-1", village)).ok());
  EXPECT_EQ(ReasonOf(Insert(Make("A-1", City().villages[1][0][0]))), "ALREADY_EXISTS");
}

TEST_F(SourceRepositoryTest, SavingOverAChangeOfSomebodyElseIsRefused) {
  LedgerSource source = Make("A-1", village);
  ASSERT_TRUE(Insert(source).ok());
  source.subject.seq = 3;  // as if entry 2 were ours, but the row is at 1
  EXPECT_EQ(ReasonOf(Run([&](db::Transaction& tx) { return SaveSource(tx, source); })), "ETAG_MISMATCH");
  source.subject.seq = 2;
  source.value.set_trade("砖瓦窑");
  source.value.clear_position();
  EXPECT_TRUE(Run([&](db::Transaction& tx) { return SaveSource(tx, source); }).ok());
  EXPECT_EQ(SharedDatabase().Ask("SELECT trade FROM source WHERE subject_seq = 2"), "砖瓦窑");
}

TEST_F(SourceRepositoryTest, TwoWhoChangeOneSourceAtOnceAreServedInTurn) {
  LedgerSource source = Make("A-1", village);
  ASSERT_TRUE(Insert(source).ok());
  std::vector<std::future<absl::Status>> writers;
  for (int i = 0; i < 8; ++i) {
    writers.push_back(std::async(std::launch::async, [&] {
      return Run([&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(LedgerSource locked, LockSource(tx, source.id));
        locked.value.set_trade(absl::StrCat(locked.subject.seq));
        ++locked.subject.seq;
        return SaveSource(tx, locked);
      });
    }));
  }
  for (auto& writer : writers) EXPECT_TRUE(writer.get().ok());
  EXPECT_EQ(SharedDatabase().Ask("SELECT subject_seq FROM source"), "9");
  EXPECT_EQ(SharedDatabase().Ask("SELECT trade FROM source"), "8");
}

TEST_F(SourceRepositoryTest, ASubtreeHoldsItsGroundAndNothingElse) {
  for (int v = 0; v < 4; ++v) {
    for (int n = 0; n < 5; ++n)
      ASSERT_TRUE(Insert(Make(absl::StrCat(v, "-", n), City().villages[0][0][v])).ok());
  }
  ASSERT_TRUE(Insert(Make("far", City().villages[0][1][0])).ok());
  ASSERT_TRUE(Insert(Make("on the township itself", City().townships[0][0])).ok());
  const auto count = [&](const Uuid& division) {
    size_t found = 0;
    EXPECT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                  SourceFilter filter;
                  if (!division.IsNil()) filter.ground = City().ground->PathKey(division);
                  GW_ASSIGN_OR_RETURN(const auto sources, ListSubtree(tx, filter, {}, 100));
                  found = sources.size();
                  return absl::OkStatus();
                }).ok());
    return found;
  };
  EXPECT_EQ(count(village), 5u);
  EXPECT_EQ(count(City().townships[0][0]), 21u);
  EXPECT_EQ(count(City().counties[0]), 22u);
  EXPECT_EQ(count(City().counties[1]), 0u);
  EXPECT_EQ(count(Uuid()), 22u);
}

TEST_F(SourceRepositoryTest, ListingASubtreeWalksTheIndexWithoutSorting) {
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                for (int n = 0; n < 500; ++n) {
                  GW_RETURN_IF_ERROR(
                      InsertSource(tx, Make(absl::StrCat(n), City().villages[n % 2][n % 3][n % 4])));
                }
                return absl::OkStatus();
              }).ok());
  const std::string ground = City().ground->PathKey(village);
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                struct Plan {
                  std::string type, key, extra;
                };
                GW_ASSIGN_OR_RETURN(
                    const auto plan,
                    tx.Query(
                        absl::StrCat("EXPLAIN ", std::string(ListSubtreeSql())),
                        [](const db::Row& row) {
                          return Plan{row.OptText(3).value_or(""), row.OptText(5).value_or(""),
                                      row.OptText(9).value_or("")};
                        },
                        ground, ground + std::string(16, '\xff'), "", "", "", "", "", "", "", "%", "%", 51));
                EXPECT_EQ(plan.at(0).type, "range");
                EXPECT_EQ(plan.at(0).key, "source_ground");
                EXPECT_EQ(plan.at(0).extra.find("filesort"), std::string::npos) << plan.at(0).extra;
                return absl::OkStatus();
              }).ok());
}

TEST_F(SourceRepositoryTest, HistoryComesBackInOrderAndInPages) {
  const LedgerSource source = Make("A-1", village);
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                for (int seq = 1; seq <= 5; ++seq) {
                  SourceChangeRow change{.source = source.id};
                  change.value.set_seq(seq);
                  change.value.set_action(v1::SourceChange::UPDATED);
                  change.value.add_changed_fields("trade");
                  change.value.add_changed_fields("address");
                  GW_RETURN_IF_ERROR(InsertChange(tx, change));
                }
                GW_ASSIGN_OR_RETURN(const auto page, ReadChanges(tx, source.id, 2, 2));
                EXPECT_EQ(page.size(), 2u);
                EXPECT_EQ(page.at(0).seq(), 3);
                EXPECT_EQ(page.at(0).changed_fields_size(), 2);
                EXPECT_EQ(page.at(0).person(), "");
                return absl::OkStatus();
              }).ok());
}

}  // namespace
}  // namespace gridwarden::source
