#include <functional>
#include <map>

#include "casework/casework.h"
#include "gridwarden/casework/v1/closing_service.pb.h"
#include "service/sync/sync_world.h"
#include "support/plain_policy.h"
#include "sync/offline_rpcs.h"

#undef FAR  // of zlib

// Every rpc of offline_rpcs.cc, done on a phone an hour before there is a network again: carried out once by
// the real area, answered again when it is sent again, and in the journal as the phone's.
namespace gridwarden::sync {
namespace {

using casework::v1::Case;
using casework::v1::Signal;
using domain::PostKind;
using google::protobuf::Message;
using testing::City;
using testing::Phone;
using testing::TimeOf;
using type::v1::Evidence;

// What somebody can do offline now, and what it is about. Asked again it makes a request of its own: another
// one of the same.
struct Doable {
  Uuid person;
  std::string subject;
  std::function<std::unique_ptr<Message>()> request;
};

class ReplayTest : public testing::SyncTest, public ::testing::WithParamInterface<OfflineRpc> {
 protected:
  ReplayTest() : SyncTest(testing::PlainPolicy()) {}

  static constexpr char kCasework[] = "casework.v1.CaseworkService/";

  Uuid Patrol() const { return City().PersonIn(PostKind::kPatrolOfficer, village); }
  Uuid Fixer() const { return City().PersonIn(PostKind::kGridOfficer, village); }
  Uuid Bureau() const { return City().PersonIn(City().HandlerOf(City().bureaus[0]).id); }

  void AddPhoto(Evidence::Kind kind, google::protobuf::RepeatedPtrField<Evidence>* evidence) {
    media::v1::UploadMediaRequest upload;
    upload.set_content(testing::Jpeg(40, 30, 6, absl::StrCat("photo ", ++photos_)));
    upload.set_sha256(absl::BytesToHexString(crypto::Sha256(upload.content())));
    EXPECT_TRUE(Call<media::v1::Media>(office, "media.v1.MediaService/UploadMedia", upload).ok());
    Evidence& photo = *evidence->Add();
    photo.set_media("media/" + upload.sha256());
    photo.set_kind(kind);
  }
  template <typename Request>
  Request About(const std::string& name, std::initializer_list<Evidence::Kind> photos = {}) {
    Request request;
    request.set_name(name);
    if constexpr (requires { request.mutable_evidence(); }) {
      for (const Evidence::Kind kind : photos) AddPhoto(kind, request.mutable_evidence());
    }
    return request;
  }
  // Carried out over the network, now.
  template <typename Response, typename Request>
  Response Do(const std::string& token, const std::string& method, Request request) {
    request.set_request_id(NewId());
    if constexpr (requires { request.mutable_event_time(); }) {
      if constexpr (std::is_same_v<Response, Case>) *request.mutable_event_time() = testing::Stamp(Now());
    }
    const auto done = Call<Response>(token, method, request);
    EXPECT_TRUE(done.ok()) << method << ": " << done.status();
    return done.value_or(Response());
  }

  casework::v1::SubmitSignalRequest Find(const std::string& category) {
    casework::v1::SubmitSignalRequest request;
    request.set_signal_id(NewId());
    Signal& signal = *request.mutable_signal();
    signal.set_channel(Signal::PATROL);
    signal.set_category(category);
    signal.set_division(ResourceName("divisions", village));
    for (const Evidence::Kind kind : {Evidence::NEAR, Evidence::FAR})
      AddPhoto(kind, signal.mutable_evidence());
    return request;
  }
  // Somebody told of something, and an officer is asked to look.
  Signal AskedLead() {
    casework::v1::SubmitSignalRequest lead = Find("DUST");
    lead.mutable_signal()->set_channel(Signal::HOTLINE);
    lead.mutable_signal()->clear_evidence();
    *lead.mutable_signal()->mutable_event_time() = testing::Stamp(Now());
    auto ask = About<casework::v1::RequestOnsiteCheckRequest>(
        Do<Signal>(office, absl::StrCat(kCasework, "SubmitSignal"), lead).name());
    ask.set_post(PostName(PostKind::kPatrolOfficer, village));
    return Do<Signal>(office, absl::StrCat(kCasework, "RequestOnsiteCheck"), ask);
  }
  // On the straight way up to a state, which MONITORING ends.
  Case CaseIn(Case::State state, const std::string& category = "DUST") {
    casework::v1::SubmitSignalRequest find = Find(category);
    *find.mutable_signal()->mutable_event_time() = testing::Stamp(Now());
    casework::v1::FileCaseRequest file;
    file.set_signal(
        Do<Signal>(City().TokenOfPerson(Patrol()), absl::StrCat(kCasework, "SubmitSignal"), find).name());
    const std::string name = Do<Case>(office, absl::StrCat(kCasework, "FileCase"), file).name();
    auto dispatch = About<casework::v1::DispatchCaseRequest>(name);
    dispatch.set_handler(PostName(PostKind::kGridOfficer, village));
    dispatch.add_cooperators(ResourceName("units", City().bureaus[0]));
    Case at = Do<Case>(office, absl::StrCat(kCasework, "DispatchCase"), dispatch);
    const std::string fixer = City().TokenOfPerson(Fixer());
    if (at.state() != state)
      at = Do<Case>(fixer, absl::StrCat(kCasework, "AcceptCase"),
                    About<casework::v1::AcceptCaseRequest>(name));
    if (at.state() != state) {
      (void)Do<Case>(City().TokenOfPerson(Bureau()), "casework.v1.ClosingService/SubmitPart", Part(name));
      (void)Do<Case>(fixer, absl::StrCat(kCasework, "SubmitFeedback"), Feedback(name));
      at = Do<Case>(office, absl::StrCat(kCasework, "AssignCheck"),
                    About<casework::v1::AssignCheckRequest>(name));
    }
    if (at.state() != state) {
      (void)Do<Case>(City().TokenOfPerson(CheckerOf(at)), absl::StrCat(kCasework, "SubmitCheck"),
                     Check(name));
      auto sign = About<casework::v1::SignOffRequest>(name);
      sign.set_sign(true);
      (void)Do<Case>(City().TokenOf(PostKind::kGridLeader, township), absl::StrCat(kCasework, "SignOff"),
                     sign);
      at = Watched(name);
    }
    EXPECT_EQ(at.state(), state) << at.DebugString();
    return at;
  }
  // What the case was closed with has been read in the feed.
  Case Watched(const std::string& name) {
    const AreaContext& context = server.context();
    const casework::Casework area{context.database, context.directory, context.policy, context.channel};
    journal::FeedEntry closing;
    closing.entry = Entries().back();
    const absl::Status read = context.database.Run([&](db::Transaction& tx) {
      return casework::MonitorOnClosing(area, rpc::Call::System("feed", Now()), tx, closing);
    });
    EXPECT_TRUE(read.ok()) << read;
    casework::v1::GetCaseRequest get;
    get.set_name(name);
    const auto watched = Call<Case>(office, absl::StrCat(kCasework, "GetCase"), get);
    EXPECT_TRUE(watched.ok()) << watched.status();
    return watched.value_or(Case());
  }
  static Uuid CheckerOf(const Case& file) {
    return City().PersonIn(ParseResourceName("posts", file.check_post()).value_or(Uuid()));
  }

  casework::v1::SubmitPartRequest Part(const std::string& name) {
    auto request = About<casework::v1::SubmitPartRequest>(name, {Evidence::AFTER});
    request.set_unit(ResourceName("units", City().bureaus[0]));
    return request;
  }
  casework::v1::SubmitFeedbackRequest Feedback(const std::string& name) {
    return About<casework::v1::SubmitFeedbackRequest>(name, {Evidence::BEFORE, Evidence::AFTER});
  }
  casework::v1::SubmitCheckRequest Check(const std::string& name) {
    auto request = About<casework::v1::SubmitCheckRequest>(name, {Evidence::AFTER});
    request.set_result(casework::v1::SubmitCheckRequest::PASS);
    return request;
  }

  template <typename Make>
  static Doable By(const Uuid& person, const std::string& subject, Make make) {
    return {person, subject, [make] { return std::make_unique<decltype(make())>(make()); }};
  }
  // One example of each; an rpc that may be done offline and has none fails.
  std::map<std::string_view, std::function<Doable()>> Examples() {
    return {
        {"SubmitSignal",
         [this] {
           const auto find = Find("DUST");
           return By(Patrol(), "signals/" + find.signal_id(), [find] { return find; });
         }},
        {"SubmitOnsiteCheck",
         [this] {
           const std::string name = AskedLead().name();
           return By(Patrol(), name, [this, name] {
             auto request =
                 About<casework::v1::SubmitOnsiteCheckRequest>(name, {Evidence::NEAR, Evidence::FAR});
             request.set_result(Signal::OnsiteCheck::EXISTS);
             return request;
           });
         }},
        {"AcceptCase",
         [this] {
           const std::string name = CaseIn(Case::DISPATCHED).name();
           return By(Fixer(), name, [this, name] { return About<casework::v1::AcceptCaseRequest>(name); });
         }},
        {"SubmitFeedback",
         [this] {
           const std::string name = CaseIn(Case::HANDLING).name();
           (void)Do<Case>(City().TokenOfPerson(Bureau()), "casework.v1.ClosingService/SubmitPart",
                          Part(name));
           return By(Fixer(), name, [this, name] { return Feedback(name); });
         }},
        {"SubmitCheck",
         [this] {
           const Case file = CaseIn(Case::CHECKING);
           return By(CheckerOf(file), file.name(), [this, name = file.name()] { return Check(name); });
         }},
        {"SubmitRecheck",
         [this] {
           const Case file = CaseIn(Case::MONITORING);
           server.clock().Set(TimeOf(file.recheck_time()));
           return By(Patrol(), file.name(), [this, name = file.name()] {
             auto request = About<casework::v1::SubmitRecheckRequest>(name, {Evidence::NEAR});
             request.set_result(casework::v1::SubmitRecheckRequest::HELD);
             return request;
           });
         }},
        {"SubmitPart",
         [this] {
           const std::string name = CaseIn(Case::HANDLING).name();
           return By(Bureau(), name, [this, name] { return Part(name); });
         }},
        {"StopProduction",
         [this] {
           const std::string name = CaseIn(Case::HANDLING, "KILN").name();
           return By(Patrol(), name, [this, name] {
             return About<casework::v1::StopProductionRequest>(name, {Evidence::NEAR});
           });
         }},
        {"StartPatrolTask",
         [this] {
           const std::string name = NewTask().name();
           return By(Patrol(), name,
                     [this, name] { return About<patrol::v1::StartPatrolTaskRequest>(name); });
         }},
        {"SubmitVisit",
         [this] {
           const patrol::v1::PatrolTask task = NewTask();
           return By(Patrol(), task.name(), [task] { return VisitOf(task); });
         }},
        {"RecordObservation",
         [this] {
           const std::string name = NewTask().name();
           return By(Patrol(), name, [name] {
             v1::RecordObservationRequest request;
             request.set_subject(name);
             request.set_kind(v1::Observation::EVIDENCE);
             request.set_note("又看了一眼");
             return request;
           });
         }},
    };
  }

 private:
  int photos_ = 0;
};

TEST_P(ReplayTest, IsCarriedOutOnceAsThePhonesAndJudgedByItsState) {
  const OfflineRpc& rpc = GetParam();
  const std::string_view verb = rpc.method.substr(rpc.method.rfind('/') + 1);
  const auto examples = Examples();
  const auto example = examples.find(verb);
  ASSERT_NE(example, examples.end()) << rpc.method << " has no example here";
  const Doable doable = example->second();

  Phone phone(server, doable.person);
  phone.Begin();
  server.clock().Advance(absl::Minutes(10));
  const std::string method(rpc.method.substr(rpc.method.find('.') + 1));
  const auto operation = phone.Sign(phone.Body(method, *doable.request(), doable.subject));
  const auto another = phone.Sign(phone.Body(method, *doable.request(), doable.subject));
  server.clock().Advance(absl::Hours(1));
  const size_t before = Entries().size();
  const v1::PushResult result = phone.PushOne(operation);
  ASSERT_EQ(result.verdict(), v1::ACCEPTED) << result.DebugString();
  EXPECT_EQ(result.time().grade(), v1::C);

  const std::vector<journal::v1::Entry> entries = Entries();
  ASSERT_GT(entries.size(), before);
  for (size_t i = before; i < entries.size(); ++i) {
    const journal::v1::Entry& entry = entries[i];
    EXPECT_EQ(entry.actor().device(), phone.id.Bytes()) << entry.kind();
    EXPECT_EQ(entry.op_digest(), crypto::Sha256(operation.body())) << entry.kind();
    EXPECT_EQ(entry.op_signature(), operation.signature()) << entry.kind();
    EXPECT_EQ(entry.time().earliest_us(), absl::ToUnixMicros(TimeOf(result.time().earliest_time())))
        << entry.kind();
    EXPECT_EQ(entry.time().latest_us(), absl::ToUnixMicros(TimeOf(result.time().latest_time())))
        << entry.kind();
  }

  server.clock().Advance(absl::Minutes(1));
  const v1::PushResult again = phone.PushOne(operation);
  EXPECT_EQ(again.verdict(), v1::DUPLICATE);
  EXPECT_EQ(again.answer(), result.answer());
  EXPECT_EQ(Entries().size(), entries.size()) << "done once";

  // The state has moved on: a fact is kept as what somebody said, a command is refused, and whatever changes
  // no state is taken as often as it is said.
  const v1::PushResult second = phone.PushOne(another);
  const v1::Verdict expected = rpc.fact ? v1::ASSERTED : rpc.area == "sync" ? v1::ACCEPTED : v1::REFUSED;
  EXPECT_EQ(second.verdict(), expected) << second.DebugString();
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM observation WHERE kind = " + absl::StrCat(v1::Observation::ASSERTION)),
            rpc.fact ? "1" : "0");
  if (rpc.fact) {
    EXPECT_EQ(ObservationsOf(doable.subject, office).observations(0).rpc(), rpc.method);
  }
}

INSTANTIATE_TEST_SUITE_P(Offline, ReplayTest, ::testing::ValuesIn(OfflineRpcs().begin(), OfflineRpcs().end()),
                         [](const ::testing::TestParamInfo<OfflineRpc>& info) {
                           return std::string(info.param.method.substr(info.param.method.rfind('/') + 1));
                         });

}  // namespace
}  // namespace gridwarden::sync
