#include "service/sync/sync_world.h"

// What is seen and said and changes no state.
namespace gridwarden::sync {
namespace {

using domain::PostKind;
using testing::City;
using testing::Phone;
using testing::Stamp;
using testing::TimeOf;

class ObservationTest : public testing::SyncTest {
 protected:
  v1::RecordObservationRequest Explanation(const std::string& subject) {
    v1::RecordObservationRequest request;
    request.set_request_id(NewId());
    request.set_subject(subject);
    request.set_kind(v1::Observation::EXPLANATION);
    request.set_note("当时手机没有信号");
    return request;
  }
  absl::StatusOr<v1::Observation> Record(const std::string& token,
                                         const v1::RecordObservationRequest& request) {
    return Call<v1::Observation>(token, "sync.v1.SyncService/RecordObservation", request);
  }

  const std::string officer = City().TokenOf(PostKind::kPatrolOfficer, village);
  const std::string stranger = City().TokenOf(PostKind::kGridOfficer, other_village);
};

TEST_F(ObservationTest, IsKeptForWhoeverMaySeeItsSubject) {
  const patrol::v1::PatrolTask task = NewTask();
  const auto kept = Record(officer, Explanation(task.name()));
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->note(), "当时手机没有信号");
  EXPECT_EQ(kept->division(), task.division());
  EXPECT_EQ(kept->time().grade(), v1::A);
  EXPECT_EQ(TimeOf(kept->time().estimated_time()), Now());
  EXPECT_FALSE(kept->person_display_name().empty());
  EXPECT_EQ(GetTask(task.name()).etag(), task.etag()) << "its state did not change";
  const v1::ListObservationsResponse listed = ObservationsOf(task.name(), office);
  ASSERT_EQ(listed.observations_size(), 1);
  EXPECT_EQ(listed.observations(0).SerializeAsString(), kept->SerializeAsString());
}

TEST_F(ObservationTest, IsRefusedForOthersAndForWhatDoesNotExist) {
  const patrol::v1::PatrolTask task = NewTask();
  EXPECT_EQ(Record(stranger, Explanation(task.name())).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_FALSE(Record(officer, Explanation("patrolTasks/" + NewId())).ok());
  EXPECT_EQ(Record(officer, Explanation("accounts/" + NewId())).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Record("", Explanation(task.name())).status().code(), absl::StatusCode::kUnauthenticated);
  v1::ListObservationsRequest list;
  list.set_subject(task.name());
  EXPECT_FALSE(
      Call<v1::ListObservationsResponse>(stranger, "sync.v1.SyncService/ListObservations", list).ok());
}

TEST_F(ObservationTest, WantsAKindAndWordsOrEvidence) {
  const patrol::v1::PatrolTask task = NewTask();
  v1::RecordObservationRequest request = Explanation(task.name());
  request.clear_note();
  EXPECT_EQ(ReasonOf(Record(officer, request).status()), "NOTHING_OBSERVED");
  request = Explanation(task.name());
  request.set_kind(v1::Observation::ASSERTION);
  EXPECT_EQ(Record(officer, request).status().code(), absl::StatusCode::kInvalidArgument);
  request.clear_kind();
  EXPECT_EQ(ReasonOf(Record(officer, request).status()), "REQUIRED_FIELD_MISSING");
  request = Explanation(task.name());
  request.add_evidence()->set_media("media/x");
  EXPECT_EQ(Record(officer, request).status().code(), absl::StatusCode::kInvalidArgument);
  request = Explanation(task.name());
  *request.mutable_event_time() = Stamp(Now() + absl::Hours(1));
  EXPECT_EQ(ReasonOf(Record(officer, request).status()), "EVENT_TIME_IN_FUTURE");
}

TEST_F(ObservationTest, TheSameRequestIsKeptOnce) {
  const patrol::v1::PatrolTask task = NewTask();
  const v1::RecordObservationRequest request = Explanation(task.name());
  const auto first = Record(officer, request);
  const auto again = Record(officer, request);
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first->SerializeAsString(), again->SerializeAsString());
  v1::RecordObservationRequest other = request;
  other.set_note("别的话");
  EXPECT_EQ(ReasonOf(Record(officer, other).status()), "REQUEST_ID_REUSED");
}

TEST_F(ObservationTest, FromAPhoneHasTheTimeThatWasJudged) {
  Phone phone(server, City().PersonIn(PostKind::kPatrolOfficer, village));
  phone.Begin();
  const patrol::v1::PatrolTask task = NewTask();
  server.clock().Advance(absl::Hours(2));
  v1::RecordObservationRequest request = Explanation(task.name());
  request.clear_request_id();
  const auto operation =
      phone.Sign(phone.Body("sync.v1.SyncService/RecordObservation", request, task.name()));
  server.clock().Advance(absl::Hours(2));
  const v1::PushResult result = phone.PushOne(operation);
  EXPECT_EQ(result.verdict(), v1::ACCEPTED) << result.DebugString();
  EXPECT_EQ(phone.PushOne(operation).verdict(), v1::DUPLICATE);
  const v1::ListObservationsResponse listed = ObservationsOf(task.name(), office);
  ASSERT_EQ(listed.observations_size(), 1);
  EXPECT_EQ(listed.observations(0).time().grade(), v1::C);
  EXPECT_EQ(TimeOf(listed.observations(0).time().estimated_time()), Now() - absl::Hours(2));
}

TEST_F(ObservationTest, WhoWorkedOnItMayExplainAfterItIsNoLongerHis) {
  Phone phone(server, City().PersonIn(PostKind::kGridOfficer, other_village));
  phone.Begin();
  const patrol::v1::PatrolTask task = NewTask();
  const v1::PushResult asserted = phone.PushOne(phone.Visit(VisitOf(task)));
  EXPECT_EQ(asserted.verdict(), v1::ASSERTED) << asserted.DebugString();
  EXPECT_TRUE(asserted.answer().empty()) << "what he may not see he is not shown";
  EXPECT_TRUE(Record(phone.token, Explanation(task.name())).ok());
  const v1::ListObservationsResponse own = ObservationsOf(task.name(), phone.token);
  EXPECT_EQ(own.observations_size(), 2);
  EXPECT_EQ(Record(officer, Explanation(task.name())).ok(), true);
  EXPECT_EQ(ObservationsOf(task.name(), phone.token).observations_size(), 2) << "only his own";
  EXPECT_EQ(ObservationsOf(task.name(), office).observations_size(), 3);
}

TEST_F(ObservationTest, IsListedInPages) {
  const patrol::v1::PatrolTask task = NewTask();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Record(officer, Explanation(task.name())).ok());
  v1::ListObservationsRequest request;
  request.set_subject(task.name());
  request.set_page_size(2);
  const auto first =
      Call<v1::ListObservationsResponse>(office, "sync.v1.SyncService/ListObservations", request);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->observations_size(), 2);
  request.set_page_token(first->next_page_token());
  const auto second =
      Call<v1::ListObservationsResponse>(office, "sync.v1.SyncService/ListObservations", request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->observations_size(), 1);
}

}  // namespace
}  // namespace gridwarden::sync
