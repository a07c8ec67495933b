// Orders of a superior: the eight cases of every command, and the stories of a press, a listed order and
// their limits.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "casework/timestamps.h"
#include "gridwarden/casework/v1/supervision_service.pb.h"
#include "service/casework/casework_world.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::SupervisionOrder;
using domain::PostKind;
using google::protobuf::Message;

constexpr std::string_view kService = "gridwarden.casework.v1.SupervisionService/";

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

// An order over one case that is being handled.
casework::v1::IssueOrderRequest IssueRequest(CaseworkWorld& world, SupervisionOrder::Kind kind,
                                             std::string case_name = "") {
  casework::v1::IssueOrderRequest request;
  request.set_request_id(CaseworkWorld::NewId());
  request.set_kind(kind);
  request.add_cases(case_name.empty() ? world.CaseIn(Case::HANDLING).name() : case_name);
  request.set_demand("两个工作日内说明未整改原因");
  if (kind != SupervisionOrder::PRESS) {
    *request.mutable_limit_time() = casework::ToTimestamp(world.clock().Now() + absl::Hours(24 * 90));
  }
  if (kind == SupervisionOrder::LISTED) {
    request.set_post_in_charge(
        ResourceName("posts", City().PostOf(PostKind::kGridLeader, world.township).id));
    request.set_publish(true);
  }
  return request;
}

template <typename Request>
absl::StatusOr<SupervisionOrder> Send(CaseworkWorld& world, const std::string& token, std::string_view rpc,
                                      const Request& request) {
  return world.server().Call<SupervisionOrder>(token, std::string(kService) + std::string(rpc), request);
}

SupervisionOrder Must(absl::StatusOr<SupervisionOrder> order) {
  if (!order.ok()) std::fprintf(stderr, "%s\n", order.status().ToString().c_str()), std::abort();
  return *std::move(order);
}

casework::v1::ReplyToOrderRequest ReplyRequest(const std::string& name) {
  auto request = Named<casework::v1::ReplyToOrderRequest>(name);
  request.set_statement("设备已订购，周五进场");
  return request;
}
casework::v1::ApplyForExtensionRequest ExtensionRequest(CaseworkWorld& world, const std::string& name) {
  auto request = Named<casework::v1::ApplyForExtensionRequest>(name);
  *request.mutable_until_time() = casework::ToTimestamp(world.clock().Now() + absl::Hours(24 * 120));
  request.set_reason("供货延迟");
  return request;
}
casework::v1::DecideExtensionRequest DecisionRequest(const std::string& name) {
  auto request = Named<casework::v1::DecideExtensionRequest>(name);
  request.set_approve(true);
  request.set_reason("情况属实");
  return request;
}
casework::v1::AcceptOrderRequest AcceptanceRequest(const std::string& name, bool accept = true) {
  auto request = Named<casework::v1::AcceptOrderRequest>(name);
  request.set_accept(accept);
  request.set_reason("现场验收");
  return request;
}
casework::v1::LiftOrderRequest LiftRequest(const std::string& name) {
  auto request = Named<casework::v1::LiftOrderRequest>(name);
  request.set_reason("已销号");
  return request;
}

// A listed order of the county brought to a state.
std::string OrderIn(CaseworkWorld& world, SupervisionOrder::State state,
                    SupervisionOrder::Kind kind = SupervisionOrder::LISTED) {
  const std::string name =
      Must(Send(world, world.CountyOffice(), "IssueOrder", IssueRequest(world, kind))).name();
  if (state == SupervisionOrder::ISSUED) return name;
  Must(Send(world, world.Fixer(), "ReplyToOrder", ReplyRequest(name)));
  if (state == SupervisionOrder::REPLIED) return name;
  Must(Send(world, world.CountyOffice(), "AcceptOrder", AcceptanceRequest(name)));
  if (state == SupervisionOrder::ACCEPTED) return name;
  Must(Send(world, world.Token(PostKind::kCampaignOffice, City().city), "LiftOrder", LiftRequest(name)));
  return name;
}

struct Command {
  const char* rpc;
  const char* required;
  std::function<std::string(CaseworkWorld&)> ready;
  std::function<std::string(CaseworkWorld&)> unready;
  std::function<std::unique_ptr<Message>(CaseworkWorld&, const std::string&)> request;
  std::function<std::string(CaseworkWorld&)> right;
  std::function<std::string(CaseworkWorld&)> wrong_role;
  std::function<std::string(CaseworkWorld&)> wrong_grid;
  SupervisionOrder::State result;
};

std::string CityOffice(CaseworkWorld& world) { return world.Token(PostKind::kCampaignOffice, City().city); }
std::string County(CaseworkWorld& world) { return world.CountyOffice(); }
std::string OtherCounty(CaseworkWorld& world) {
  return world.Token(PostKind::kCampaignOffice, City().counties[1]);
}
std::string TownOffice(CaseworkWorld& world) { return world.Dispatcher(); }
std::string Patrol(CaseworkWorld& world) { return world.Patrol(); }
std::string Fixer(CaseworkWorld& world) { return world.Fixer(); }
std::string OtherFixer(CaseworkWorld& world) {
  return world.Token(PostKind::kGridOfficer, City().villages[1][1][1]);
}
std::function<std::string(CaseworkWorld&)> In(SupervisionOrder::State state) {
  return [state](CaseworkWorld& world) { return OrderIn(world, state); };
}

std::vector<Command> Commands() {
  return {
      {"IssueOrder", "request_id", [](CaseworkWorld& world) { return world.CaseIn(Case::HANDLING).name(); },
       In(SupervisionOrder::ISSUED),
       [](CaseworkWorld& world, const std::string& name) {
         if (name.starts_with("cases/")) return Own(IssueRequest(world, SupervisionOrder::LISTED, name));
         casework::v1::IssueOrderRequest again = IssueRequest(world, SupervisionOrder::LISTED);
         again.clear_cases();
         again.set_name(name);
         return Own(again);
       },
       County, TownOffice, OtherCounty, SupervisionOrder::ISSUED},
      {"ReplyToOrder", "statement", In(SupervisionOrder::ISSUED), In(SupervisionOrder::ACCEPTED),
       [](CaseworkWorld&, const std::string& name) { return Own(ReplyRequest(name)); }, Fixer, Patrol,
       OtherFixer, SupervisionOrder::REPLIED},
      {"ApplyForExtension", "reason", In(SupervisionOrder::ISSUED), In(SupervisionOrder::ACCEPTED),
       [](CaseworkWorld& world, const std::string& name) { return Own(ExtensionRequest(world, name)); },
       Fixer, Patrol, OtherFixer, SupervisionOrder::ISSUED},
      {"DecideExtension", "reason",
       [](CaseworkWorld& world) {
         const std::string name = OrderIn(world, SupervisionOrder::ISSUED);
         Must(Send(world, world.Fixer(), "ApplyForExtension", ExtensionRequest(world, name)));
         return name;
       },
       In(SupervisionOrder::ACCEPTED),
       [](CaseworkWorld&, const std::string& name) { return Own(DecisionRequest(name)); }, County, TownOffice,
       OtherCounty, SupervisionOrder::ISSUED},
      {"AcceptOrder", "reason", In(SupervisionOrder::REPLIED), In(SupervisionOrder::ISSUED),
       [](CaseworkWorld&, const std::string& name) { return Own(AcceptanceRequest(name)); }, County,
       TownOffice, OtherCounty, SupervisionOrder::ACCEPTED},
      {"LiftOrder", "reason", In(SupervisionOrder::ACCEPTED), In(SupervisionOrder::ISSUED),
       [](CaseworkWorld&, const std::string& name) { return Own(LiftRequest(name)); }, CityOffice, TownOffice,
       OtherCounty, SupervisionOrder::LIFTED},
  };
}

class EveryOrderCommand : public ::testing::TestWithParam<Command> {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  absl::StatusOr<SupervisionOrder> SendIt(const std::string& token, const Message& request) {
    rpc::Envelope envelope;
    envelope.method = std::string(kService) + GetParam().rpc;
    envelope.body = request.SerializeAsString();
    envelope.token = token;
    envelope.deadline = absl::Now() + absl::Seconds(30);
    const auto answer = world.server().channel().Send(envelope);
    if (!answer.ok()) return answer.status();
    SupervisionOrder order;
    order.ParseFromString(*answer);
    return order;
  }
  static void Set(Message& message, const char* field, const std::string& value) {
    message.GetReflection()->SetString(&message, message.GetDescriptor()->FindFieldByName(field), value);
  }
  std::string Rows() {
    return world.database().Ask(
        "SELECT CONCAT((SELECT COUNT(*) FROM journal_stage), '/', (SELECT COUNT(*) FROM supervision_order), "
        "'/', "
        "(SELECT COUNT(*) FROM op_receipt), '/', (SELECT COUNT(*) FROM case_timer))");
  }
};

TEST_P(EveryOrderCommand, Works) {
  const std::string name = GetParam().ready(world);
  const auto answer = SendIt(GetParam().right(world), *GetParam().request(world, name));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->state(), GetParam().result);
}

TEST_P(EveryOrderCommand, IsRefusedToAnotherRoleAndLeavesNoTrace) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(world, name);
  const std::string before = Rows();
  const auto answer = SendIt(GetParam().wrong_role(world), *request);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kPermissionDenied) << answer.status();
  EXPECT_EQ(Rows(), before);
}

TEST_P(EveryOrderCommand, IsRefusedToAnotherGrid) {
  const std::string name = GetParam().ready(world);
  const auto answer = SendIt(GetParam().wrong_grid(world), *GetParam().request(world, name));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kPermissionDenied) << answer.status();
}

TEST_P(EveryOrderCommand, IsRefusedFromAnotherStateAndLeavesNoTrace) {
  const std::string name = GetParam().unready(world);
  const auto request = GetParam().request(world, name);
  const std::string before = Rows();
  const auto answer = SendIt(GetParam().right(world), *request);
  EXPECT_EQ(ReasonOf(answer.status()), "ILLEGAL_TRANSITION") << answer.status();
  EXPECT_EQ(Rows(), before);
}

TEST_P(EveryOrderCommand, NamesAMissingField) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(world, name);
  request->GetReflection()->ClearField(request.get(),
                                       request->GetDescriptor()->FindFieldByName(GetParam().required));
  const auto answer = SendIt(GetParam().right(world), *request);
  EXPECT_EQ(ReasonOf(answer.status()), "REQUIRED_FIELD_MISSING") << answer.status();
}

TEST_P(EveryOrderCommand, IsRefusedOnAStaleEtag) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(world, name);
  Set(*request, "etag", "999");
  const auto answer = SendIt(GetParam().right(world), *request);
  EXPECT_EQ(ReasonOf(answer.status()), "ETAG_MISMATCH") << answer.status();
}

TEST_P(EveryOrderCommand, AnswersTheSameRequestTwiceAlikeAndDoesItOnce) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(world, name);
  const std::string token = GetParam().right(world);
  const auto first = SendIt(token, *request);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string after_first = Rows();
  const auto second = SendIt(token, *request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->SerializeAsString(), second->SerializeAsString());
  EXPECT_EQ(Rows(), after_first);
}

TEST_P(EveryOrderCommand, RefusesAnotherPayloadUnderTheSameRequestId) {
  const std::string name = GetParam().ready(world);
  const auto request = GetParam().request(world, name);
  const std::string token = GetParam().right(world);
  ASSERT_TRUE(SendIt(token, *request).ok());
  Set(*request, "etag", "1");
  EXPECT_EQ(ReasonOf(SendIt(token, *request).status()), "REQUEST_ID_REUSED");
}

INSTANTIATE_TEST_SUITE_P(Casework, EveryOrderCommand, ::testing::ValuesIn(Commands()),
                         [](const ::testing::TestParamInfo<Command>& info) {
                           return std::string(info.param.rpc);
                         });

class Supervision : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  absl::StatusOr<SupervisionOrder> Issue(const std::string& token,
                                         const casework::v1::IssueOrderRequest& request) {
    return Send(world, token, "IssueOrder", request);
  }
  SupervisionOrder Get(const std::string& name) {
    casework::v1::GetOrderRequest request;
    request.set_name(name);
    return Must(Send(world, world.CountyOffice(), "GetOrder", request));
  }
};

TEST_F(Supervision, ATownshipLeaderPressesAndTheHandlerAnswersWithinTwoWorkingDays) {
  const auto order = Issue(world.Leader(), IssueRequest(world, SupervisionOrder::PRESS));
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->addressee(), world.FixerPost());
  EXPECT_FALSE(order->addressee_display_name().empty());
  // Tuesday 9:00, so Thursday 9:00.
  EXPECT_EQ(casework::FromTimestamp(order->reply_due_time()), world.clock().Now() + absl::Hours(48));
  EXPECT_EQ(order->issuer().person(),
            ResourceName("persons", City().PersonIn(PostKind::kGridLeader, world.township)));
}

TEST_F(Supervision, AVillageLeaderIssuesNothing) {
  const auto order =
      Issue(world.Token(PostKind::kGridLeader, world.village), IssueRequest(world, SupervisionOrder::PRESS));
  EXPECT_EQ(order.status().code(), absl::StatusCode::kPermissionDenied) << order.status();
}

TEST_F(Supervision, OneOrderOfAKindStandsOverACase) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  ASSERT_TRUE(Issue(world.CountyOffice(), IssueRequest(world, SupervisionOrder::LISTED, name)).ok());
  const auto second = Issue(world.CountyOffice(), IssueRequest(world, SupervisionOrder::LISTED, name));
  EXPECT_EQ(ReasonOf(second.status()), "ORDER_STANDS") << second.status();
  EXPECT_TRUE(Issue(world.CountyOffice(), IssueRequest(world, SupervisionOrder::PRESS, name)).ok());
}

TEST_F(Supervision, AListedOrderMarksItsCasesUntilItIsLifted) {
  const std::string name = OrderIn(world, SupervisionOrder::ACCEPTED);
  const std::string case_name = Get(name).cases(0);
  const Case listed = world.Get(case_name);
  EXPECT_TRUE(listed.listed());
  Must(Send(world, CityOffice(world), "LiftOrder", LiftRequest(name)));
  const Case lifted = world.Get(case_name);
  EXPECT_FALSE(lifted.listed());
  EXPECT_EQ(lifted.etag(), listed.etag());
}

TEST_F(Supervision, ACountyOrderOfAnotherKindMarksNothing) {
  const std::string name = OrderIn(world, SupervisionOrder::ISSUED, SupervisionOrder::COUNTY_LIMIT);
  EXPECT_FALSE(world.Get(Get(name).cases(0)).listed());
}

TEST_F(Supervision, AListedOrderIsNotLiftedByTheLevelThatAcceptedIt) {
  const std::string name = OrderIn(world, SupervisionOrder::ACCEPTED);
  const auto lifted = Send(world, world.CountyOffice(), "LiftOrder", LiftRequest(name));
  EXPECT_EQ(ReasonOf(lifted.status()), "HIGHER_LEVEL_NEEDED") << lifted.status();
}

TEST_F(Supervision, AnotherOrderIsLiftedByTheOfficeThatAcceptedIt) {
  const std::string name = OrderIn(world, SupervisionOrder::ACCEPTED, SupervisionOrder::COUNTY_LIMIT);
  const auto lifted = Send(world, world.CountyOffice(), "LiftOrder", LiftRequest(name));
  ASSERT_TRUE(lifted.ok()) << lifted.status();
  EXPECT_EQ(lifted->state(), SupervisionOrder::LIFTED);
}

TEST_F(Supervision, WhatIsNotEnoughGoesBackAndTheAnswerIsDueAgain) {
  const std::string name = OrderIn(world, SupervisionOrder::REPLIED);
  world.clock().Advance(absl::Hours(24 * 3));
  const SupervisionOrder back =
      Must(Send(world, world.CountyOffice(), "AcceptOrder", AcceptanceRequest(name, false)));
  EXPECT_EQ(back.state(), SupervisionOrder::ISSUED);
  EXPECT_EQ(back.refusals(), 1);
  EXPECT_FALSE(back.acceptance().agrees());
}

TEST_F(Supervision, TheLimitOfAListedOrderIsSixMonthsAtMost) {
  auto request = IssueRequest(world, SupervisionOrder::LISTED);
  *request.mutable_limit_time() = casework::ToTimestamp(world.clock().Now() + absl::Hours(24 * 200));
  EXPECT_EQ(ReasonOf(Issue(world.CountyOffice(), request).status()), "ORDER_LIMIT_TOO_LONG");
}

TEST_F(Supervision, AnExtensionIsALedgerEntryAndMovesTheLimitOnceItIsApproved) {
  const std::string name = OrderIn(world, SupervisionOrder::ISSUED);
  const SupervisionOrder issued = Get(name);
  const SupervisionOrder asked =
      Must(Send(world, world.Fixer(), "ApplyForExtension", ExtensionRequest(world, name)));
  EXPECT_EQ(asked.limit_time().seconds(), issued.limit_time().seconds());
  EXPECT_EQ(ReasonOf(Send(world, world.Fixer(), "ApplyForExtension", ExtensionRequest(world, name)).status()),
            "EXTENSION_PENDING");
  const SupervisionOrder decided =
      Must(Send(world, world.CountyOffice(), "DecideExtension", DecisionRequest(name)));
  EXPECT_EQ(decided.limit_time().seconds(), decided.extensions(0).until_time().seconds());
  EXPECT_EQ(decided.ordered_limit_time().seconds(), issued.limit_time().seconds());
  EXPECT_EQ(ReasonOf(Send(world, world.CountyOffice(), "DecideExtension", DecisionRequest(name)).status()),
            "ALREADY_DECIDED");
}

TEST_F(Supervision, AnExtensionInTheLastMonthIsTooLate) {
  const std::string name = OrderIn(world, SupervisionOrder::ISSUED);
  world.clock().Advance(absl::Hours(24 * 65));
  EXPECT_EQ(ReasonOf(Send(world, world.Fixer(), "ApplyForExtension", ExtensionRequest(world, name)).status()),
            "EXTENSION_TOO_LATE");
}

TEST_F(Supervision, AClosedCaseIsNotListed) {
  const std::string name = world.CaseIn(Case::MONITORING).name();
  EXPECT_EQ(
      ReasonOf(Issue(world.CountyOffice(), IssueRequest(world, SupervisionOrder::LISTED, name)).status()),
      "CASE_NOT_OPEN");
}

TEST_F(Supervision, ADemandStaysOutOfTheJournal) {
  OrderIn(world, SupervisionOrder::LIFTED);
  int orders = 0;
  for (const journal::FeedEntry& entry : world.Entries()) {
    if (entry.entry.kind() != "supervision.transition") continue;
    ++orders;
    for (const char* words : {"未整改原因", "设备已订购", "现场验收", "已销号"})
      EXPECT_EQ(entry.entry.event().find(words), std::string::npos) << words;
  }
  EXPECT_EQ(orders, 4);
}

TEST_F(Supervision, AListedOrderNeedsAPostInCharge) {
  auto request = IssueRequest(world, SupervisionOrder::LISTED);
  request.clear_post_in_charge();
  EXPECT_EQ(Issue(world.CountyOffice(), request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(Supervision, AnAnswerThatIsLateRemindsTheAddresseeAndItsLeaders) {
  const std::string name = OrderIn(world, SupervisionOrder::ISSUED);
  world.clock().Advance(absl::Hours(24 * 95));
  world.FireTimers();
  casework::v1::ListRungsRequest request;
  request.set_subject(name);
  const auto rungs = world.server().Call<casework::v1::ListRungsResponse>(
      world.CountyOffice(), std::string(kService) + "ListRungs", request);
  ASSERT_TRUE(rungs.ok()) << rungs.status();
  bool limit_over = false;
  for (const auto& rung : rungs->rungs()) limit_over |= rung.clock() == "LIMIT" && rung.percent() == 100;
  EXPECT_TRUE(limit_over);
}

TEST_F(Supervision, OrdersAreListedInScopeAndForWhomTheyWait) {
  const std::string name = OrderIn(world, SupervisionOrder::ISSUED);
  const auto list = [&](const std::string& token, bool mine) {
    casework::v1::ListOrdersRequest request;
    request.set_addressed_to_me(mine);
    return world.server().Call<casework::v1::ListOrdersResponse>(token, std::string(kService) + "ListOrders",
                                                                 request);
  };
  EXPECT_EQ(list(world.CountyOffice(), false)->orders_size(), 1);
  EXPECT_EQ(list(world.Fixer(), true)->orders_size(), 1);
  EXPECT_EQ(list(world.Patrol(), true)->orders_size(), 0);
  EXPECT_EQ(list(OtherCounty(world), false)->orders_size(), 0);
}

TEST_F(Supervision, TheBulletinOfAWeekCountsWhatRanOutAndTheWholeIsTheSumOfItsLines) {
  OrderIn(world, SupervisionOrder::ISSUED);
  world.CaseIn(Case::DISPATCHED);
  world.clock().Advance(absl::Hours(24 * 3));
  world.FireTimers();
  const auto bulletin = [&](const std::string& token, const Uuid& division, const std::string& week = "") {
    casework::v1::GetBulletinRequest request;
    request.set_division(ResourceName("divisions", division));
    request.set_week_of_date(week);
    return world.server().Call<casework::v1::Bulletin>(token, std::string(kService) + "GetBulletin", request);
  };
  const auto county = bulletin(world.CountyOffice(), world.county);
  ASSERT_TRUE(county.ok()) << county.status();
  EXPECT_EQ(county->to_time().seconds() - county->from_time().seconds(), 7 * 86400);
  EXPECT_GT(county->total().reminded(), 0);
  EXPECT_GT(county->total().overdue(), 0);
  EXPECT_EQ(county->total().orders(), 1);
  EXPECT_EQ(county->total().orders_open(), 1);
  int64_t reminded = 0, overdue = 0;
  for (const auto& line : county->lines()) {
    reminded += line.reminded();
    overdue += line.overdue();
    EXPECT_FALSE(line.display_name().empty());
  }
  EXPECT_EQ(reminded, county->total().reminded());
  EXPECT_EQ(overdue, county->total().overdue());
  EXPECT_EQ(bulletin(world.Dispatcher(), world.township)->total().overdue(), county->total().overdue());
  EXPECT_EQ(bulletin(world.CountyOffice(), world.county, "2020-01-01")->total().reminded(), 0);
  EXPECT_EQ(ReasonOf(bulletin(world.CountyOffice(), world.county, "2020-13-01").status()), "INVALID_FIELD");
  EXPECT_EQ(bulletin(OtherCounty(world), world.county).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(bulletin(world.Fixer(), world.county).status().code(), absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace gridwarden::testing
