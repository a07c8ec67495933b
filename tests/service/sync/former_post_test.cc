#include <set>

#include "service/sync/sync_world.h"

#undef FAR  // of zlib

// What people did offline in a post that has ended when their phones come back (guarantees.md 6.5).
namespace gridwarden::sync {
namespace {

using domain::PostKind;
using testing::City;
using testing::Phone;

class FormerPostTest : public testing::SyncTest {
 protected:
  FormerPostTest() : person(City().PersonIn(PostKind::kPatrolOfficer, village)), phone(server, person) {
    phone.Begin();
    left = Now() + absl::Hours(5);
  }

  // A visit at an hour that a satellite confirms: of grade B when it comes.
  v1::SignedOperation VisitWithFix(const patrol::v1::PatrolTask& task) {
    v1::OperationBody body = phone.Body("patrol.v1.PatrolService/SubmitVisit", VisitOf(task), task.name());
    *body.mutable_time()->mutable_fix_time() = testing::Stamp(Now());
    return phone.Sign(body);
  }

  // The same areas, after the directory heard that the person left at `left`.
  std::unique_ptr<testing::TestServer> Later() {
    const domain::Ground& city = *City().ground;
    std::vector<domain::Tenure> tenures = city.tenures();
    std::set<Uuid> person_ids, unit_ids;
    for (domain::Tenure& tenure : tenures) {
      person_ids.insert(tenure.person);
      if (tenure.person == person) tenure.valid.to = left;
    }
    for (const domain::Post& post : city.posts()) {
      if (!post.unit.IsNil()) unit_ids.insert(post.unit);
    }
    std::vector<domain::Person> persons;
    for (const Uuid& id : person_ids) persons.push_back(*city.FindPerson(id));
    std::vector<domain::Unit> units;
    for (const Uuid& id : unit_ids) units.push_back(*city.FindUnit(id));
    auto later = std::make_unique<testing::TestServer>(
        *testing::SharedDatabase(),
        std::make_unique<access::Directory>(
            std::make_shared<const domain::Ground>(city.divisions(), city.posts(), tenures, persons, units),
            City().MakeAccess()),
        testing::TestPolicy(), data_dir);
    for (const InstallArea install :
         {&casework::Install, &patrol::Install, &source::Install, &media::Install, &sync::Install})
      later->Install(install);
    later->clock().Set(Now());
    return later;
  }
  v1::PushResult PushLater(testing::TestServer& later, const v1::SignedOperation& operation) {
    v1::PushRequest request;
    request.set_device(phone.name);
    *request.add_operations() = operation;
    *request.mutable_device_time() = testing::Stamp(Now());
    const auto response =
        later.Call<v1::PushResponse>(phone.token, "gridwarden.sync.v1.SyncService/Push", request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->results(0) : v1::PushResult();
  }

  const Uuid person;
  Phone phone;
  absl::Time left;
};

TEST_F(FormerPostTest, AFactDoneInTheTenureIsTakenAndFlagged) {
  const patrol::v1::PatrolTask task = NewTask();
  server.clock().Advance(absl::Hours(4));
  const auto operation = VisitWithFix(task);
  server.clock().Advance(absl::Hours(3));
  const auto later = Later();
  const v1::PushResult result = PushLater(*later, operation);
  EXPECT_EQ(result.time().grade(), v1::B);
  EXPECT_EQ(result.verdict(), v1::ACCEPTED) << result.DebugString();
  EXPECT_TRUE(HasFlag(result, v1::POST_ENDED));
  EXPECT_TRUE(result.answer().empty()) << "he sees nothing new";
  EXPECT_EQ(GetTask(task.name()).state(), patrol::v1::PatrolTask::DONE);
  const journal::v1::Entry entry = Entries().back();
  EXPECT_EQ(entry.op_digest(), crypto::Sha256(operation.body()));
  EXPECT_EQ(entry.actor().post(), City().PostOf(PostKind::kPatrolOfficer, village).id.Bytes());
  EXPECT_FALSE(entry.actor().tenure().empty());
  const v1::PushResult again = PushLater(*later, operation);
  EXPECT_EQ(again.verdict(), v1::DUPLICATE);
  EXPECT_TRUE(again.answer().empty());
}

TEST_F(FormerPostTest, AFactThatMayBeOfTheTimeAfterIsKeptAsWhatHeSays) {
  // The phone's clock alone vouches for it: it may have been made at any time until it came.
  const patrol::v1::PatrolTask task = NewTask();
  server.clock().Advance(absl::Hours(4));
  const auto operation = phone.Visit(VisitOf(task));
  server.clock().Advance(absl::Hours(3));
  const v1::PushResult result = PushLater(*Later(), operation);
  EXPECT_EQ(result.time().grade(), v1::C);
  EXPECT_EQ(result.verdict(), v1::ASSERTED) << result.DebugString();
  EXPECT_TRUE(HasFlag(result, v1::POST_ENDED));
  EXPECT_EQ(GetTask(task.name()).state(), patrol::v1::PatrolTask::ISSUED);
  const v1::Observation kept = ObservationsOf(task.name(), office).observations(0);
  EXPECT_EQ(kept.post(), PostName(PostKind::kPatrolOfficer, village));
  EXPECT_EQ(kept.flags_size(), 2) << "POST_ENDED, WIDE_INTERVAL";
}

TEST_F(FormerPostTest, AFactAboutTheMinuteHeLeftIsKeptAsWhatHeSays) {
  const patrol::v1::PatrolTask task = NewTask();
  server.clock().Set(left - absl::Minutes(1));
  const auto operation = VisitWithFix(task);
  server.clock().Advance(absl::Hours(3));
  const v1::PushResult result = PushLater(*Later(), operation);
  EXPECT_EQ(result.time().grade(), v1::B);
  EXPECT_EQ(result.verdict(), v1::ASSERTED) << result.DebugString();
  EXPECT_TRUE(HasFlag(result, v1::POST_ENDED));
}

TEST_F(FormerPostTest, AClockThatWasMovedVouchesForNothing) {
  const patrol::v1::PatrolTask task = NewTask();
  server.clock().Set(left + absl::Hours(1));
  phone.skew = -absl::Hours(2);
  v1::OperationBody body = phone.Body("patrol.v1.PatrolService/SubmitVisit", VisitOf(task), task.name());
  *body.mutable_time()->mutable_fix_time() = testing::Stamp(phone.Wall());
  const auto operation = phone.Sign(body);
  server.clock().Advance(absl::Minutes(1));
  const v1::PushResult result = PushLater(*Later(), operation);
  EXPECT_EQ(result.time().grade(), v1::D) << result.DebugString();
  EXPECT_EQ(result.verdict(), v1::ASSERTED);
}

TEST_F(FormerPostTest, AFindOfTheTenureIsTaken) {
  casework::v1::SubmitSignalRequest request;
  request.set_signal_id(NewId());
  casework::v1::Signal& signal = *request.mutable_signal();
  signal.set_channel(casework::v1::Signal::PATROL);
  signal.set_category("STRAW_BURNING");
  signal.set_division(ResourceName("divisions", village));
  for (const auto kind : {type::v1::Evidence::NEAR, type::v1::Evidence::FAR}) {
    type::v1::Evidence& photo = *signal.add_evidence();
    photo.set_media("media/" + absl::BytesToHexString(crypto::Sha256(absl::StrCat("photo ", kind))));
    photo.set_kind(kind);
  }
  server.clock().Advance(absl::Hours(4));
  v1::OperationBody body =
      phone.Body("casework.v1.CaseworkService/SubmitSignal", request, "signals/" + request.signal_id());
  *body.mutable_time()->mutable_fix_time() = testing::Stamp(Now());
  const auto operation = phone.Sign(body);
  server.clock().Advance(absl::Hours(3));
  const v1::PushResult result = PushLater(*Later(), operation);
  EXPECT_EQ(result.verdict(), v1::ACCEPTED) << result.DebugString();
  EXPECT_TRUE(HasFlag(result, v1::POST_ENDED));
}

TEST_F(FormerPostTest, ACommandNeedsThePostOfNow) {
  const patrol::v1::PatrolTask task = NewTask();
  server.clock().Advance(absl::Hours(4));
  patrol::v1::StartPatrolTaskRequest start;
  start.set_name(task.name());
  v1::OperationBody body = phone.Body("patrol.v1.PatrolService/StartPatrolTask", start, task.name());
  *body.mutable_time()->mutable_fix_time() = testing::Stamp(Now());
  const auto operation = phone.Sign(body);
  server.clock().Advance(absl::Hours(3));
  const v1::PushResult result = PushLater(*Later(), operation);
  EXPECT_EQ(result.time().grade(), v1::B);
  EXPECT_EQ(result.verdict(), v1::REFUSED) << result.DebugString();
  EXPECT_TRUE(HasFlag(result, v1::POST_ENDED));
  EXPECT_EQ(GetTask(task.name()).state(), patrol::v1::PatrolTask::ISSUED);
}

TEST_F(FormerPostTest, NobodyClaimsATimeInTheTenureWithoutAPhonesOperation) {
  const patrol::v1::PatrolTask task = NewTask();
  server.clock().Advance(absl::Hours(7));
  patrol::v1::SubmitVisitRequest request = VisitOf(task);
  request.set_request_id(NewId());
  *request.mutable_visit()->mutable_event_time() = testing::Stamp(left - absl::Hours(1));
  const auto visit = Later()->Call<patrol::v1::Visit>(
      phone.token, "gridwarden.patrol.v1.PatrolService/SubmitVisit", request);
  EXPECT_EQ(visit.status().code(), absl::StatusCode::kPermissionDenied) << visit.status();
}

}  // namespace
}  // namespace gridwarden::sync
