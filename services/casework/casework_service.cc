#include "casework/casework_service.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "access/standing.h"
#include "base/status.h"
#include "casework/application_service.h"
#include "casework/casework.h"
#include "casework/relocation.h"
#include "casework/signal_service.h"
#include "casework/stop_work.h"
#include "casework/supervision_service.h"
#include "casework/timer_scheduler.h"
#include "casework/waiting_checks.h"
#include "platform/journal/consumer.h"

namespace gridwarden::casework {
namespace {

// An unknown signal or case and one elsewhere are refused in the same words: printed case numbers could be
// tried one by one.
absl::Status Concealed(const Casework& casework, const rpc::Call& call, const absl::Status& status) {
  const std::optional<ErrorFacts> facts = FactsOf(status);
  if (!absl::IsNotFound(status) || !facts) return status;
  const auto resource = facts->metadata.find("resource");
  if (resource == facts->metadata.end()) return status;
  return access::Absent(*casework.directory.ground(), call, resource->second);
}

// `name` is "Service/Rpc" of the area's package.
template <typename Request, typename Response>
void AddTo(rpc::Registry& registry, const std::shared_ptr<const Casework>& casework, std::string_view name,
           absl::StatusOr<Response> (*body)(const Casework&, const rpc::Call&, const Request&)) {
  registry.Add<Request, Response>(
      absl::StrCat("gridwarden.casework.v1.", std::string(name)),
      [casework, body](const rpc::Call& call, const Request& request) -> absl::StatusOr<Response> {
        absl::StatusOr<Response> answer = body(*casework, call, request);
        if (!answer.ok()) return Concealed(*casework, call, answer.status());
        return answer;
      });
}

template <typename Request, typename Response>
void Add(rpc::Registry& registry, const std::shared_ptr<const Casework>& casework, std::string_view name,
         absl::StatusOr<Response> (*body)(const Casework&, const rpc::Call&, const Request&)) {
  AddTo(registry, casework, absl::StrCat("CaseworkService/", std::string(name)), body);
}

using Act = absl::Status (*)(const Casework&, const rpc::Call&, db::Transaction&, const journal::FeedEntry&);

// One consumer of the feed. The name is the key of its cursor and is never changed.
std::unique_ptr<Worker> Follow(const AreaContext& context, const std::shared_ptr<const Casework>& casework,
                               std::string_view name, std::string_view kind, Act act) {
  return journal::Consumer::InTransaction(
      context.database, context.channel("journal"), context.clock,
      {.name = absl::StrCat("casework.", std::string(name)),
       .kinds = {std::string(kind)},
       .demo = context.demo},
      [casework, act](const rpc::Call& call, db::Transaction& tx,
                      const journal::FeedEntry& entry) -> absl::Status {
        if (!casework->directory.loaded()) {
          return Unavailable("DATABASE_UNAVAILABLE", "the ground is not loaded yet", absl::Seconds(1));
        }
        return act(*casework, call, tx, entry);
      });
}

// The same for what asks another area on the way: at least once, so that it says nothing twice itself.
using OutsideAct = absl::Status (*)(const Casework&, const rpc::Call&, const journal::FeedEntry&);

std::unique_ptr<Worker> FollowOutside(const AreaContext& context,
                                      const std::shared_ptr<const Casework>& casework, std::string_view name,
                                      std::string_view kind, OutsideAct act) {
  return journal::Consumer::AtLeastOnce(
      context.database, context.channel("journal"), context.clock,
      {.name = absl::StrCat("casework.", std::string(name)),
       .kinds = {std::string(kind)},
       .demo = context.demo},
      [casework, act](const rpc::Call& call, const journal::FeedEntry& entry) -> absl::Status {
        return act(*casework, call, entry);
      });
}

}  // namespace

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry) {
  const auto casework = std::make_shared<const Casework>(
      Casework{context.database, context.directory, context.policy, context.channel});
  Add(registry, casework, "SubmitSignal", SubmitSignal);
  Add(registry, casework, "RequestOnsiteCheck", RequestOnsiteCheck);
  Add(registry, casework, "SubmitOnsiteCheck", SubmitOnsiteCheck);
  Add(registry, casework, "RejectSignal", RejectSignal);
  Add(registry, casework, "FileCase", FileCase);
  Add(registry, casework, "SetDisposition", SetDisposition);
  Add(registry, casework, "DispatchCase", DispatchCase);
  Add(registry, casework, "ReturnCase", ReturnCase);
  Add(registry, casework, "AcceptCase", AcceptCase);
  Add(registry, casework, "SubmitFeedback", SubmitFeedback);
  Add(registry, casework, "AssignCheck", AssignCheck);
  Add(registry, casework, "SubmitCheck", SubmitCheck);
  Add(registry, casework, "SignOff", SignOff);
  Add(registry, casework, "SubmitRecheck", SubmitRecheck);
  AddTo(registry, casework, "ClosingService/StopProduction", StopProduction);
  AddTo(registry, casework, "ClosingService/SubmitPart", SubmitPart);
  AddTo(registry, casework, "ClosingService/ExcusePart", ExcusePart);
  AddTo(registry, casework, "ClosingService/TransferCase", TransferCase);
  AddTo(registry, casework, "ClosingService/SubmitTransferResult", SubmitTransferResult);
  AddTo(registry, casework, "ClosingService/CosignCase", CosignCase);
  AddTo(registry, casework, "ClosingService/DisputeClosing", DisputeClosing);
  AddTo(registry, casework, "ClosingService/ListChain", ListChain);
  Add(registry, casework, "GetSignal", GetSignal);
  Add(registry, casework, "BatchGetSignals", BatchGetSignals);
  Add(registry, casework, "ListSignals", ListSignals);
  Add(registry, casework, "GetCase", GetCase);
  Add(registry, casework, "BatchGetCases", BatchGetCases);
  Add(registry, casework, "ListCases", ListCases);
  Add(registry, casework, "ListCaseEvents", ListCaseEvents);
  AddTo(registry, casework, "SiteService/OrderStopWork", OrderStopWork);
  AddTo(registry, casework, "SiteService/AcceptRestart", AcceptRestart);
  AddTo(registry, casework, "SiteService/RevokeStopWork", RevokeStopWork);
  AddTo(registry, casework, "SiteService/ListStopWorks", ListStopWorks);
  AddTo(registry, casework, "RoutingService/ProposeRoute", ProposeRoute);
  AddTo(registry, casework, "RoutingService/ListDutyItems", ListDutyItems);
  AddTo(registry, casework, "RoutingService/RequestDispatchOutsideList", RequestDispatchOutsideList);

  AddTo(registry, casework, "CheckService/DeclareConflict", DeclareConflict);
  AddTo(registry, casework, "CheckService/WithdrawConflict", WithdrawConflict);
  AddTo(registry, casework, "CheckService/ListConflicts", ListConflicts);
  AddTo(registry, casework, "CheckService/ExplainCheckers", ExplainCheckers);

  AddTo(registry, casework, "ApplicationService/RequestPostponement", RequestPostponement);
  AddTo(registry, casework, "ApplicationService/RequestSuspension", RequestSuspension);
  AddTo(registry, casework, "ApplicationService/RequestForcedClosing", RequestForcedClosing);
  AddTo(registry, casework, "ApplicationService/RequestVoiding", RequestVoiding);
  AddTo(registry, casework, "ApplicationService/DecideApplication", DecideApplication);
  AddTo(registry, casework, "ApplicationService/WithdrawApplication", WithdrawApplication);
  AddTo(registry, casework, "ApplicationService/ReviewSuspension", ReviewSuspension);
  AddTo(registry, casework, "ApplicationService/ResumeCase", ResumeCase);
  AddTo(registry, casework, "ApplicationService/GetApplication", GetApplication);
  AddTo(registry, casework, "ApplicationService/ListApplications", ListApplications);
  AddTo(registry, casework, "ApplicationService/ListSuspendedCases", ListSuspendedCases);
  AddTo(registry, casework, "ApplicationService/ListClockRuns", ListClockRuns);

  AddTo(registry, casework, "SignalService/MergeSignal", MergeSignal);
  AddTo(registry, casework, "SignalService/UnmergeSignal", UnmergeSignal);
  AddTo(registry, casework, "SignalService/ListMergeCandidates", ListMergeCandidates);
  AddTo(registry, casework, "SignalService/DisputeRejection", DisputeRejection);
  AddTo(registry, casework, "SignalService/TransferSignal", TransferSignal);
  AddTo(registry, casework, "SignalService/TellReporter", TellReporter);
  AddTo(registry, casework, "SignalService/ListRelocationProposals", ListRelocationProposals);
  AddTo(registry, casework, "SignalService/DecideRelocationProposal", DecideRelocationProposal);
  AddTo(registry, casework, "SupervisionService/IssueOrder", IssueOrder);
  AddTo(registry, casework, "SupervisionService/ReplyToOrder", ReplyToOrder);
  AddTo(registry, casework, "SupervisionService/ApplyForExtension", ApplyForExtension);
  AddTo(registry, casework, "SupervisionService/DecideExtension", DecideExtension);
  AddTo(registry, casework, "SupervisionService/AcceptOrder", AcceptOrder);
  AddTo(registry, casework, "SupervisionService/LiftOrder", LiftOrder);
  AddTo(registry, casework, "SupervisionService/GetOrder", GetOrder);
  AddTo(registry, casework, "SupervisionService/ListOrders", ListOrders);
  AddTo(registry, casework, "SupervisionService/ListRungs", ListRungs);
  AddTo(registry, casework, "SupervisionService/ListVacancyFindings", ListVacancyFindings);
  AddTo(registry, casework, "SupervisionService/GetBulletin", GetBulletin);

  std::vector<std::unique_ptr<Worker>> workers;
  workers.push_back(
      std::make_unique<TimerScheduler>(casework, context.clock, context.channel("journal"), context.demo));
  workers.push_back(std::make_unique<WaitingChecks>(casework, context.clock, context.demo));
  workers.push_back(Follow(context, casework, "check_assignment", "case.transition", AssignCheckOnFeedback));
  workers.push_back(Follow(context, casework, "monitoring", "case.transition", MonitorOnClosing));
  workers.push_back(Follow(context, casework, "escalation", "case.transition", EscalateOnStep));
  workers.push_back(Follow(context, casework, "rungs", "rung", ActOnRung));
  workers.push_back(Follow(context, casework, "visits", "visit", SignalOfVisit));
  workers.push_back(Follow(context, casework, "hotspots", "hotspot", SignalOfHotspot));
  workers.push_back(FollowOutside(context, casework, "relocations", "case.transition", ProposeRelocations));
  return workers;
}

}  // namespace gridwarden::casework
