// The eight cases that every command has: it works; wrong role; wrong grid; wrong state; missing field; stale
// etag; the same request twice; the same id with another payload.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "casework/timestamps.h"
#include "google/protobuf/message.h"
#include "gridwarden/casework/v1/closing_service.pb.h"
#include "gridwarden/casework/v1/signal_service.pb.h"
#include "platform/rpc/channel.h"
#include "service/casework/casework_world.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::Signal;
using casework::v1::SubmitCheckRequest;
using casework::v1::SubmitRecheckRequest;
using domain::PostKind;
using google::protobuf::Message;

using MakeRequest = std::function<std::unique_ptr<Message>(CaseworkWorld&, const std::string& name)>;
using Prepare = std::function<std::string(CaseworkWorld&)>;
using Token = std::function<std::string(CaseworkWorld&, const std::string& name)>;

struct Command {
  const char* method;    // of CaseworkService, or "Service/Rpc" of another one of the area
  const char* required;  // a REQUIRED field of the request
  Prepare ready;         // a signal or case in the state the command belongs to
  Prepare unready;       // one in another state, assigned to the same people
  MakeRequest request;
  Token right;
  Token wrong_role;    // stands in the right grid, but in a post that may not
  Token wrong_grid;    // holds the right kind of post elsewhere
  const char* result;  // state after it
};

template <typename Request>
std::unique_ptr<Message> Own(Request request) {
  return std::make_unique<Request>(std::move(request));
}

template <typename Request>
Request Named(const std::string& name) {
  Request request;
  request.set_request_id(CaseworkWorld::NewId());
  request.set_name(name);
  return request;
}

Prepare InState(Case::State state) {
  return [state](CaseworkWorld& world) { return world.CaseIn(state).name(); };
}
Prepare ALead() {
  return [](CaseworkWorld& world) { return world.NewLead().name(); };
}
Prepare AnAskedLead() {
  return [](CaseworkWorld& world) {
    auto request = Named<casework::v1::RequestOnsiteCheckRequest>(world.NewLead().name());
    request.set_post(ResourceName("posts", City().PostOf(PostKind::kPatrolOfficer, world.village).id));
    return world.Call<Signal>(world.Dispatcher(), "RequestOnsiteCheck", request)->name();
  };
}
casework::v1::SubmitOnsiteCheckRequest Seen(CaseworkWorld& world, const std::string& name) {
  auto request = Named<casework::v1::SubmitOnsiteCheckRequest>(name);
  request.set_result(Signal::OnsiteCheck::EXISTS);
  world.AddPhoto(type::v1::Evidence::NEAR, request.mutable_evidence());
  world.AddPhoto(type::v1::Evidence::FAR, request.mutable_evidence());
  *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
  return request;
}
Prepare ACheckedLead() {
  return [](CaseworkWorld& world) {
    const std::string name = AnAskedLead()(world);
    return world.Call<Signal>(world.Patrol(), "SubmitOnsiteCheck", Seen(world, name))->name();
  };
}
Prepare AFiledSignal() {
  return [](CaseworkWorld& world) { return world.CaseIn(Case::FILED).signals(0); };
}

Prepare ARejectedLead() {
  return [](CaseworkWorld& world) {
    auto request = Named<casework::v1::RejectSignalRequest>(world.NewLead().name());
    request.set_reason("不属大气污染");
    return world.Call<Signal>(world.Dispatcher(), "RejectSignal", request)->name();
  };
}
// Leads about one source, so that they can be merged: the one of this id, and any other.
constexpr char kMergeTarget[] = "01900000-0000-7000-8000-0000000000bb";
std::string ALeadOfTheSource(CaseworkWorld& world, const std::string& id) {
  auto request = world.LeadRequest();
  request.set_signal_id(id);
  request.mutable_signal()->set_source("sources/01900000-0000-7000-8000-0000000000aa");
  return world.Call<Signal>(world.Dispatcher(), "SubmitSignal", request)->name();
}
casework::v1::MergeSignalRequest Merge(const std::string& name) {
  auto request = Named<casework::v1::MergeSignalRequest>(name);
  request.set_into(absl::StrCat("signals/", kMergeTarget));
  request.set_reason("同一处冒烟");
  return request;
}
Prepare WithMergeTarget(Prepare prepare) {
  return [prepare](CaseworkWorld& world) {
    ALeadOfTheSource(world, kMergeTarget);
    return prepare(world);
  };
}
Prepare AMergeableLead() {
  return WithMergeTarget([](CaseworkWorld& world) { return ALeadOfTheSource(world, ""); });
}
Prepare AMergedLead() {
  return [](CaseworkWorld& world) {
    const auto request = Merge(AMergeableLead()(world));
    return world.server()
        .Call<Signal>(world.Dispatcher(), "gridwarden.casework.v1.SignalService/MergeSignal", request)
        ->name();
  };
}

Token At(PostKind kind, Uuid CaseworkWorld::*place) {
  return [kind, place](CaseworkWorld& world, const std::string&) { return world.Token(kind, world.*place); };
}
Token Elsewhere(PostKind kind, domain::Level level) {
  return [kind, level](CaseworkWorld& world, const std::string&) {
    const Uuid& there = level == domain::Level::kCounty     ? City().counties[1]
                        : level == domain::Level::kTownship ? City().townships[1][1]
                                                            : City().villages[1][1][1];
    return world.Token(kind, there);
  };
}
// The checker, known once the case is assigned.
std::string Checker(CaseworkWorld& world, const std::string& name) {
  return world.CheckerOf(world.Get(name));
}

const Token kTownOffice = At(PostKind::kCampaignOffice, &CaseworkWorld::township);
const Token kOtherOffice = Elsewhere(PostKind::kCampaignOffice, domain::Level::kTownship);
const Token kVillageLeader = At(PostKind::kGridLeader, &CaseworkWorld::village);

// A case in which the county's bureau cooperates.
Prepare APart() {
  return [](CaseworkWorld& world) {
    const std::string name = world.CaseIn(Case::FILED).name();
    auto dispatch = world.DispatchRequest(name);
    dispatch.add_cooperators(ResourceName("units", City().bureaus[0]));
    (void)*world.Call<Case>(world.Dispatcher(), "DispatchCase", dispatch);
    return world.Call<Case>(world.Fixer(), "AcceptCase", world.AcceptRequest(name))->name();
  };
}
casework::v1::ExcusePartRequest Excuse(CaseworkWorld&, const std::string& name) {
  auto request = Named<casework::v1::ExcusePartRequest>(name);
  request.set_unit(ResourceName("units", City().bureaus[0]));
  request.set_reason("现场不涉及在建工地");
  return request;
}
Prepare AnExcusedPart() {
  return [](CaseworkWorld& world) {
    const std::string name = APart()(world);
    (void)*world.server().Call<Case>(world.Dispatcher(), "gridwarden.casework.v1.ClosingService/ExcusePart",
                                     Excuse(world, name));
    return world.Call<Case>(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(name))->name();
  };
}
casework::v1::TransferCaseRequest Transfer(CaseworkWorld&, const std::string& name) {
  auto request = Named<casework::v1::TransferCaseRequest>(name);
  request.set_kind(casework::v1::Transfer::POLICE);
  request.set_receiver_display_name("县公安局");
  request.set_document_no("移〔2026〕3号");
  request.set_reason("涉嫌污染环境罪");
  return request;
}
Token OfBureau(size_t county) {
  return [county](CaseworkWorld&, const std::string&) {
    return City().TokenOfPerson(City().PersonIn(City().HandlerOf(City().bureaus[county]).id));
  };
}

std::vector<Command> Commands() {
  return {
      {"RequestOnsiteCheck", "post", ALead(), AnAskedLead(),
       [](CaseworkWorld& world, const std::string& name) {
         auto request = Named<casework::v1::RequestOnsiteCheckRequest>(name);
         request.set_post(ResourceName("posts", City().PostOf(PostKind::kPatrolOfficer, world.village).id));
         return Own(request);
       },
       kTownOffice, kVillageLeader, kOtherOffice, "ONSITE_CHECK"},
      {"SubmitOnsiteCheck", "result", AnAskedLead(), ACheckedLead(),
       [](CaseworkWorld& world, const std::string& name) { return Own(Seen(world, name)); },
       At(PostKind::kPatrolOfficer, &CaseworkWorld::village), kVillageLeader,
       Elsewhere(PostKind::kPatrolOfficer, domain::Level::kVillage), "ONSITE_CHECK"},
      {"RejectSignal", "reason", ALead(), AFiledSignal(),
       [](CaseworkWorld&, const std::string& name) {
         auto request = Named<casework::v1::RejectSignalRequest>(name);
         request.set_reason("不属大气污染");
         return Own(request);
       },
       kTownOffice, kVillageLeader, kOtherOffice, "REJECTED"},
      {"FileCase", "signal", [](CaseworkWorld& world) { return world.NewSignal().name(); }, AFiledSignal(),
       [](CaseworkWorld& world, const std::string& name) { return Own(world.FileRequest(name)); },
       kTownOffice, kVillageLeader, kOtherOffice, "FILED"},
      {"DispatchCase", "handler", InState(Case::FILED), InState(Case::HANDLING),
       [](CaseworkWorld& world, const std::string& name) { return Own(world.DispatchRequest(name)); },
       kTownOffice, kVillageLeader, kOtherOffice, "DISPATCHED"},
      {"ReturnCase", "reason", InState(Case::DISPATCHED), InState(Case::HANDLING),
       [](CaseworkWorld&, const std::string& name) {
         auto request = Named<casework::v1::ReturnCaseRequest>(name);
         request.set_reason("不属本岗位职责");
         return Own(request);
       },
       At(PostKind::kGridOfficer, &CaseworkWorld::village), kVillageLeader,
       Elsewhere(PostKind::kGridOfficer, domain::Level::kVillage), "RETURNED"},
      {"AcceptCase", "name", InState(Case::DISPATCHED), InState(Case::FEEDBACK),
       [](CaseworkWorld& world, const std::string& name) { return Own(world.AcceptRequest(name)); },
       At(PostKind::kGridOfficer, &CaseworkWorld::village), kVillageLeader,
       Elsewhere(PostKind::kGridOfficer, domain::Level::kVillage), "HANDLING"},
      {"SetDisposition", "disposition", InState(Case::FILED), InState(Case::FEEDBACK),
       [](CaseworkWorld&, const std::string& name) {
         auto request = Named<casework::v1::SetDispositionRequest>(name);
         request.set_disposition(Case::UPGRADE);
         return Own(request);
       },
       At(PostKind::kCampaignOffice, &CaseworkWorld::county), kTownOffice,
       Elsewhere(PostKind::kCampaignOffice, domain::Level::kCounty), "FILED"},
      {"SubmitFeedback", "event_time", InState(Case::HANDLING), InState(Case::CHECKING),
       [](CaseworkWorld& world, const std::string& name) { return Own(world.FeedbackRequest(name)); },
       At(PostKind::kGridOfficer, &CaseworkWorld::village), kVillageLeader,
       Elsewhere(PostKind::kGridOfficer, domain::Level::kVillage), "FEEDBACK"},
      {"AssignCheck", "name", InState(Case::FEEDBACK), InState(Case::HANDLING),
       [](CaseworkWorld&, const std::string& name) {
         return Own(Named<casework::v1::AssignCheckRequest>(name));
       },
       kTownOffice, kVillageLeader, kOtherOffice, "CHECKING"},
      {"SubmitCheck", "result", InState(Case::CHECKING), InState(Case::SIGN_OFF),
       [](CaseworkWorld& world, const std::string& name) {
         return Own(world.CheckRequest(name, SubmitCheckRequest::PASS));
       },
       Checker, kVillageLeader, Elsewhere(PostKind::kSupervisionOfficer, domain::Level::kVillage),
       "SIGN_OFF"},
      {"SignOff", "name", InState(Case::SIGN_OFF), InState(Case::CHECKING),
       [](CaseworkWorld& world, const std::string& name) { return Own(world.SignRequest(name)); },
       At(PostKind::kGridLeader, &CaseworkWorld::township), kVillageLeader,
       Elsewhere(PostKind::kGridLeader, domain::Level::kTownship), "CLOSED"},
      {"SubmitRecheck", "event_time", InState(Case::MONITORING), InState(Case::SIGN_OFF),
       [](CaseworkWorld& world, const std::string& name) {
         return Own(world.RecheckRequest(name, SubmitRecheckRequest::HELD));
       },
       At(PostKind::kPatrolOfficer, &CaseworkWorld::village), kVillageLeader,
       Elsewhere(PostKind::kPatrolOfficer, domain::Level::kVillage), "ARCHIVED"},
      {"SignalService/MergeSignal", "reason", AMergeableLead(), WithMergeTarget(AFiledSignal()),
       [](CaseworkWorld&, const std::string& name) { return Own(Merge(name)); }, kTownOffice, kVillageLeader,
       kOtherOffice, "MERGED"},
      {"SignalService/UnmergeSignal", "reason", AMergedLead(), ALead(),
       [](CaseworkWorld&, const std::string& name) {
         auto request = Named<casework::v1::UnmergeSignalRequest>(name);
         request.set_reason("不是同一处");
         return Own(request);
       },
       kTownOffice, kVillageLeader, kOtherOffice, "NEW"},
      {"SignalService/DisputeRejection", "statement", ARejectedLead(), ALead(),
       [](CaseworkWorld&, const std::string& name) {
         auto request = Named<casework::v1::DisputeRejectionRequest>(name);
         request.set_statement("反映人称昨夜仍在冒烟");
         return Own(request);
       },
       kTownOffice, kVillageLeader, kOtherOffice, "ONSITE_CHECK"},
      {"SignalService/TransferSignal", "document_no", ALead(), AFiledSignal(),
       [](CaseworkWorld&, const std::string& name) {
         auto request = Named<casework::v1::TransferSignalRequest>(name);
         request.set_kind(casework::v1::Transfer::POLICE);
         request.set_receiver_display_name("县公安局");
         request.set_document_no("移〔2026〕7号");
         return Own(request);
       },
       At(PostKind::kCampaignOffice, &CaseworkWorld::county), kTownOffice,
       Elsewhere(PostKind::kCampaignOffice, domain::Level::kCounty), "TRANSFERRED"},
      {"SignalService/TellReporter", "name", ARejectedLead(), ALead(),
       [](CaseworkWorld&, const std::string& name) {
         return Own(Named<casework::v1::TellReporterRequest>(name));
       },
       kTownOffice, kVillageLeader, kOtherOffice, "REJECTED"},
      {"ClosingService/StopProduction", "event_time",
       [](CaseworkWorld& world) { return world.CaseIn(Case::HANDLING, "KILN").name(); },
       InState(Case::CHECKING),
       [](CaseworkWorld& world, const std::string& name) {
         auto request = Named<casework::v1::StopProductionRequest>(name);
         world.AddPhoto(type::v1::Evidence::NEAR, request.mutable_evidence());
         *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
         return Own(request);
       },
       At(PostKind::kPatrolOfficer, &CaseworkWorld::village), kVillageLeader,
       Elsewhere(PostKind::kPatrolOfficer, domain::Level::kVillage), "HANDLING"},
      {"ClosingService/SubmitPart", "unit", APart(), AnExcusedPart(),
       [](CaseworkWorld& world, const std::string& name) {
         auto request = Named<casework::v1::SubmitPartRequest>(name);
         request.set_unit(ResourceName("units", City().bureaus[0]));
         world.AddPhoto(type::v1::Evidence::AFTER, request.mutable_evidence());
         *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
         return Own(request);
       },
       OfBureau(0), kVillageLeader, OfBureau(1), "HANDLING"},
      {"ClosingService/ExcusePart", "reason", APart(), AnExcusedPart(),
       [](CaseworkWorld& world, const std::string& name) { return Own(Excuse(world, name)); }, kTownOffice,
       kVillageLeader, kOtherOffice, "HANDLING"},
      {"ClosingService/TransferCase", "document_no", InState(Case::HANDLING), InState(Case::MONITORING),
       [](CaseworkWorld& world, const std::string& name) { return Own(Transfer(world, name)); },
       At(PostKind::kCampaignOffice, &CaseworkWorld::county), kTownOffice,
       Elsewhere(PostKind::kCampaignOffice, domain::Level::kCounty), "TRACKED"},
      {"ClosingService/SubmitTransferResult", "document_no",
       [](CaseworkWorld& world) {
         const std::string name = world.CaseIn(Case::HANDLING).name();
         const auto tracked = world.server().Call<Case>(world.CountyOffice(),
                                                        "gridwarden.casework.v1.ClosingService/TransferCase",
                                                        Transfer(world, name));
         return tracked->name();
       },
       InState(Case::HANDLING),
       [](CaseworkWorld& world, const std::string& name) {
         auto request = Named<casework::v1::SubmitTransferResultRequest>(name);
         request.set_document_no("公环决字〔2026〕1号");
         world.AddPhoto(type::v1::Evidence::DOCUMENT, request.mutable_evidence());
         *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
         return Own(request);
       },
       At(PostKind::kCampaignOffice, &CaseworkWorld::county), kTownOffice,
       Elsewhere(PostKind::kCampaignOffice, domain::Level::kCounty), "CHECKING"},
      {"ClosingService/CosignCase", "seat",
       [](CaseworkWorld& world) { return world.CaseIn(Case::SIGN_OFF, "CLUSTER").name(); },
       [](CaseworkWorld& world) { return world.CaseIn(Case::CHECKING, "CLUSTER").name(); },
       [](CaseworkWorld&, const std::string& name) {
         auto request = Named<casework::v1::CosignCaseRequest>(name);
         request.set_seat("COUNTY_LEADER");
         request.set_agrees(true);
         return Own(request);
       },
       At(PostKind::kGridLeader, &CaseworkWorld::county), kTownOffice,
       Elsewhere(PostKind::kGridLeader, domain::Level::kCounty), "SIGN_OFF"},
      {"ClosingService/DisputeClosing", "statement", InState(Case::MONITORING), InState(Case::HANDLING),
       [](CaseworkWorld&, const std::string& name) {
         auto request = Named<casework::v1::DisputeClosingRequest>(name);
         request.set_statement("上级暗访发现仍在生产");
         return Own(request);
       },
       At(PostKind::kCampaignOffice, &CaseworkWorld::county), kTownOffice,
       Elsewhere(PostKind::kCampaignOffice, domain::Level::kCounty), "CHECKING"},
  };
}

class EveryCommand : public ::testing::TestWithParam<Command> {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  absl::StatusOr<std::string> Send(const std::string& token, const Message& request) {
    rpc::Envelope envelope;
    const std::string method = GetParam().method;
    const bool named = method.find('/') != std::string::npos;
    envelope.method = (named ? "gridwarden.casework.v1." : std::string(kCasework)) + method;
    envelope.body = request.SerializeAsString();
    envelope.token = token;
    envelope.deadline = absl::Now() + absl::Seconds(30);
    return world.server().channel().Send(envelope);
  }
  static void Set(Message& message, const char* field, const std::string& value) {
    message.GetReflection()->SetString(&message, message.GetDescriptor()->FindFieldByName(field), value);
  }
  static void Clear(Message& message, const char* field) {
    message.GetReflection()->ClearField(&message, message.GetDescriptor()->FindFieldByName(field));
  }
  std::string StateOf(const std::string& answer) {
    Case file;
    Signal signal;
    if (std::string(GetParam().method).find("Signal") == std::string::npos &&
        std::string(GetParam().method).find("Onsite") == std::string::npos) {
      EXPECT_TRUE(file.ParseFromString(answer));
      return Case::State_Name(file.state());
    }
    EXPECT_TRUE(signal.ParseFromString(answer));
    return Signal::State_Name(signal.state());
  }
  std::string Rows() {
    return world.database().Ask(
        "SELECT CONCAT((SELECT COUNT(*) FROM journal_stage), '/', (SELECT COUNT(*) FROM case_event), '/', "
        "(SELECT COUNT(*) FROM signal_event), '/', (SELECT COUNT(*) FROM op_receipt), '/', (SELECT COUNT(*) "
        "FROM case_media))");
  }
};

TEST_P(EveryCommand, Works) {
  const std::string name = GetParam().ready(world);
  const auto answer = Send(GetParam().right(world, name), *GetParam().request(world, name));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(StateOf(*answer), GetParam().result);
}

TEST_P(EveryCommand, IsRefusedToAnotherRoleAndLeavesNoTrace) {
  const std::string name = GetParam().ready(world);
  const std::string before = Rows();
  const auto answer = Send(GetParam().wrong_role(world, name), *GetParam().request(world, name));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kPermissionDenied) << answer.status();
  EXPECT_EQ(Rows(), before);
}

TEST_P(EveryCommand, IsRefusedToAnotherGrid) {
  const std::string name = GetParam().ready(world);
  const auto answer = Send(GetParam().wrong_grid(world, name), *GetParam().request(world, name));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kPermissionDenied) << answer.status();
}

TEST_P(EveryCommand, IsRefusedFromAnotherStateAndLeavesNoTrace) {
  const std::string name = GetParam().unready(world);
  const std::string before = Rows();
  const auto answer = Send(GetParam().right(world, name), *GetParam().request(world, name));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition) << answer.status();
  EXPECT_EQ(ReasonOf(answer.status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(Rows(), before);
}

TEST_P(EveryCommand, NamesAMissingField) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(world, name);
  const std::string token = GetParam().right(world, name);
  Clear(*request, GetParam().required);
  const auto answer = Send(token, *request);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument) << answer.status();
  EXPECT_EQ(ReasonOf(answer.status()), "REQUIRED_FIELD_MISSING");
}

TEST_P(EveryCommand, IsRefusedOnAStaleEtag) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(world, name);
  Set(*request, "etag", "999");
  const auto answer = Send(GetParam().right(world, name), *request);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kAborted) << answer.status();
  EXPECT_EQ(ReasonOf(answer.status()), "ETAG_MISMATCH");
}

TEST_P(EveryCommand, AnswersTheSameRequestTwiceAlikeAndDoesItOnce) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(world, name);
  const std::string token = GetParam().right(world, name);
  const auto first = Send(token, *request);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string after_first = Rows();
  const auto second = Send(token, *request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(Rows(), after_first);
}

TEST_P(EveryCommand, RefusesAnotherPayloadUnderTheSameRequestId) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(world, name);
  const std::string token = GetParam().right(world, name);
  ASSERT_TRUE(Send(token, *request).ok());
  Set(*request, "etag", "1");
  const auto answer = Send(token, *request);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kAlreadyExists) << answer.status();
  EXPECT_EQ(ReasonOf(answer.status()), "REQUEST_ID_REUSED");
}

INSTANTIATE_TEST_SUITE_P(Casework, EveryCommand, ::testing::ValuesIn(Commands()),
                         [](const ::testing::TestParamInfo<Command>& info) {
                           return absl::StrReplaceAll(info.param.method, {{"/", "_"}});
                         });

class SubmitSignal : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();
  absl::StatusOr<Signal> Submit(const casework::v1::SubmitSignalRequest& request, const std::string& token) {
    return world.Call<Signal>(token, "SubmitSignal", request);
  }
  absl::StatusOr<Signal> Submit(const casework::v1::SubmitSignalRequest& request) {
    return Submit(request, world.Patrol());
  }
};

TEST_F(SubmitSignal, TakesAStaffFindAndNamesItsFinder) {
  const auto signal = Submit(world.SignalRequest());
  ASSERT_TRUE(signal.ok()) << signal.status();
  EXPECT_EQ(signal->state(), Signal::NEW);
  EXPECT_EQ(signal->finder(),
            ResourceName("persons", City().PersonIn(PostKind::kPatrolOfficer, world.village)));
  EXPECT_EQ(casework::FromTimestamp(signal->due_time()), world.clock().Now() + absl::Hours(2));
}

TEST_F(SubmitSignal, NeedsAPhotoOfAStaffFind) {
  auto request = world.SignalRequest();
  request.mutable_signal()->clear_evidence();
  EXPECT_EQ(ReasonOf(Submit(request).status()), "EVIDENCE_MISSING");
}

TEST_F(SubmitSignal, IsRefusedInAnotherGrid) {
  auto request = world.SignalRequest();
  request.mutable_signal()->set_division(ResourceName("divisions", City().villages[1][0][0]));
  EXPECT_EQ(Submit(request).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(SubmitSignal, LetsOnlyAnOfficeStateThatSomethingCameFromAbove) {
  auto request = world.SignalRequest();
  request.mutable_signal()->set_channel(Signal::ASSIGNED);
  EXPECT_EQ(Submit(request).status().code(), absl::StatusCode::kPermissionDenied);
  request.set_request_id(world.NewId());
  EXPECT_TRUE(Submit(request, world.Dispatcher()).ok());
}

TEST_F(SubmitSignal, IsRefusedToThoseWhoAreNotOnTheGround) {
  const std::string discipline = world.Token(PostKind::kDiscipline, City().city);
  EXPECT_EQ(Submit(world.SignalRequest(), discipline).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(SubmitSignal, GivesTheFirstSignalAgainForTheSameChannelKey) {
  auto request = world.LeadRequest();
  request.mutable_signal()->set_channel_key("12345-2026-778");
  const auto first = Submit(request, world.Dispatcher());
  request.set_request_id(world.NewId());
  request.mutable_signal()->set_description("同一来电");
  const auto second = Submit(request, world.Dispatcher());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->name(), second->name());
  EXPECT_EQ(world.database().Ask("SELECT COUNT(*) FROM signal_file"), "1");
}

TEST_F(SubmitSignal, KeepsTheIdTheClientMadeAndRefusesItASecondTime) {
  auto request = world.SignalRequest();
  request.set_signal_id(world.NewId());
  const auto first = Submit(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->name(), "signals/" + request.signal_id());
  auto other = world.SignalRequest();
  other.set_signal_id(request.signal_id());
  EXPECT_EQ(Submit(other).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(SubmitSignal, FindsTheDivisionOfAPointAndConvertsItsDatum) {
  auto request = world.SignalRequest();
  request.mutable_signal()->clear_division();
  auto* position = request.mutable_signal()->mutable_position();
  position->set_longitude(114.02);
  position->set_latitude(33.01);
  position->set_accuracy_m(12);
  EXPECT_EQ(ReasonOf(Submit(request).status()), "DATUM_MISSING");
  position->set_datum(type::v1::Position::GCJ02);
  request.set_request_id(world.NewId());
  const auto signal = Submit(request);
  ASSERT_TRUE(signal.ok()) << signal.status();
  EXPECT_EQ(signal->division(), ResourceName("divisions", world.village));
  EXPECT_EQ(signal->place_confidence(), 0.9);
  EXPECT_EQ(signal->position().datum(), type::v1::Position::WGS84);
  EXPECT_EQ(signal->position().given_datum(), type::v1::Position::GCJ02);
  EXPECT_NEAR(signal->position().longitude(), 114.014, 0.002);  // GCJ-02 lies some 550 m east here

  position->set_longitude(90);
  request.set_request_id(world.NewId());
  EXPECT_EQ(ReasonOf(Submit(request).status()), "POSITION_OUT_OF_AREA");
}

TEST_F(SubmitSignal, RefusesAFindFromTheFuture) {
  auto request = world.SignalRequest();
  *request.mutable_signal()->mutable_event_time() =
      casework::ToTimestamp(world.clock().Now() + absl::Hours(1));
  EXPECT_EQ(ReasonOf(Submit(request).status()), "EVENT_TIME_IN_FUTURE");
}

TEST_F(SubmitSignal, KeepsTheEarliestAPhoneCanVouchForAndCountsByTheLatest) {
  auto request = world.SignalRequest();
  const absl::Time latest = world.clock().Now() - absl::Hours(1);
  *request.mutable_signal()->mutable_event_time() = casework::ToTimestamp(latest);
  *request.mutable_signal()->mutable_earliest_time() = casework::ToTimestamp(latest - absl::Minutes(5));
  const auto signal = Submit(request);
  ASSERT_TRUE(signal.ok()) << signal.status();
  EXPECT_EQ(casework::FromTimestamp(signal->event_time()), latest);
  EXPECT_EQ(casework::FromTimestamp(signal->earliest_time()), latest - absl::Minutes(5));
  EXPECT_EQ(Submit(request)->SerializeAsString(), signal->SerializeAsString());
  casework::v1::GetSignalRequest get;
  get.set_name(signal->name());
  EXPECT_EQ(world.Call<Signal>(world.Dispatcher(), "GetSignal", get)->earliest_time().seconds(),
            absl::ToUnixSeconds(latest - absl::Minutes(5)));
  const journal::FeedEntry entry = world.Entries().back();
  EXPECT_EQ(entry.entry.time().earliest_us(), absl::ToUnixMicros(latest - absl::Minutes(5)));
  EXPECT_EQ(entry.entry.time().latest_us(), absl::ToUnixMicros(latest));
  // Five minutes are within what the policy takes for certain; a night is not.
  const auto filed = world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(signal->name()));
  ASSERT_TRUE(filed.ok()) << filed.status();
  EXPECT_FALSE(filed->time_uncertain());
  EXPECT_EQ(casework::FromTimestamp(filed->event_time()), latest);

  auto night = world.SignalRequest();
  *night.mutable_signal()->mutable_event_time() = casework::ToTimestamp(latest);
  *night.mutable_signal()->mutable_earliest_time() = casework::ToTimestamp(latest - absl::Hours(9));
  const auto vague =
      world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(Submit(night)->name()));
  ASSERT_TRUE(vague.ok()) << vague.status();
  EXPECT_TRUE(vague->time_uncertain());
}

TEST_F(SubmitSignal, SaysNothingOfAnIntervalThatIsNone) {
  auto request = world.SignalRequest();
  *request.mutable_signal()->mutable_earliest_time() = request.signal().event_time();
  const auto signal = Submit(request);
  ASSERT_TRUE(signal.ok()) << signal.status();
  EXPECT_FALSE(signal->has_earliest_time());
}

TEST_F(SubmitSignal, NamesTheFieldThatIsWrong) {
  const auto field_of = [&](const std::function<void(Signal&)>& spoil) {
    auto request = world.SignalRequest();
    spoil(*request.mutable_signal());
    const std::optional<ErrorFacts> facts = FactsOf(Submit(request).status());
    return facts && !facts->fields.empty() ? facts->fields[0].field : std::string("no field");
  };
  EXPECT_EQ(field_of([](Signal& s) { s.set_category("NO_SUCH"); }), "signal.category");
  EXPECT_EQ(field_of([](Signal& s) { s.set_division("divisions/no"); }), "signal.division");
  EXPECT_EQ(field_of([](Signal& s) { s.mutable_evidence(0)->set_media("media/short"); }),
            "signal.evidence[0].media");
  EXPECT_EQ(field_of([](Signal& s) { s.clear_event_time(); }), "signal.event_time");
  EXPECT_EQ(field_of([](Signal& s) { s.mutable_earliest_time()->set_seconds(-1); }), "signal.earliest_time");
  EXPECT_EQ(
      field_of([](Signal& s) { s.mutable_earliest_time()->set_seconds(s.event_time().seconds() + 3600); }),
      "signal.earliest_time");
  EXPECT_EQ(field_of([](Signal& s) { s.set_channel_key(std::string(121, 'x')); }), "signal.channel_key");
  EXPECT_EQ(field_of([](Signal& s) { s.set_description(std::string(2001, 'x')); }), "signal.description");
  EXPECT_EQ(field_of([](Signal& s) {
              for (int i = 0; i < 60; ++i) *s.add_evidence() = s.evidence(0);
            }),
            "signal.evidence");
}

TEST_F(SubmitSignal, RefusesAnEventBeforeTheCaseAndAVacantHandler) {
  const Case handling = world.CaseIn(Case::HANDLING);
  auto feedback = world.FeedbackRequest(handling.name());
  *feedback.mutable_event_time() = casework::ToTimestamp(world.clock().Now() - absl::Hours(24));
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback).status()),
            "EVENT_TIME_BEFORE_CASE");
  auto dispatch = world.DispatchRequest(world.CaseIn(Case::FILED).name());
  dispatch.set_handler(
      ResourceName("posts", City().PostOf(PostKind::kPatrolOfficer, City().villages[0][0][3]).id));
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Dispatcher(), "DispatchCase", dispatch).status()), "POST_VACANT");
}

TEST_F(SubmitSignal, IsNeverDispatchedToWhoChecksOrReviews) {
  const std::string name = world.CaseIn(Case::FILED).name();
  for (const auto& [kind, division] : {std::pair(PostKind::kSupervisionOfficer, world.village),
                                       std::pair(PostKind::kDiscipline, City().city)}) {
    auto dispatch = world.DispatchRequest(name);
    dispatch.set_handler(ResourceName("posts", City().PostOf(kind, division).id));
    EXPECT_EQ(ReasonOf(world.Call<Case>(world.Dispatcher(), "DispatchCase", dispatch).status()),
              "INVALID_FIELD");
  }
}

}  // namespace
}  // namespace gridwarden::testing
