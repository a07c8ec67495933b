#include <algorithm>

#include "google/protobuf/struct.pb.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "service/sync/sync_world.h"

#undef FAR  // of zlib

// What becomes of what phones did offline.
namespace gridwarden::sync {
namespace {

using domain::PostKind;
using testing::City;
using testing::Phone;
using testing::Stamp;
using testing::TimeOf;

class PushTest : public testing::SyncTest {
 protected:
  Phone Officer() {
    Phone phone(server, City().PersonIn(PostKind::kPatrolOfficer, village));
    phone.Begin();
    return phone;
  }
};

TEST_F(PushTest, CarriesOutWhatWasDoneOfflineAtTheTimeItWasDone) {
  Phone phone = Officer();
  const patrol::v1::PatrolTask task = NewTask();
  server.clock().Advance(absl::Minutes(3));
  const absl::Time seen = Now();
  const auto operation = phone.Visit(VisitOf(task));
  server.clock().Advance(absl::Minutes(1));

  const v1::PushResult result = phone.PushOne(operation);
  EXPECT_EQ(result.verdict(), v1::ACCEPTED) << result.DebugString();
  EXPECT_EQ(result.time().grade(), v1::A);
  EXPECT_EQ(TimeOf(result.time().estimated_time()), seen);
  EXPECT_EQ(TimeOf(result.time().latest_time()), Now());
  EXPECT_FALSE(result.receipt().empty());
  EXPECT_EQ(GetTask(task.name()).state(), patrol::v1::PatrolTask::DONE);
}

TEST_F(PushTest, AnswersTheSameBytesWithTheStoredAnswer) {
  Phone phone = Officer();
  const auto operation = phone.Visit(VisitOf(NewTask()));
  const v1::PushResult first = phone.PushOne(operation);
  server.clock().Advance(absl::Hours(30 * 24));
  const v1::PushResult again = phone.PushOne(operation);
  EXPECT_EQ(first.verdict(), v1::ACCEPTED) << first.DebugString();
  EXPECT_EQ(again.verdict(), v1::DUPLICATE);
  EXPECT_EQ(again.answer(), first.answer());
  EXPECT_EQ(again.time().SerializeAsString(), first.time().SerializeAsString());
  EXPECT_EQ(again.receipt(), first.receipt());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM visit"), "1");
}

TEST_F(PushTest, TwiceInOnePushIsOnce) {
  Phone phone = Officer();
  const auto operation = phone.Visit(VisitOf(NewTask()));
  const v1::PushResponse response = phone.Push({operation, operation});
  EXPECT_EQ(response.results(0).verdict(), v1::ACCEPTED);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM visit"), "1");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM operation"), "1");
}

TEST_F(PushTest, RefusesTheSameIdWithOtherBytesAndEntersIt) {
  Phone phone = Officer();
  v1::OperationBody body =
      phone.Body("patrol.v1.PatrolService/SubmitVisit", VisitOf(NewTask()), NewTask().name());
  const auto first = phone.Visit(VisitOf(NewTask()));
  phone.PushOne(first);
  v1::OperationBody other;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(first.body(), &other).ok());
  other.set_app_build("another");
  const v1::PushResult result = phone.PushOne(phone.Sign(other));
  EXPECT_EQ(result.verdict(), v1::REFUSED);
  EXPECT_EQ(result.reason(), "OPERATION_ID_REUSED");
  EXPECT_FALSE(result.message_zh().empty());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM device_incident WHERE kind = 6"), "1");
  phone.PushOne(phone.Sign(other));
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM device_incident WHERE kind = 6"), "1") << "entered once";
}

TEST_F(PushTest, KeepsAFactThatTheStateNoLongerAllowsAsAnObservation) {
  Phone phone = Officer();
  const patrol::v1::PatrolTask task = NewTask();
  const auto late = phone.Visit(VisitOf(task));
  Phone second = Officer();
  EXPECT_EQ(second.PushOne(second.Visit(VisitOf(task))).verdict(), v1::ACCEPTED);

  const v1::PushResult result = phone.PushOne(late);
  EXPECT_EQ(result.verdict(), v1::ASSERTED) << result.DebugString();
  EXPECT_EQ(result.reason(), "ILLEGAL_TRANSITION");
  EXPECT_NE(result.answer().find("DONE"), std::string::npos) << "the task as it stands";
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM visit"), "1");

  const v1::ListObservationsResponse listed = ObservationsOf(task.name(), office);
  ASSERT_EQ(listed.observations_size(), 1);
  const v1::Observation& kept = listed.observations(0);
  EXPECT_EQ(kept.kind(), v1::Observation::ASSERTION);
  EXPECT_EQ(kept.note(), "田里没有烟");
  EXPECT_EQ(kept.result(), "NORMAL");
  EXPECT_EQ(kept.reason(), "ILLEGAL_TRANSITION");
  EXPECT_EQ(kept.division(), ResourceName("divisions", village));
  EXPECT_EQ(kept.post(), PostName(PostKind::kPatrolOfficer, village));
  EXPECT_EQ(phone.PushOne(late).verdict(), v1::ASSERTED) << "sent again";
  EXPECT_EQ(ObservationsOf(task.name(), office).observations_size(), 1);
}

TEST_F(PushTest, KeepsAFactOfSomebodyWhoseTaskItIsNoMore) {
  Phone phone = Officer();
  const patrol::v1::PatrolTask task = NewTask();
  const auto operation = phone.Visit(VisitOf(task));
  patrol::v1::AssignPatrolTaskRequest assign;
  assign.set_request_id(NewId());
  assign.set_name(task.name());
  assign.set_post(PostName(PostKind::kGridOfficer, village));
  ASSERT_TRUE(Call<patrol::v1::PatrolTask>(office, "patrol.v1.PatrolService/AssignPatrolTask", assign).ok());
  const v1::PushResult result = phone.PushOne(operation);
  EXPECT_EQ(result.verdict(), v1::ASSERTED) << result.DebugString();
  EXPECT_EQ(result.reason(), "NOT_YOUR_TASK");
  EXPECT_EQ(GetTask(task.name()).state(), patrol::v1::PatrolTask::ISSUED);
  EXPECT_EQ(ObservationsOf(task.name(), office).observations_size(), 1);
}

TEST_F(PushTest, RefusesACommandThatTheStateNoLongerAllowsWithTheStateAsItStands) {
  Phone phone = Officer();
  const patrol::v1::PatrolTask task = NewTask();
  const auto start = phone.Start(task.name());
  Phone second = Officer();
  EXPECT_EQ(second.PushOne(second.Visit(VisitOf(task))).verdict(), v1::ACCEPTED);
  const v1::PushResult result = phone.PushOne(start);
  EXPECT_EQ(result.verdict(), v1::REFUSED) << result.DebugString();
  EXPECT_EQ(result.reason(), "ILLEGAL_TRANSITION");
  EXPECT_NE(result.answer().find("DONE"), std::string::npos);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM observation"), "0");
}

TEST_F(PushTest, FlagsABaseThatSomebodyElseChangedAndNotTheirOwn) {
  Phone phone = Officer();
  const patrol::v1::PatrolTask task = NewTask();
  v1::OperationBody visit = phone.Body("patrol.v1.PatrolService/SubmitVisit", VisitOf(task), task.name());
  visit.set_base_etag(task.etag());
  const auto signed_visit = phone.Sign(visit);
  Phone second = Officer();
  EXPECT_EQ(second.PushOne(second.Start(task.name())).verdict(), v1::ACCEPTED);
  const v1::PushResult changed = phone.PushOne(signed_visit);
  EXPECT_EQ(changed.verdict(), v1::ACCEPTED) << changed.DebugString();
  EXPECT_TRUE(HasFlag(changed, v1::BASE_CHANGED));

  const patrol::v1::PatrolTask own = NewTask();
  const auto start = phone.Start(own.name(), own.etag());
  v1::OperationBody later = phone.Body("patrol.v1.PatrolService/SubmitVisit", VisitOf(own), own.name());
  later.set_base_etag(own.etag());
  const v1::PushResponse response = phone.Push({start, phone.Sign(later)});
  EXPECT_EQ(response.results(1).verdict(), v1::ACCEPTED);
  EXPECT_FALSE(HasFlag(response.results(1), v1::BASE_CHANGED)) << "its own start is no news to it";
}

TEST_F(PushTest, WaitsForWhatHasToComeBeforeAndBlocksNothingElse) {
  Phone phone = Officer();
  const patrol::v1::PatrolTask task = NewTask();
  const auto start = phone.Start(task.name());
  v1::OperationBody started;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(start.body(), &started).ok());
  v1::OperationBody visit = phone.Body("patrol.v1.PatrolService/SubmitVisit", VisitOf(task), task.name());
  visit.add_after(started.op_id());
  const auto dependent = phone.Sign(visit);
  const auto independent = phone.Visit(VisitOf(NewTask()));

  const v1::PushResponse first = phone.Push({dependent, independent});
  EXPECT_EQ(first.results(0).verdict(), v1::WAITING);
  EXPECT_EQ(first.results(0).reason(), "PREDECESSOR_MISSING");
  EXPECT_GT(first.results(0).retry_after_ms(), 0);
  EXPECT_EQ(first.results(1).verdict(), v1::ACCEPTED) << first.results(1).DebugString();
  EXPECT_EQ(first.contiguous_seq(), 0);
  EXPECT_EQ(first.missing_seqs_size(), 1);

  const v1::PushResponse second = phone.Push({start, dependent});
  EXPECT_EQ(second.results(0).verdict(), v1::ACCEPTED);
  EXPECT_EQ(second.results(1).verdict(), v1::ACCEPTED);
  EXPECT_EQ(second.contiguous_seq(), 3);
  EXPECT_EQ(second.missing_seqs_size(), 0);
}

TEST_F(PushTest, RefusesWhatNeedsTheServer) {
  Phone phone = Officer();
  casework::v1::SignOffRequest request;
  request.set_name(ResourceName("cases", Uuid::Make(absl::Now())));
  const auto operation =
      phone.Sign(phone.Body("casework.v1.CaseworkService/SignOff", request, request.name()));
  const v1::PushResult result = phone.PushOne(operation);
  EXPECT_EQ(result.verdict(), v1::REFUSED);
  EXPECT_EQ(result.reason(), "NOT_OFFLINE");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM operation"), "1") << "kept all the same";
}

TEST_F(PushTest, RefusesWhatIsAboutSomethingElseThanItSays) {
  Phone phone = Officer();
  const auto operation =
      phone.Sign(phone.Body("patrol.v1.PatrolService/SubmitVisit", VisitOf(NewTask()), NewTask().name()));
  const v1::PushResult result = phone.PushOne(operation);
  EXPECT_EQ(result.verdict(), v1::REFUSED);
  EXPECT_EQ(result.reason(), "OPERATION_MALFORMED");
}

TEST_F(PushTest, RefusesBytesThatTheDeviceDidNotSign) {
  Phone phone = Officer();
  auto operation = phone.Visit(VisitOf(NewTask()));
  operation.mutable_signature()->front() ^= 1;
  const v1::PushResult result = phone.PushOne(operation);
  EXPECT_EQ(result.verdict(), v1::REFUSED);
  EXPECT_EQ(result.reason(), "SIGNATURE_INVALID");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM operation"), "0") << "nobody takes the id of another's operation";
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM device_incident WHERE kind = 7"), "1");
  operation.mutable_signature()->front() ^= 1;
  EXPECT_EQ(phone.PushOne(operation).verdict(), v1::ACCEPTED);
}

TEST_F(PushTest, RefusesWhatIsNoOperationAndGoesOn) {
  Phone phone = Officer();
  v1::SignedOperation text;
  text.set_body("{not json");
  text.set_signature(crypto::EcdsaSign(phone.key, "gridwarden/op/v1\n" + text.body()));
  v1::SignedOperation large;
  large.set_body(std::string(62'000, ' '));
  large.set_signature(std::string(64, 'x'));
  const auto good = phone.Visit(VisitOf(NewTask()));
  const v1::PushResponse response = phone.Push({text, large, good});
  EXPECT_EQ(response.results(0).reason(), "OPERATION_MALFORMED");
  EXPECT_EQ(response.results(1).reason(), "OPERATION_TOO_LARGE");
  EXPECT_EQ(response.results(2).verdict(), v1::ACCEPTED);
}

TEST_F(PushTest, RefusesAPushThatIsNotTheCallers) {
  Phone phone = Officer();
  v1::PushRequest request;
  request.set_device(phone.name);
  const auto other = Call<v1::PushResponse>(City().TokenOf(PostKind::kGridOfficer, village),
                                            "sync.v1.SyncService/Push", request);
  EXPECT_EQ(ReasonOf(other.status()), "DEVICE_UNKNOWN");
  request.set_device("devices/" + NewId());
  EXPECT_EQ(ReasonOf(Call<v1::PushResponse>(phone.token, "sync.v1.SyncService/Push", request).status()),
            "DEVICE_UNKNOWN");
  request.set_device("");
  EXPECT_FALSE(Call<v1::PushResponse>(phone.token, "sync.v1.SyncService/Push", request).ok());
  request.set_device(phone.name);
  for (int i = 0; i < 51; ++i) request.add_operations();
  EXPECT_EQ(Call<v1::PushResponse>(phone.token, "sync.v1.SyncService/Push", request).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(PushTest, DoesNothingOnADeviceThatWasRevokedAndSortsWhatALostOneSends) {
  Phone revoked = Officer();
  v1::RevokeDeviceRequest request;
  request.set_request_id(NewId());
  request.set_name(revoked.name);
  request.set_reason("换机");
  ASSERT_TRUE(Call<v1::Device>(revoked.token, "sync.v1.DeviceService/RevokeDevice", request).ok());
  EXPECT_EQ(ReasonOf(revoked.TryPush({revoked.Visit(VisitOf(NewTask()))}).status()), "DEVICE_REVOKED");

  Phone lost = Officer();
  const auto before = lost.Visit(VisitOf(NewTask()));
  server.clock().Advance(absl::Minutes(10));
  const absl::Time loss = Now();
  server.clock().Advance(absl::Minutes(10));
  const patrol::v1::PatrolTask task = NewTask();
  const auto after = lost.Visit(VisitOf(task));
  request.set_request_id(NewId());
  request.set_name(lost.name);
  *request.mutable_loss_time() = Stamp(loss);
  ASSERT_TRUE(Call<v1::Device>(administrator, "sync.v1.DeviceService/RevokeDevice", request).ok());
  const v1::PushResponse response = lost.Push({before, after});
  EXPECT_EQ(response.results(0).verdict(), v1::ACCEPTED) << response.results(0).DebugString();
  EXPECT_TRUE(HasFlag(response.results(0), v1::LOST_DEVICE));
  EXPECT_EQ(response.results(1).verdict(), v1::REFUSED);
  EXPECT_EQ(response.results(1).reason(), "DEVICE_LOST");
  EXPECT_EQ(GetTask(task.name()).state(), patrol::v1::PatrolTask::ISSUED);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM operation WHERE reason = 'DEVICE_LOST'"), "1") << "kept";
}

TEST_F(PushTest, CountsTheReceiptWhenAClockWasMoved) {
  Phone phone = Officer();
  const patrol::v1::PatrolTask task = NewTask();
  server.clock().Advance(absl::Hours(2));
  phone.skew = -absl::Hours(2);
  const auto operation = phone.Visit(VisitOf(task));
  phone.skew = absl::ZeroDuration();
  const v1::PushResult result = phone.PushOne(operation);
  EXPECT_EQ(result.verdict(), v1::ACCEPTED) << result.DebugString();
  EXPECT_EQ(result.time().grade(), v1::D);
  EXPECT_TRUE(HasFlag(result, v1::CLOCK_MOVED));
  EXPECT_EQ(TimeOf(GetTask(task.name()).done_time()), Now()) << "not when it claims to have been done";
}

TEST_F(PushTest, CountsTheIntervalOfAPhoneThatWasOffline) {
  Phone phone = Officer();
  const absl::Time token = Now();
  const patrol::v1::PatrolTask task = NewTask();
  server.clock().Advance(absl::Hours(3));
  const auto operation = phone.Visit(VisitOf(task));
  server.clock().Advance(absl::Hours(3));
  const v1::PushResult result = phone.PushOne(operation);
  EXPECT_EQ(result.verdict(), v1::ACCEPTED) << result.DebugString();
  EXPECT_EQ(result.time().grade(), v1::C);
  EXPECT_EQ(TimeOf(result.time().earliest_time()), token);
  EXPECT_EQ(TimeOf(result.time().estimated_time()), token + absl::Hours(3));
  EXPECT_TRUE(HasFlag(result, v1::WIDE_INTERVAL));
}

TEST_F(PushTest, ShowsACopiedPhoneAndRefusesNothingForIt) {
  Phone phone = Officer();
  phone.PushOne(phone.Visit(VisitOf(NewTask())));
  v1::OperationBody twin =
      phone.Body("patrol.v1.PatrolService/SubmitVisit", VisitOf(NewTask()), "patrolTasks/x");
  const patrol::v1::PatrolTask task = NewTask();
  const patrol::v1::SubmitVisitRequest visit = VisitOf(task);
  twin.set_request(testing::Json(visit));
  twin.set_subject(task.name());
  twin.set_seq(1);
  twin.set_prev_hash("");
  const v1::PushResult result = phone.PushOne(phone.Sign(twin));
  EXPECT_EQ(result.verdict(), v1::ACCEPTED) << result.DebugString();
  EXPECT_TRUE(HasFlag(result, v1::CHAIN_FORK));
  EXPECT_EQ(result.time().grade(), v1::D);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM device_incident WHERE kind = 5"), "1");
}

TEST_F(PushTest, TheJournalOfTheAreaNamesThePhonesOperation) {
  Phone phone = Officer();
  server.clock().Advance(absl::Hours(1));
  const auto operation = phone.Visit(VisitOf(NewTask()));
  server.clock().Advance(absl::Hours(1));
  const v1::PushResult result = phone.PushOne(operation);
  std::vector<journal::v1::Entry> visits = Entries();
  std::erase_if(visits, [](const journal::v1::Entry& entry) { return entry.kind() != "visit"; });
  ASSERT_EQ(visits.size(), 1u);
  EXPECT_EQ(visits[0].actor().device(), phone.id.Bytes());
  EXPECT_EQ(visits[0].op_digest(), crypto::Sha256(operation.body()));
  EXPECT_EQ(visits[0].op_signature(), operation.signature());
  EXPECT_EQ(visits[0].time().earliest_us(), absl::ToUnixMicros(TimeOf(result.time().earliest_time())));
  EXPECT_EQ(visits[0].time().latest_us(), absl::ToUnixMicros(TimeOf(result.time().latest_time())));
}

TEST_F(PushTest, TakesAFindMadeOffline) {
  Phone phone = Officer();
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
  v1::OperationBody body =
      phone.Body("casework.v1.CaseworkService/SubmitSignal", request, "signals/" + request.signal_id());
  for (const auto& photo : signal.evidence()) body.add_photos()->set_sha256(photo.media().substr(6));
  const v1::PushResponse response = phone.Push({phone.Sign(body)});
  ASSERT_EQ(response.results(0).verdict(), v1::ACCEPTED) << response.DebugString();
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM signal_file WHERE LOWER(HEX(signal_id)) = REPLACE('" +
                request.signal_id() + "', '-', '')"),
            "1");
  EXPECT_EQ(response.missing_photos_size(), 2);
}

TEST_F(PushTest, AsksForPhotosUntilTheyAreWholeAndGivesReceipts) {
  Phone phone = Officer();
  const std::string photo = testing::Jpeg(40, 30);
  const std::string digest = absl::BytesToHexString(crypto::Sha256(photo));
  const patrol::v1::PatrolTask task = NewTask();
  v1::OperationBody body = phone.Body("patrol.v1.PatrolService/SubmitVisit", VisitOf(task), task.name());
  body.add_photos()->set_sha256(digest);
  const v1::PushResponse first = phone.Push({phone.Sign(body)});
  ASSERT_EQ(first.missing_photos_size(), 1);
  EXPECT_EQ(first.missing_photos(0), digest);
  EXPECT_EQ(first.photo_receipts_size(), 0);

  media::v1::UploadMediaRequest upload;
  upload.set_content(photo);
  upload.set_sha256(digest);
  ASSERT_TRUE(Call<media::v1::Media>(phone.token, "media.v1.MediaService/UploadMedia", upload).ok());
  server.clock().Advance(absl::Minutes(1));
  const auto lost = phone.TryPush({});  // its answer never comes
  ASSERT_TRUE(lost.ok());
  EXPECT_EQ(lost->photo_receipts_size(), 1);
  server.clock().Advance(absl::Minutes(1));
  const v1::PushResponse second = phone.Push({});
  EXPECT_EQ(second.missing_photos_size(), 0);
  ASSERT_EQ(second.photo_receipts_size(), 1);
  EXPECT_EQ(second.photo_receipts(0).sha256(), digest);
  EXPECT_EQ(second.photo_receipts(0).receipt(), lost->photo_receipts(0).receipt());
  EXPECT_EQ(phone.Push({}).photo_receipts_size(), 0) << "the phone showed that it has it";
}

TEST_F(PushTest, NotesWhatIsStillOnThePhone) {
  Phone phone = Officer();
  v1::PushRequest request;
  request.set_device(phone.name);
  request.set_pending_operations(7);
  request.set_pending_photos(3);
  ASSERT_TRUE(Call<v1::PushResponse>(phone.token, "sync.v1.SyncService/Push", request).ok());
  v1::GetDeviceRequest get;
  get.set_name(phone.name);
  const auto device = Call<v1::Device>(phone.token, "sync.v1.DeviceService/GetDevice", get);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_EQ(device->pending_operations(), 7);
  EXPECT_EQ(device->pending_photos(), 3);
  EXPECT_EQ(TimeOf(device->sync_time()), Now());
}

}  // namespace
}  // namespace gridwarden::sync
