// Applications: the eight cases of every rpc, and what becomes of a case when others agree or refuse.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>

#include "casework/accept_case.h"
#include "casework/application_repository.h"
#include "casework/case_repository.h"
#include "casework/signal_repository.h"
#include "casework/timestamps.h"
#include "google/protobuf/message.h"
#include "gridwarden/casework/v1/application_service.pb.h"
#include "gridwarden/casework/v1/closing_service.pb.h"
#include "platform/rpc/channel.h"
#include "service/casework/casework_world.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Application;
using casework::v1::Case;
using casework::v1::Limit;
using domain::PostKind;
using google::protobuf::Message;

constexpr std::string_view kService = "gridwarden.casework.v1.ApplicationService/";

template <typename Response>
absl::StatusOr<Response> Ask(const std::string& token, std::string_view rpc, const auto& request) {
  return World().server().Call<Response>(token, std::string(kService) + std::string(rpc), request);
}

template <typename Request>
Request Named(const std::string& name) {
  Request request;
  request.set_request_id(CaseworkWorld::NewId());
  request.set_name(name);
  return request;
}

casework::v1::RequestPostponementRequest Postponement(const std::string& name, int hours = 24,
                                                      const char* reason = "WEATHER") {
  auto request = Named<casework::v1::RequestPostponementRequest>(name);
  request.set_reason_code(reason);
  request.set_statement("连续阴雨，无法硬化地面");
  request.mutable_extend()->set_calendar(Limit::CONTINUOUS);
  request.mutable_extend()->mutable_span()->set_seconds(hours * 3600);
  return request;
}

casework::v1::RequestPostponementRequest WithForm(casework::v1::RequestPostponementRequest request) {
  request.set_document_no("延〔2026〕3号");
  World().AddPhoto(type::v1::Evidence::DOCUMENT, request.mutable_evidence());
  return request;
}

casework::v1::RequestSuspensionRequest Suspension(const std::string& name) {
  auto request = Named<casework::v1::RequestSuspensionRequest>(name);
  request.set_reason_code("SEASON");
  request.set_end_condition("开春解冻");
  request.set_plan("四月复工整改");
  request.set_interim_control("覆盖并每周巡查");
  request.set_post(World().FixerPost());
  return request;
}

casework::v1::RequestForcedClosingRequest ForcedClosing(const std::string& name) {
  auto request = Named<casework::v1::RequestForcedClosingRequest>(name);
  request.set_reason_code("SUBJECT_GONE");
  request.set_statement("厂房已拆除");
  request.set_document_no("县攻坚办〔2026〕9号");
  return request;
}

casework::v1::RequestVoidingRequest Voiding(const std::string& name) {
  auto request = Named<casework::v1::RequestVoidingRequest>(name);
  request.set_reason_code("WRONG_ENTRY");
  request.set_statement("误将邻县地块录入");
  return request;
}

casework::v1::DecideApplicationRequest Decision(const std::string& name, bool agrees = true) {
  auto request = Named<casework::v1::DecideApplicationRequest>(name);
  request.set_agrees(agrees);
  if (!agrees) request.set_reason("理由不充分");
  return request;
}

std::string CountyLeader() { return World().Token(PostKind::kGridLeader, World().county); }
std::string CityOffice() { return World().Token(PostKind::kCampaignOffice, City().city); }

Application APostponement(const std::string& name) {
  const auto made = Ask<Application>(World().Fixer(), "RequestPostponement", Postponement(name));
  EXPECT_TRUE(made.ok()) << made.status();
  return made.value_or(Application());
}

absl::StatusOr<Application> Decide(const std::string& token, const std::string& name, bool agrees = true) {
  return Ask<Application>(token, "DecideApplication", Decision(name, agrees));
}

Case ASuspendedCase() {
  const std::string name = World().CaseIn(Case::HANDLING).name();
  const auto made = Ask<Application>(World().Fixer(), "RequestSuspension", Suspension(name));
  EXPECT_TRUE(made.ok()) << made.status();
  EXPECT_TRUE(Decide(World().CountyOffice(), made->name()).ok());
  return World().Get(name);
}

struct Command {
  const char* method;
  const char* required;
  std::function<std::string(CaseworkWorld&)> ready, unready;
  std::function<std::unique_ptr<Message>(const std::string& name)> request;
  std::function<std::string()> right, wrong_role, wrong_grid;
  const char* refusal;  // from the wrong state
};

template <typename Request>
std::unique_ptr<Message> Own(Request request) {
  return std::make_unique<Request>(std::move(request));
}

std::string InHandling(CaseworkWorld& world) { return world.CaseIn(Case::HANDLING).name(); }
std::string InChecking(CaseworkWorld& world) { return world.CaseIn(Case::CHECKING).name(); }
std::string InMonitoring(CaseworkWorld& world) { return world.CaseIn(Case::MONITORING).name(); }
std::string Pending(CaseworkWorld& world) { return APostponement(InHandling(world)).name(); }
std::string Refused(CaseworkWorld& world) {
  const std::string name = Pending(world);
  EXPECT_TRUE(Decide(world.Dispatcher(), name, false).ok());
  return name;
}
std::string Resting(CaseworkWorld&) { return ASuspendedCase().name(); }

std::function<std::string()> At(PostKind kind, Uuid CaseworkWorld::*place) {
  return [kind, place] { return World().Token(kind, World().*place); };
}
std::function<std::string()> In(PostKind kind, const Uuid& place) {
  return [kind, place] { return World().Token(kind, place); };
}

std::vector<Command> Commands() {
  const auto fixer = At(PostKind::kGridOfficer, &CaseworkWorld::village);
  const auto other_fixer = In(PostKind::kGridOfficer, City().villages[1][1][1]);
  const auto supervisor = At(PostKind::kSupervisionOfficer, &CaseworkWorld::village);
  const auto village_leader = At(PostKind::kGridLeader, &CaseworkWorld::village);
  const auto town_office = At(PostKind::kCampaignOffice, &CaseworkWorld::township);
  const auto other_town_office = In(PostKind::kCampaignOffice, City().townships[1][1]);
  const auto county_office = At(PostKind::kCampaignOffice, &CaseworkWorld::county);
  const auto other_county_office = In(PostKind::kCampaignOffice, City().counties[1]);
  return {
      {"RequestPostponement", "statement", InHandling, InChecking,
       [](const std::string& name) { return Own(Postponement(name)); }, fixer, supervisor, other_fixer,
       "ILLEGAL_TRANSITION"},
      {"RequestSuspension", "plan", InHandling, InChecking,
       [](const std::string& name) { return Own(Suspension(name)); }, fixer, supervisor, other_fixer,
       "ILLEGAL_TRANSITION"},
      {"RequestForcedClosing", "document_no", InHandling, InMonitoring,
       [](const std::string& name) { return Own(ForcedClosing(name)); }, county_office, town_office,
       other_county_office, "ILLEGAL_TRANSITION"},
      {"RequestVoiding", "statement", InHandling, InMonitoring,
       [](const std::string& name) { return Own(Voiding(name)); }, town_office, village_leader,
       other_town_office, "ILLEGAL_TRANSITION"},
      {"DecideApplication", "name", Pending, Refused,
       [](const std::string& name) { return Own(Decision(name)); }, town_office, village_leader,
       other_town_office, "ALREADY_DECIDED"},
      {"WithdrawApplication", "name", Pending, Refused,
       [](const std::string& name) { return Own(Named<casework::v1::WithdrawApplicationRequest>(name)); },
       fixer, supervisor, other_fixer, "ALREADY_DECIDED"},
      {"ReviewSuspension", "reason", Resting, InHandling,
       [](const std::string& name) {
         auto request = Named<casework::v1::ReviewSuspensionRequest>(name);
         request.set_reason("冻土未化，继续挂账");
         return Own(request);
       },
       county_office, town_office, other_county_office, "ILLEGAL_TRANSITION"},
      {"ResumeCase", "reason", Resting, InHandling,
       [](const std::string& name) {
         auto request = Named<casework::v1::ResumeCaseRequest>(name);
         request.set_reason("已解冻");
         return Own(request);
       },
       fixer, supervisor, other_fixer, "ILLEGAL_TRANSITION"},
  };
}

class EveryApplicationCommand : public ::testing::TestWithParam<Command> {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  absl::StatusOr<std::string> Send(const std::string& token, const Message& request) {
    rpc::Envelope envelope;
    envelope.method = std::string(kService) + GetParam().method;
    envelope.body = request.SerializeAsString();
    envelope.token = token;
    envelope.deadline = absl::Now() + absl::Seconds(30);
    return world.server().channel().Send(envelope);
  }
  std::string Rows() {
    return world.database().Ask(
        "SELECT CONCAT((SELECT COUNT(*) FROM journal_stage), '/', (SELECT COUNT(*) FROM case_event), '/', "
        "(SELECT COUNT(*) FROM application), '/', (SELECT COUNT(*) FROM application_decision), '/', "
        "(SELECT COUNT(*) FROM op_receipt), '/', (SELECT COUNT(*) FROM case_media))");
  }
};

TEST_P(EveryApplicationCommand, Works) {
  const std::string name = GetParam().ready(world);
  const auto answer = Send(GetParam().right(), *GetParam().request(name));
  EXPECT_TRUE(answer.ok()) << answer.status();
}

TEST_P(EveryApplicationCommand, IsRefusedToAnotherRoleAndLeavesNoTrace) {
  const std::string name = GetParam().ready(world);
  const std::string before = Rows();
  const auto answer = Send(GetParam().wrong_role(), *GetParam().request(name));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kPermissionDenied) << answer.status();
  EXPECT_EQ(Rows(), before);
}

TEST_P(EveryApplicationCommand, IsRefusedToAnotherGrid) {
  const std::string name = GetParam().ready(world);
  const auto answer = Send(GetParam().wrong_grid(), *GetParam().request(name));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kPermissionDenied) << answer.status();
}

TEST_P(EveryApplicationCommand, IsRefusedFromAnotherStateAndLeavesNoTrace) {
  const std::string name = GetParam().unready(world);
  const std::string before = Rows();
  const auto answer = Send(GetParam().right(), *GetParam().request(name));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition) << answer.status();
  EXPECT_EQ(ReasonOf(answer.status()), GetParam().refusal);
  EXPECT_EQ(Rows(), before);
}

TEST_P(EveryApplicationCommand, NamesAMissingField) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(name);
  request->GetReflection()->ClearField(request.get(),
                                       request->GetDescriptor()->FindFieldByName(GetParam().required));
  const auto answer = Send(GetParam().right(), *request);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument) << answer.status();
  EXPECT_EQ(ReasonOf(answer.status()), "REQUIRED_FIELD_MISSING");
}

TEST_P(EveryApplicationCommand, IsRefusedOnAStaleEtag) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(name);
  request->GetReflection()->SetString(request.get(), request->GetDescriptor()->FindFieldByName("etag"),
                                      "999");
  const auto answer = Send(GetParam().right(), *request);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kAborted) << answer.status();
  EXPECT_EQ(ReasonOf(answer.status()), "ETAG_MISMATCH");
}

TEST_P(EveryApplicationCommand, AnswersTheSameRequestTwiceAlikeAndDoesItOnce) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(name);
  const auto first = Send(GetParam().right(), *request);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string after_first = Rows();
  const auto second = Send(GetParam().right(), *request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(Rows(), after_first);
}

TEST_P(EveryApplicationCommand, RefusesAnotherPayloadUnderTheSameRequestId) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(name);
  ASSERT_TRUE(Send(GetParam().right(), *request).ok());
  request->GetReflection()->SetString(request.get(), request->GetDescriptor()->FindFieldByName("etag"), "1");
  const auto answer = Send(GetParam().right(), *request);
  EXPECT_EQ(ReasonOf(answer.status()), "REQUEST_ID_REUSED") << answer.status();
}

INSTANTIATE_TEST_SUITE_P(Casework, EveryApplicationCommand, ::testing::ValuesIn(Commands()),
                         [](const ::testing::TestParamInfo<Command>& info) {
                           return std::string(info.param.method);
                         });

class Applications : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  absl::StatusOr<Application> Postpone(const casework::v1::RequestPostponementRequest& request) {
    return Ask<Application>(world.Fixer(), "RequestPostponement", request);
  }
  Application Get(const std::string& name) {
    casework::v1::GetApplicationRequest request;
    request.set_name(name);
    return Ask<Application>(world.CountyOffice(), "GetApplication", request).value_or(Application());
  }
  static absl::Time Due(const Case& file) { return casework::FromTimestamp(file.due_time()); }
  static absl::Time TotalDue(const Case& file) { return casework::FromTimestamp(file.total_due_time()); }
};

TEST_F(Applications, PostponesByALedgerEntryWhenTheShiftLeaderAgrees) {
  const Case before = world.CaseIn(Case::HANDLING);
  const Application asked = APostponement(before.name());
  EXPECT_EQ(asked.state(), Application::PENDING);
  ASSERT_EQ(asked.seats_size(), 1);
  EXPECT_EQ(asked.seats(0), "SHIFT_LEADER");
  EXPECT_EQ(Due(world.Get(before.name())), Due(before));  // asking moves nothing
  ASSERT_EQ(world.Get(before.name()).pending_applications_size(), 1);

  const auto decided = Decide(world.Dispatcher(), asked.name());
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->state(), Application::APPROVED);
  const Case after = world.Get(before.name());
  EXPECT_EQ(after.state(), Case::HANDLING);
  EXPECT_EQ(Due(after), Due(before) + absl::Hours(24));
  EXPECT_EQ(TotalDue(after), TotalDue(before) + absl::Hours(24));
  ASSERT_EQ(after.ledger_size(), 1);
  EXPECT_EQ(after.ledger(0).application(), asked.name());
  EXPECT_EQ(after.pending_applications_size(), 0);
}

TEST_F(Applications, MoveNothingWhenTheyAreRefusedOrWithdrawn) {
  const Case before = world.CaseIn(Case::HANDLING);
  EXPECT_EQ(Decide(world.Dispatcher(), APostponement(before.name()).name(), false)->state(),
            Application::REFUSED);
  const auto withdrawn =
      Ask<Application>(world.Fixer(), "WithdrawApplication",
                       Named<casework::v1::WithdrawApplicationRequest>(APostponement(before.name()).name()));
  ASSERT_TRUE(withdrawn.ok()) << withdrawn.status();
  EXPECT_EQ(withdrawn->state(), Application::WITHDRAWN);
  const Case after = world.Get(before.name());
  EXPECT_EQ(Due(after), Due(before));
  EXPECT_EQ(after.ledger_size(), 0);
  EXPECT_EQ(after.pending_applications_size(), 0);
}

TEST_F(Applications, NeedTheFormAndTwoPeopleForASecondPostponement) {
  const std::string name = InHandling(world);
  ASSERT_TRUE(Decide(world.Dispatcher(), APostponement(name).name()).ok());
  EXPECT_EQ(ReasonOf(Postpone(Postponement(name)).status()), "INVALID_FIELD");  // document_no
  auto without_scan = Postponement(name);
  without_scan.set_document_no("延〔2026〕3号");
  EXPECT_EQ(ReasonOf(Postpone(without_scan).status()), "EVIDENCE_MISSING");
  const auto second = Postpone(WithForm(Postponement(name)));
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_EQ(second->seats_size(), 2);

  const auto county = Decide(world.CountyOffice(), second->name());
  ASSERT_TRUE(county.ok()) << county.status();
  EXPECT_EQ(county->state(), Application::PENDING);
  EXPECT_EQ(ReasonOf(Decide(world.CountyOffice(), second->name()).status()), "ANOTHER_PERSON_NEEDED");
  EXPECT_EQ(ReasonOf(Decide(CountyLeader(), second->name()).status()), "ANOTHER_PERSON_NEEDED");
  const auto town = Decide(world.Dispatcher(), second->name());
  ASSERT_TRUE(town.ok()) << town.status();
  EXPECT_EQ(town->state(), Application::APPROVED);
  EXPECT_EQ(world.Get(name).ledger_size(), 2);
}

TEST_F(Applications, TreatWorksAsASecondPostponement) {
  const std::string name = InHandling(world);
  const auto works = Postpone(WithForm(Postponement(name, 24, "ENGINEERING")));
  ASSERT_TRUE(works.ok()) << works.status();
  EXPECT_EQ(works->seats_size(), 2);
}

TEST_F(Applications, ArePostponedNeitherBeyondTheCapNorAfterTheClockRanOut) {
  const std::string name = InHandling(world);
  EXPECT_EQ(ReasonOf(Postpone(Postponement(name, 97)).status()), "POSTPONEMENT_TOO_LONG");
  world.clock().Advance(absl::Hours(73));
  EXPECT_EQ(ReasonOf(Postpone(Postponement(name)).status()), "HANDLING_OVERDUE");
}

TEST_F(Applications, NeverPostponeWhatMustBePutOutAtOnce) {
  const std::string name = world.CaseIn(Case::HANDLING, "FIREWORKS").name();
  EXPECT_EQ(ReasonOf(Postpone(Postponement(name)).status()), "POSTPONEMENT_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Ask<Application>(world.Fixer(), "RequestSuspension", Suspension(name)).status()),
            "SUSPENSION_NOT_ALLOWED");
}

TEST_F(Applications, RefuseAReasonThatIsNotListedAndASecondOneOfAKind) {
  const std::string name = InHandling(world);
  EXPECT_EQ(ReasonOf(Postpone(Postponement(name, 24, "LAZINESS")).status()), "REASON_NOT_LISTED");
  APostponement(name);
  const auto twice = Postpone(Postponement(name));
  EXPECT_EQ(ReasonOf(twice.status()), "APPLICATION_PENDING");
  // Of another kind one may wait beside it.
  EXPECT_TRUE(Ask<Application>(world.Dispatcher(), "RequestVoiding", Voiding(name)).ok());
}

TEST_F(Applications, KeepTheHandlersRatioOfTheMonth) {
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i) names.push_back(InHandling(world));
  APostponement(names[0]);
  APostponement(names[1]);
  const auto third = Postpone(Postponement(names[2]));
  EXPECT_EQ(ReasonOf(third.status()), "POSTPONEMENT_QUOTA");
  EXPECT_EQ(FactsOf(third.status())->metadata.at("count"), "3");
  EXPECT_EQ(FactsOf(third.status())->metadata.at("cases"), "4");
}

TEST_F(Applications, CountAUnitAndItsPostsAsOneHandler) {
  const std::string unit = ResourceName("units", City().bureaus[0]);
  const Uuid post = City().HandlerOf(City().bureaus[0]).id;
  const std::string desk = City().TokenOfPerson(City().PersonIn(post));
  std::vector<std::string> names;
  for (const std::string& handler : {unit, ResourceName("posts", post), unit}) {
    const std::string name = world.CaseIn(Case::FILED).name();
    auto dispatch = world.DispatchRequest(name);
    dispatch.set_handler(handler);
    ASSERT_TRUE(world.Call<Case>(world.Dispatcher(), "DispatchCase", dispatch).ok());
    ASSERT_TRUE(world.Call<Case>(desk, "AcceptCase", world.AcceptRequest(name)).ok());
    names.push_back(name);
  }
  EXPECT_TRUE(Ask<Application>(desk, "RequestPostponement", Postponement(names[0])).ok());
  EXPECT_EQ(ReasonOf(Ask<Application>(desk, "RequestPostponement", Postponement(names[1])).status()),
            "POSTPONEMENT_QUOTA");
}

TEST_F(Applications, LapseWhenTheCaseMovesOn) {
  const std::string name = InHandling(world);
  const Application postponement = APostponement(name);
  const auto voiding = Ask<Application>(world.Dispatcher(), "RequestVoiding", Voiding(name));
  ASSERT_TRUE(voiding.ok()) << voiding.status();
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(name)).ok());
  EXPECT_EQ(Get(postponement.name()).state(), Application::LAPSED);
  EXPECT_EQ(Get(voiding->name()).state(), Application::PENDING);
  EXPECT_EQ(world.Get(name).pending_applications_size(), 1);
  EXPECT_EQ(ReasonOf(Decide(world.Dispatcher(), postponement.name()).status()), "ALREADY_DECIDED");
}

TEST_F(Applications, SuspendOnlyByTheCountyAndStopBothClocks) {
  const Case before = world.CaseIn(Case::HANDLING);
  const auto asked = Ask<Application>(world.Fixer(), "RequestSuspension", Suspension(before.name()));
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(ReasonOf(Decide(world.Dispatcher(), asked->name()).status()), "NOT_ALLOWED");
  world.clock().Advance(absl::Hours(10));
  ASSERT_TRUE(Decide(world.CountyOffice(), asked->name()).ok());
  const Case resting = world.Get(before.name());
  EXPECT_EQ(resting.state(), Case::SUSPENDED);
  EXPECT_EQ(Due(resting), world.clock().Now() + absl::Hours(30 * 24));
  EXPECT_FALSE(resting.has_total_due_time());
  EXPECT_EQ(resting.suspension().reason_code(), "SEASON");
  EXPECT_EQ(resting.suspension().review_due_time().seconds(), resting.due_time().seconds());

  world.clock().Advance(absl::Hours(29 * 24));
  auto review = Named<casework::v1::ReviewSuspensionRequest>(before.name());
  review.set_reason("冻土未化");
  const auto reviewed = Ask<Case>(world.CountyOffice(), "ReviewSuspension", review);
  ASSERT_TRUE(reviewed.ok()) << reviewed.status();
  EXPECT_EQ(Due(*reviewed), world.clock().Now() + absl::Hours(30 * 24));
  EXPECT_EQ(reviewed->suspension().review_count(), 1);

  world.clock().Advance(absl::Hours(24));
  auto resume = Named<casework::v1::ResumeCaseRequest>(before.name());
  resume.set_reason("已解冻");
  const auto resumed = Ask<Case>(world.Fixer(), "ResumeCase", resume);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(resumed->state(), Case::HANDLING);
  EXPECT_EQ(Due(*resumed), Due(before) + absl::Hours(30 * 24));
  EXPECT_EQ(TotalDue(*resumed), TotalDue(before) + absl::Hours(30 * 24));
}

TEST_F(Applications, EndARestByWhateverEndsTheCase) {
  const Case resting = ASuspendedCase();
  world.clock().Advance(absl::Hours(5));
  const auto voiding = Ask<Application>(world.Dispatcher(), "RequestVoiding", Voiding(resting.name()));
  ASSERT_TRUE(voiding.ok()) << voiding.status();
  ASSERT_TRUE(Decide(world.CountyOffice(), voiding->name()).ok());
  const Case over = world.Get(resting.name());
  EXPECT_EQ(over.state(), Case::VOIDED);
  EXPECT_TRUE(over.ledger(0).has_to_time());
  EXPECT_EQ(over.suspension().end_time().seconds(), over.ledger(0).to_time().seconds());
  EXPECT_TRUE(over.has_total_due_time());
  EXPECT_FALSE(over.has_due_time());
}

TEST_F(Applications, ShowEverybodyWhatRestsAndNoWords) {
  const Case resting = ASuspendedCase();
  world.clock().Advance(absl::Hours(31 * 24));
  const std::string stranger = world.Token(PostKind::kPatrolOfficer, City().villages[1][2][3]);
  const auto list = Ask<casework::v1::ListSuspendedCasesResponse>(stranger, "ListSuspendedCases",
                                                                  casework::v1::ListSuspendedCasesRequest());
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->cases_size(), 1);
  EXPECT_EQ(list->cases(0).case_no(), resting.case_no());
  EXPECT_EQ(list->cases(0).reason_code(), "SEASON");
  EXPECT_TRUE(list->cases(0).review_overdue());
  EXPECT_EQ(list->DebugString().find("开春"), std::string::npos);
}

TEST_F(Applications, CloseByForceOnlyWithTheCountysLeaderAndNeverOnTime) {
  const std::string name = InHandling(world);
  const auto asked = Ask<Application>(world.CountyOffice(), "RequestForcedClosing", ForcedClosing(name));
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(ReasonOf(Decide(world.CountyOffice(), asked->name()).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Decide(world.Leader(), asked->name()).status()), "NOT_ALLOWED");  // of the township
  const auto decided = Decide(CountyLeader(), asked->name());
  ASSERT_TRUE(decided.ok()) << decided.status();
  const Case closed = world.Get(name);
  EXPECT_EQ(closed.state(), Case::CLOSED);
  EXPECT_TRUE(closed.forced());
  EXPECT_FALSE(closed.closed_on_time());
  EXPECT_TRUE(closed.has_close_time());
  EXPECT_TRUE(closed.signer().empty());
}

TEST_F(Applications, DoNotCloseOverTheHeadOfAnIdentifiedReporterWhoDisputes) {
  const Case watched = world.CaseIn(Case::MONITORING);
  auto dispute = Named<casework::v1::DisputeClosingRequest>(watched.name());
  dispute.set_statement("仍在生产");
  ASSERT_TRUE(
      world.server()
          .Call<Case>(world.CountyOffice(), "gridwarden.casework.v1.ClosingService/DisputeClosing", dispute)
          .ok());
  // Nobody known reported it: the county may close it.
  const auto allowed =
      Ask<Application>(world.CountyOffice(), "RequestForcedClosing", ForcedClosing(watched.name()));
  ASSERT_TRUE(allowed.ok()) << allowed.status();
  // With an identified reporter neither the request nor a decision made before goes through.
  const absl::Status marked = world.database().database().Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(auto signal, casework::LockSignal(tx, watched.signals(0)));
    signal.details.set_reporter_identified(true);
    ++signal.subject.seq;
    return casework::SaveSignal(tx, signal);
  });
  ASSERT_TRUE(marked.ok()) << marked;
  EXPECT_EQ(ReasonOf(Decide(CountyLeader(), allowed->name()).status()), "REPORTER_IN_DISPUTE");
  EXPECT_EQ(
      ReasonOf(Ask<Application>(world.CountyOffice(), "RequestForcedClosing", ForcedClosing(watched.name()))
                   .status()),
      "REPORTER_IN_DISPUTE");
}

TEST_F(Applications, VoidOnlyWithAnotherOfficeAndWithinTheRatio) {
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) names.push_back(InHandling(world));
  const auto asked = Ask<Application>(world.Dispatcher(), "RequestVoiding", Voiding(names[0]));
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(ReasonOf(Decide(world.Dispatcher(), asked->name()).status()), "NOT_ALLOWED");
  ASSERT_TRUE(Decide(world.CountyOffice(), asked->name()).ok());
  EXPECT_EQ(world.Get(names[0]).state(), Case::VOIDED);
  const auto second = Ask<Application>(world.Dispatcher(), "RequestVoiding", Voiding(names[1]));
  EXPECT_EQ(ReasonOf(second.status()), "VOIDING_QUOTA");
  // The county still may, and the city confirms.
  const auto county = Ask<Application>(world.CountyOffice(), "RequestVoiding", Voiding(names[1]));
  ASSERT_TRUE(county.ok()) << county.status();
  EXPECT_EQ(ReasonOf(Decide(world.CountyOffice(), county->name()).status()), "NOT_ALLOWED");
  EXPECT_TRUE(Decide(CityOffice(), county->name()).ok());
}

TEST_F(Applications, AreRememberedOncePerPersonAndSeatByKey) {
  const Application asked = APostponement(InHandling(world));
  const Uuid id = *ParseResourceName("applications", asked.name());
  const absl::Status twice = world.database().database().Run(
      [&](db::Transaction& tx) { return casework::InsertDecision(tx, id, asked.applicant()); });
  EXPECT_EQ(ReasonOf(twice), "ANOTHER_PERSON_NEEDED");
}

TEST_F(Applications, KeepTheirWordsOutOfTheJournal) {
  const Application asked = APostponement(InHandling(world));
  ASSERT_TRUE(Decide(world.Dispatcher(), asked.name(), false).ok());
  for (const journal::FeedEntry& entry : world.Entries()) {
    EXPECT_EQ(entry.entry.SerializeAsString().find("阴雨"), std::string::npos);
    EXPECT_EQ(entry.entry.SerializeAsString().find("理由不充分"), std::string::npos);
  }
  EXPECT_EQ(Get(asked.name()).statement(), "连续阴雨，无法硬化地面");
}

TEST_F(Applications, AreListedForWhoeverCouldDecide) {
  const std::string name = InHandling(world);
  const Application asked = APostponement(name);
  casework::v1::ListApplicationsRequest request;
  request.set_waiting_for_me(true);
  const auto of = [&](const std::string& token) {
    const auto list = Ask<casework::v1::ListApplicationsResponse>(token, "ListApplications", request);
    EXPECT_TRUE(list.ok()) << list.status();
    return list.ok() ? list->applications_size() : -1;
  };
  EXPECT_EQ(of(world.Dispatcher()), 1);
  EXPECT_EQ(of(world.CountyOffice()), 1);
  EXPECT_EQ(of(world.Leader()), 0);  // a grid leader has no seat here
  EXPECT_EQ(of(world.Fixer()), 0);   // nor has the applicant
  EXPECT_EQ(of(world.Token(PostKind::kCampaignOffice, City().townships[1][1])), 0);
  ASSERT_TRUE(Decide(world.Dispatcher(), asked.name()).ok());
  EXPECT_EQ(of(world.CountyOffice()), 0);

  request.Clear();
  request.set_case_(name);
  EXPECT_EQ(of(world.Fixer()), 1);
  request.Clear();
  request.add_states(Application::APPROVED);
  request.add_kinds(Application::VOIDING);
  EXPECT_EQ(of(world.CountyOffice()), 0);
  request.clear_kinds();
  EXPECT_EQ(of(world.CountyOffice()), 1);
}

TEST_F(Applications, ArePagedWithoutGapsOrDoubles) {
  for (int i = 0; i < 5; ++i) {
    APostponement(InHandling(world));
    world.clock().Advance(absl::Seconds(1));
    if (i == 1) break;
  }
  casework::v1::ListApplicationsRequest request;
  request.set_page_size(1);
  std::set<std::string> names;
  for (int pages = 0; pages < 5; ++pages) {
    const auto page =
        Ask<casework::v1::ListApplicationsResponse>(world.CountyOffice(), "ListApplications", request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const Application& one : page->applications()) EXPECT_TRUE(names.insert(one.name()).second);
    if (page->next_page_token().empty()) break;
    request.set_page_token(page->next_page_token());
  }
  EXPECT_EQ(names.size(), 2u);
}

TEST_F(Applications, AreConcealedFromOtherGround) {
  const Application asked = APostponement(InHandling(world));
  casework::v1::GetApplicationRequest request;
  request.set_name(asked.name());
  const std::string stranger = world.Token(PostKind::kCampaignOffice, City().counties[1]);
  const auto elsewhere = Ask<Application>(stranger, "GetApplication", request);
  request.set_name("applications/" + world.NewId());
  const auto nowhere = Ask<Application>(stranger, "GetApplication", request);
  EXPECT_EQ(elsewhere.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(elsewhere.status().message(), nowhere.status().message());
}

class ClockRuns : public Applications {
 protected:
  absl::StatusOr<casework::v1::ListClockRunsResponse> Runs(const std::string& name,
                                                           const std::string& token) {
    casework::v1::ListClockRunsRequest request;
    request.set_name(name);
    return Ask<casework::v1::ListClockRunsResponse>(token, "ListClockRuns", request);
  }
};

TEST_F(ClockRuns, AgreeWithWhatWasSavedThroughPostponementRestAndForce) {
  const Case file = world.CaseIn(Case::HANDLING);
  const auto agree = [&] {
    const auto runs = Runs(file.name(), world.Dispatcher());
    return runs.ok() && runs->agrees() && !runs->rules_changed();
  };
  EXPECT_TRUE(agree());
  ASSERT_TRUE(Decide(world.Dispatcher(), APostponement(file.name()).name()).ok());
  EXPECT_TRUE(agree());
  world.clock().Advance(absl::Hours(5));
  const auto suspension = Ask<Application>(world.Fixer(), "RequestSuspension", Suspension(file.name()));
  ASSERT_TRUE(Decide(world.CountyOffice(), suspension->name()).ok());
  EXPECT_TRUE(agree());
  world.clock().Advance(absl::Hours(100));
  auto resume = Named<casework::v1::ResumeCaseRequest>(file.name());
  resume.set_reason("已解冻");
  ASSERT_TRUE(Ask<Case>(world.Fixer(), "ResumeCase", resume).ok());
  EXPECT_TRUE(agree());
  const auto forced =
      Ask<Application>(world.CountyOffice(), "RequestForcedClosing", ForcedClosing(file.name()));
  ASSERT_TRUE(Decide(CountyLeader(), forced->name()).ok());
  const auto runs = Runs(file.name(), world.Dispatcher());
  ASSERT_TRUE(runs.ok()) << runs.status();
  EXPECT_TRUE(runs->agrees());
  EXPECT_TRUE(runs->forced());
  EXPECT_EQ(runs->ledger_size(), 2);
  ASSERT_EQ(runs->runs_size(), 4);  // dispatch, accept, handle, review
  EXPECT_EQ(runs->runs(2).stage(), "HANDLE");
  EXPECT_EQ(runs->runs(3).stage(), "REVIEW");
  EXPECT_EQ(casework::FromTimestamp(runs->runs(2).due_time()), Due(file) + absl::Hours(24 + 100));
}

TEST_F(ClockRuns, AgreeThroughChecksReworksAndTheWatch) {
  for (const Case::State state :
       {Case::FILED, Case::DISPATCHED, Case::CHECKING, Case::SIGN_OFF, Case::CLOSED, Case::MONITORING}) {
    const auto runs = Runs(world.CaseIn(state).name(), world.Dispatcher());
    ASSERT_TRUE(runs.ok()) << runs.status();
    EXPECT_TRUE(runs->agrees()) << Case::State_Name(state);
  }
}

TEST_F(ClockRuns, SayWhenARowWasAltered) {
  const Case file = world.CaseIn(Case::HANDLING);
  world.database().Ask("UPDATE case_file SET due_us = due_us + 3600000000");
  EXPECT_FALSE(Runs(file.name(), world.Dispatcher())->agrees());
}

TEST_F(ClockRuns, AreConcealedFromOtherGround) {
  const Case file = world.CaseIn(Case::HANDLING);
  const std::string stranger = world.Token(PostKind::kCampaignOffice, City().counties[1]);
  EXPECT_EQ(Runs(file.name(), stranger).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(Applications, ReturnOnlyWithinTheAcceptLimit) {
  const Case sent = world.CaseIn(Case::DISPATCHED);
  world.clock().Advance(absl::Hours(4) + absl::Seconds(1));
  auto request = Named<casework::v1::ReturnCaseRequest>(sent.name());
  request.set_reason("不属本岗位职责");
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Fixer(), "ReturnCase", request).status()), "RETURN_TOO_LATE");
}

TEST_F(Applications, JudgeAReturnByWhereTheCaseGoesNext) {
  for (const bool same : {true, false}) {
    const Case sent = world.CaseIn(Case::DISPATCHED);
    auto request = Named<casework::v1::ReturnCaseRequest>(sent.name());
    request.set_reason("不属本岗位职责");
    const auto returned = world.Call<Case>(world.Fixer(), "ReturnCase", request);
    ASSERT_TRUE(returned.ok()) << returned.status();
    ASSERT_EQ(returned->return_outcomes_size(), 1);
    EXPECT_EQ(returned->return_outcomes(0).outcome(), casework::v1::ReturnOutcome::UNDECIDED);
    auto again = world.DispatchRequest(sent.name());
    if (!same)
      again.set_handler(ResourceName("posts", City().PostOf(PostKind::kPatrolOfficer, world.village).id));
    const auto dispatched = world.Call<Case>(world.Dispatcher(), "DispatchCase", again);
    ASSERT_TRUE(dispatched.ok()) << dispatched.status();
    EXPECT_EQ(dispatched->return_outcomes(0).outcome(),
              same ? casework::v1::ReturnOutcome::WRONG : casework::v1::ReturnOutcome::UPHELD);
  }
}

TEST_F(Applications, AcceptAnIntervalOfTimeAndFlagAWideOne) {
  const Case sent = world.CaseIn(Case::DISPATCHED);
  world.clock().Advance(absl::Hours(4) + absl::Minutes(10));
  auto request = world.AcceptRequest(sent.name());
  *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
  *request.mutable_earliest_time() = casework::ToTimestamp(world.clock().Now() - absl::Minutes(30));
  const auto accepted = world.Call<Case>(world.Fixer(), "AcceptCase", request);
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  EXPECT_TRUE(accepted->time_uncertain());
  EXPECT_EQ(Due(*accepted), world.clock().Now() + absl::Hours(72));
  casework::v1::ListCaseEventsRequest events;
  events.set_name(sent.name());
  const auto story =
      world.Call<casework::v1::ListCaseEventsResponse>(world.Dispatcher(), "ListCaseEvents", events);
  ASSERT_TRUE(story.ok());
  EXPECT_FALSE(story->events().rbegin()->late());  // by the bound that favours the handler
}

TEST_F(Applications, TakeSilenceAsAcceptanceFromTheLimitOn) {
  const Case sent = world.CaseIn(Case::DISPATCHED);
  const absl::Time limit = Due(sent);
  world.clock().Advance(absl::Hours(9));
  const rpc::Call call = rpc::Call::System("timers", world.clock().Now());
  const absl::Status accepted = world.database().database().Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(casework::CaseFile file, casework::LockCase(tx, sent.name()));
    return casework::AcceptSilently(tx, call, *CaseworkPolicy(), file, limit);
  });
  ASSERT_TRUE(accepted.ok()) << accepted;
  const Case after = world.Get(sent.name());
  EXPECT_EQ(after.state(), Case::HANDLING);
  EXPECT_TRUE(after.silently_accepted());
  EXPECT_EQ(Due(after), limit + absl::Hours(72));
}

}  // namespace
}  // namespace gridwarden::testing
