#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/application.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "domain/policy/application_rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// An office that voids too many of its cases leaves it to the county; the county's own are published with all
// others.
absl::Status CheckRatio(db::Transaction& tx, const rpc::Call& call, const domain::Ground& ground,
                        const domain::Policy& policy, const access::Acting& acting) {
  const domain::Division* office = ground.FindDivision(acting.division);
  if (office == nullptr || office->level <= domain::Level::kCounty) return absl::OkStatus();
  const domain::ApplicationRules rules =
      policy.applications == nullptr ? domain::ApplicationRules() : *policy.applications;
  GW_ASSIGN_OR_RETURN(MonthCount count,
                      CountOfOffice(tx, acting.division, ground.PathKeysHeldBy(acting.division, call.now),
                                    v1::Application::VOIDING, call.now));
  ++count.concerned;
  if (domain::WithinRatio(count.concerned, count.cases, rules.voiding_ratio_max, rules.voiding_from))
    return absl::OkStatus();
  return FailedPrecondition("VOIDING_QUOTA", "too many of the office's cases of the month are voided",
                            {{"count", absl::StrCat(count.concerned)},
                             {"cases", absl::StrCat(count.cases)},
                             {"limit", absl::StrCat(rules.voiding_ratio_max)}});
}

}  // namespace

absl::StatusOr<v1::Application> RequestVoiding(const Casework& casework, const rpc::Call& call,
                                               const v1::RequestVoidingRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("statement", request.statement(), true));
  GW_ASSIGN_OR_RETURN(const auto evidence, ReadDocuments(policy, request.evidence()));
  return rpc::Mutate<v1::Application>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Application> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, file.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        if (domain::Admits(static_cast<domain::CaseState>(file.state), domain::ApplicationKind::kVoiding))
          GW_RETURN_IF_ERROR(CheckRatio(tx, call, *ground, policy, acting));
        Asking asking{.acting = acting, .request_id = request.request_id()};
        v1::Application& application = asking.application;
        application.set_kind(v1::Application::VOIDING);
        application.set_reason_code(request.reason_code());
        application.set_statement(request.statement());
        *application.mutable_evidence() = {evidence.begin(), evidence.end()};
        return Apply(tx, call, policy, file, asking);
      });
}

}  // namespace gridwarden::casework
