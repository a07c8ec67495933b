#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/handler.h"
#include "casework/place.h"
#include "casework/routing.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "domain/workflow/case_workflow.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

constexpr int kDutyItemCharsMax = 500;

// A case that was given back twice is routed for good by the county (T8).
absl::StatusOr<access::Acting> AllowDispatch(const domain::Ground& ground, const rpc::Call& call,
                                             const CaseFile& file) {
  if (!domain::NeedsCounty(file.return_count, 0)) return access::AllowAt(ground, call, file.place.division);
  return access::AllowAt(ground, call, CountyOf(ground, file.place.division, call.now));
}

}  // namespace

absl::StatusOr<v1::Case> DispatchCase(const Casework& casework, const rpc::Call& call,
                                      const v1::DispatchCaseRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const Handler handler, ReadHandler(*ground, request.handler(), "handler"));
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> cooperators, ReadCooperators(*ground, request.cooperators()));
  GW_RETURN_IF_ERROR(CheckText("duty_item", request.duty_item(), false, kDutyItemCharsMax));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowDispatch(*ground, call, file));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        Step step{.action = v1::DISPATCH,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.duty_item()};
        GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
        GW_RETURN_IF_ERROR(CheckHeld(*ground, handler, call.now));
        GW_ASSIGN_OR_RETURN(const std::string duty_item,
                            DutyItemFor(*casework.policy, *ground, file, handler, request.duty_item()));
        step.reason = duty_item;
        Entrust(*ground, handler, cooperators, duty_item, file);
        return Record(tx, call, *casework.policy, file, step);
      });
}

}  // namespace gridwarden::casework
