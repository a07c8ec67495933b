#include "casework/application_repository.h"

#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/timestamps.h"
#include "support/statement_plan.h"
#include "support/test_city.h"
#include "support/test_database.h"

namespace gridwarden::casework {
namespace {

using testing::City;
using testing::TestDatabase;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);  // 2026-09-21

TestDatabase& Database() {
  static TestDatabase* database = new TestDatabase();
  return *database;
}

class ApplicationRepository : public ::testing::Test {
 protected:
  void SetUp() override { Database().Clear(); }

  template <typename Body>
  static absl::Status Run(Body body) {
    return Database()->Run([&](db::Transaction& tx) -> absl::Status { return body(tx); });
  }
  static CaseFile StoredCase(int n, const Uuid& handler, absl::Time filed = kNow) {
    CaseFile file;
    file.id = Uuid::Make(kNow);
    file.chain = file.id;
    file.case_no = absl::StrFormat("990102-2026-%05d", n);
    file.state = v1::Case::HANDLING;
    file.category = "DUST";
    file.place.division = City().villages[0][0][0];
    file.place.ground_path = City().ground->PathKey(file.place.division);
    file.event_time = file.file_time = filed;
    file.filing_division = City().townships[0][0];
    file.total_due_time = kNow + absl::Hours(240);
    file.handler = {handler, false};
    file.subject = {file.id, 1, std::string(32, 'L')};
    EXPECT_TRUE(Run([&](db::Transaction& tx) { return InsertCase(tx, file); }).ok());
    return file;
  }
  static ApplicationFile Stored(const CaseFile& of, absl::Time at = kNow,
                                v1::Application::State state = v1::Application::PENDING) {
    ApplicationFile made{.id = Uuid::Make(at),
                         .case_id = of.id,
                         .ground_path = of.place.ground_path,
                         .handler = of.handler.id,
                         .office = City().townships[0][0]};
    made.application.set_name(ResourceName("applications", made.id));
    made.application.set_case_(ResourceName("cases", of.id));
    made.application.set_kind(v1::Application::POSTPONEMENT);
    made.application.set_state(state);
    made.application.set_statement("连续阴雨");
    *made.application.mutable_create_time() = ToTimestamp(at);
    EXPECT_TRUE(Run([&](db::Transaction& tx) { return InsertApplication(tx, made); }).ok());
    return made;
  }
  const Uuid handler = Uuid::Make(kNow), other = Uuid::Make(kNow);

  MonthCount Count(const Uuid& of, const Uuid& except_case) {
    MonthCount count;
    EXPECT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                  GW_ASSIGN_OR_RETURN(
                      count, CountOfHandlers(tx, of, {of}, except_case, v1::Application::POSTPONEMENT, kNow));
                  return absl::OkStatus();
                }).ok());
    return count;
  }
};

TEST_F(ApplicationRepository, ReadsBackWhatItStoredAndSaved) {
  ApplicationFile made = Stored(StoredCase(1, handler));
  made.application.set_state(v1::Application::APPROVED);
  *made.application.mutable_end_time() = ToTimestamp(kNow + absl::Hours(1));
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return SaveApplication(tx, made); }).ok());
  const absl::Status read = Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const ApplicationFile found, ReadApplication(tx, made.application.name()));
    EXPECT_EQ(found.application.SerializeAsString(), made.application.SerializeAsString());
    EXPECT_EQ(found.case_id, made.case_id);
    EXPECT_EQ(found.handler, handler);
    EXPECT_EQ(found.office, made.office);
    GW_ASSIGN_OR_RETURN(const auto pending, LockPending(tx, made.case_id));
    EXPECT_TRUE(pending.empty());
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
}

TEST_F(ApplicationRepository, KnowsNoApplicationThatIsNotThere) {
  const absl::Status read = Run([&](db::Transaction& tx) {
    return ReadApplication(tx, ResourceName("applications", handler)).status();
  });
  EXPECT_TRUE(absl::IsNotFound(read)) << read;
}

TEST_F(ApplicationRepository, TakesAPersonOnceAndASeatOnce) {
  const ApplicationFile made = Stored(StoredCase(1, handler));
  v1::Consent consent;
  consent.set_seat("SHIFT_LEADER");
  consent.set_person(ResourceName("persons", handler));
  *consent.mutable_time() = ToTimestamp(kNow);
  const auto insert = [&] {
    return Run([&](db::Transaction& tx) { return InsertDecision(tx, made.id, consent); });
  };
  ASSERT_TRUE(insert().ok());
  consent.set_seat("DISPATCH_HEAD");
  EXPECT_EQ(ReasonOf(insert()), "ANOTHER_PERSON_NEEDED");
  consent.set_seat("SHIFT_LEADER");
  consent.set_person(ResourceName("persons", other));
  EXPECT_EQ(ReasonOf(insert()), "ANOTHER_PERSON_NEEDED");
  consent.set_seat("DISPATCH_HEAD");
  EXPECT_TRUE(insert().ok());
}

TEST_F(ApplicationRepository, CountsTheMonthsCasesAndThoseThatWaitOrAreInForce) {
  const CaseFile first = StoredCase(1, handler), second = StoredCase(2, handler);
  StoredCase(3, handler, kNow - absl::Hours(24 * 40));  // of another month
  StoredCase(4, other);
  Stored(first);
  Stored(first, kNow, v1::Application::APPROVED);  // twice the same case
  Stored(second, kNow, v1::Application::REFUSED);
  Stored(second, kNow - absl::Hours(24 * 40));
  const MonthCount count = Count(handler, other);
  EXPECT_EQ(count.cases, 2);
  EXPECT_EQ(count.concerned, 1);
  EXPECT_EQ(Count(handler, first.id).concerned, 0);
  EXPECT_EQ(Count(other, handler).cases, 1);
  EXPECT_EQ(Database().Ask("SELECT GROUP_CONCAT(requests ORDER BY requests) FROM application_month"), "1,2");
}

TEST_F(ApplicationRepository, StoresACaseThatNobodyCanSayTheEndOf) {
  CaseFile file = StoredCase(1, handler);
  file.total_due_time = absl::InfiniteFuture();
  ++file.subject.seq;
  const absl::Status kept = Run([&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(SaveCase(tx, file));
    GW_ASSIGN_OR_RETURN(const CaseFile read, LockCase(tx, file.id));
    EXPECT_EQ(read.total_due_time, absl::InfiniteFuture());
    return absl::OkStatus();
  });
  EXPECT_TRUE(kept.ok()) << kept;
}

TEST_F(ApplicationRepository, ReadsNothingButWhatItsKeysGive) {
  std::vector<CaseFile> cases;
  for (int i = 0; i < 60; ++i) {
    cases.push_back(StoredCase(i, i % 2 == 0 ? handler : Uuid::Make(kNow)));
    Stored(cases.back(), kNow + absl::Seconds(i), static_cast<v1::Application::State>(1 + i % 5));
  }
  Database().Ask("ANALYZE TABLE application");
  Database().Ask("ANALYZE TABLE case_file");
  const auto parts = testing::PlansOf(*Database(), [&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(LockPending(tx, cases[0].id).status());
    GW_RETURN_IF_ERROR(
        CountOfHandlers(tx, handler, {handler, other}, cases[0].id, v1::Application::POSTPONEMENT, kNow)
            .status());
    GW_RETURN_IF_ERROR(CountOfOffice(tx, City().townships[0][0],
                                     {City().ground->PathKey(City().townships[0][0])},
                                     v1::Application::VOIDING, kNow)
                           .status());
    return ListApplicationFiles(tx, {.case_id = cases[0].id}, nullptr, 50).status();
  });
  testing::ExpectKeysServe(parts);
  // What waits is few at any time: found by state and ground, then put in order.
  const auto waiting = testing::PlansOf(*Database(), [&](db::Transaction& tx) {
    return ListApplicationFiles(tx,
                                {.grounds = {City().ground->PathKey(City().townships[0][0])},
                                 .states = {v1::Application::PENDING}},
                                nullptr, 50)
        .status();
  });
  ASSERT_EQ(waiting.size(), 2u);
  EXPECT_EQ(waiting[0].key, "application_ground");
  EXPECT_EQ(waiting[1].type, "eq_ref");
}

}  // namespace
}  // namespace gridwarden::casework
