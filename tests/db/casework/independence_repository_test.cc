#include "casework/independence_repository.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/conflict_repository.h"
#include "casework/history_repository.h"
#include "support/statement_plan.h"
#include "support/test_database.h"

namespace gridwarden::casework {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'790'000'000);

class IndependenceRepository : public ::testing::Test {
 protected:
  void SetUp() override { Database().Clear(); }
  static testing::TestDatabase& Database() {
    static auto* database = new testing::TestDatabase();
    return *database;
  }
  static Uuid Id(const std::string& name) { return Uuid::Derive(Uuid(), name); }

  void Insert(const std::string& name, v1::Case::State state, const std::string& check_post = "",
              const std::string& fixer = "", const std::string& checker = "", int passed_hour = -1) {
    CaseFile file;
    file.id = file.chain = Id(name);
    file.case_no = name;
    file.state = state;
    file.category = "DUST";
    file.place.city = file.place.division = file.filing_division = Id("city");
    file.place.ground_path = file.filing_path = Id("city").Bytes();
    file.event_time = file.file_time = file.total_due_time = kStart;
    if (!check_post.empty()) file.check_post = Id(check_post);
    if (!fixer.empty()) file.fixer = Id(fixer);
    if (!checker.empty()) file.checker = Id(checker);
    if (passed_hour >= 0) file.pass_time = kStart + absl::Hours(passed_hour);
    file.subject = {file.id, 1, std::string(32, 'x')};
    const absl::Status inserted = Database()->Run([&](db::Transaction& tx) { return InsertCase(tx, file); });
    ASSERT_TRUE(inserted.ok()) << inserted;
  }

  ConflictFile Conflict(const std::string& person, CounterpartKind kind, const std::string& counterpart,
                        std::optional<absl::Time> until = std::nullopt) {
    ConflictFile conflict{.id = Uuid::Make(kStart),
                          .person = Id(person),
                          .kind = kind,
                          .counterpart = Id(counterpart),
                          .reason = "近亲属",
                          .valid_until = until,
                          .declarer = Id(person),
                          .declared = kStart,
                          .division = Id("city"),
                          .ground_path = Id("city").Bytes()};
    conflict.subject = {conflict.id, 1, std::string(32, 'x')};
    EXPECT_TRUE(Database()->Run([&](db::Transaction& tx) { return InsertConflict(tx, conflict); }).ok());
    return conflict;
  }

  template <typename Read>
  std::vector<Uuid> Ask(Read read) {
    std::vector<Uuid> ids;
    const absl::Status asked = Database()->Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(ids, read(tx));
      return absl::OkStatus();
    });
    EXPECT_TRUE(asked.ok()) << asked;
    return ids;
  }
};

TEST_F(IndependenceRepository, TheLastCheckersAreThoseOfTheFixersOtherCasesThatHadPassedByThen) {
  Insert("first", v1::Case::CLOSED, "", "ann", "bob", 1);
  Insert("second", v1::Case::CLOSED, "", "ann", "cat", 2);
  Insert("third", v1::Case::SIGN_OFF, "", "ann", "dan", 3);
  Insert("other fixer", v1::Case::CLOSED, "", "eve", "fay", 4);
  Insert("not passed", v1::Case::HANDLING, "", "ann", "gus");
  const auto last = [&](const std::string& other_than, int hour, int count) {
    return Ask([&](db::Transaction& tx) {
      return ReadLastCheckers(tx, Id("ann"), Id(other_than), kStart + absl::Hours(hour), count);
    });
  };
  EXPECT_EQ(last("new", 9, 2), (std::vector<Uuid>{Id("dan"), Id("cat")}));
  EXPECT_EQ(last("third", 9, 2), (std::vector<Uuid>{Id("cat"), Id("bob")}));
  EXPECT_EQ(last("new", 2, 9), (std::vector<Uuid>{Id("cat"), Id("bob")}));
}

TEST_F(IndependenceRepository, WaitingChecksAreListedByIdAndOnlyWhileNobodyIsAssigned) {
  std::set<Uuid> want;
  for (int i = 0; i < 5; ++i) {
    Insert("waits " + std::to_string(i), i % 2 == 0 ? v1::Case::FEEDBACK : v1::Case::CHECKING);
    want.insert(Id("waits " + std::to_string(i)));
  }
  Insert("assigned", v1::Case::CHECKING, "post");
  Insert("handled", v1::Case::HANDLING);
  std::vector<Uuid> seen;
  for (Uuid after;;) {
    const std::vector<Uuid> page =
        Ask([&](db::Transaction& tx) { return ListUnassignedChecks(tx, after, 2); });
    if (page.empty()) break;
    seen.insert(seen.end(), page.begin(), page.end());
    after = page.back();
  }
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(std::set<Uuid>(seen.begin(), seen.end()), want);
  EXPECT_EQ(seen.size(), want.size());
}

TEST_F(IndependenceRepository, AConflictPutsOutWhoeverDeclaredItAndBetweenPersonsBoth) {
  Conflict("sue", CounterpartKind::kPerson, "fixer");
  Conflict("fixer", CounterpartKind::kPerson, "tom");
  Conflict("una", CounterpartKind::kUnit, "bureau");
  Conflict("vic", CounterpartKind::kSource, "kiln");
  Conflict("wil", CounterpartKind::kPerson, "somebody else");
  Conflict("fixer", CounterpartKind::kUnit, "another bureau");
  Conflict("xia", CounterpartKind::kPerson, "fixer", kStart + absl::Hours(1));
  ConflictFile withdrawn = Conflict("yin", CounterpartKind::kPerson, "fixer");
  withdrawn.withdrawn = kStart;
  withdrawn.subject.seq = 2;
  ASSERT_TRUE(Database()->Run([&](db::Transaction& tx) { return SaveConflict(tx, withdrawn); }).ok());
  std::vector<Uuid> out = Ask([&](db::Transaction& tx) {
    return PersonsInConflict(tx, Id("fixer"), {Id("fixer"), Id("bureau"), Id("kiln")},
                             kStart + absl::Hours(2));
  });
  std::sort(out.begin(), out.end());
  std::vector<Uuid> want = {Id("sue"), Id("tom"), Id("una"), Id("vic")};
  std::sort(want.begin(), want.end());
  EXPECT_EQ(out, want);
}

TEST_F(IndependenceRepository, NoQuestionReadsAWholeTable) {
  for (int i = 0; i < 300; ++i) {
    Insert("case " + std::to_string(i), i % 50 == 0 ? v1::Case::FEEDBACK : v1::Case::CLOSED,
           i % 50 == 0 ? "" : "post", "fixer " + std::to_string(i % 40), "checker", i);
    Conflict("p" + std::to_string(i), CounterpartKind::kPerson, "q" + std::to_string(i));
    const absl::Status told = Database()->Run([&](db::Transaction& tx) -> absl::Status {
      HistoryRow row{.subject = Id("case " + std::to_string(i)), .action = v1::ACCEPT, .person = Id("fixer")};
      row.earliest = row.latest = row.received = kStart;
      row.leaf = std::string(32, 'x');
      for (row.seq = 1; row.seq < 5; ++row.seq) {
        row.entry_id = Uuid::Make(kStart);
        GW_RETURN_IF_ERROR(AppendHistory(tx, Aggregate::kCase, row));
      }
      return absl::OkStatus();
    });
    ASSERT_TRUE(told.ok()) << told;
  }
  Database().Ask("ANALYZE TABLE case_event");
  Database().Ask("ANALYZE TABLE case_file");
  Database().Ask("ANALYZE TABLE conflict_of_interest");
  const std::vector<testing::PlanPart> plans =
      testing::PlansOf(Database().database(), [&](db::Transaction& tx) -> absl::Status {
        GW_RETURN_IF_ERROR(
            ReadLastCheckers(tx, Id("fixer 1"), Id("x"), kStart + absl::Hours(500), 2).status());
        GW_RETURN_IF_ERROR(ListUnassignedChecks(tx, Uuid(), 100).status());
        GW_RETURN_IF_ERROR(ReadChainActs(tx, Id("case 1")).status());
        GW_RETURN_IF_ERROR(ReadFinders(tx, Id("case 1")).status());
        return PersonsInConflict(tx, Id("fixer 1"), {Id("fixer 1"), Id("kiln")}, kStart).status();
      });
  ASSERT_GE(plans.size(), 6u);
  for (const testing::PlanPart& part : plans) {
    EXPECT_NE(part.type, "ALL") << part.sql;
    EXPECT_NE(part.type, "index") << part.sql;
    EXPECT_FALSE(part.key.empty()) << part.sql;
    // The last two of a fixer are the first two of the key, however many there are.
    if (part.sql.find("pass_us") != std::string::npos)
      EXPECT_EQ(part.extra.find("filesort"), std::string::npos);
  }
}

}  // namespace
}  // namespace gridwarden::casework
