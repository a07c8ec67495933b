#include "base/status.h"
#include "casework/application.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/handler.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

constexpr int kDocumentNoCharsMax = 100;

absl::Status CheckRequest(const domain::Ground& ground, const v1::RequestSuspensionRequest& request) {
  GW_RETURN_IF_ERROR(CheckText("statement", request.statement()));
  GW_RETURN_IF_ERROR(CheckText("end_condition", request.end_condition(), true));
  GW_RETURN_IF_ERROR(CheckText("plan", request.plan(), true));
  GW_RETURN_IF_ERROR(CheckText("interim_control", request.interim_control(), true));
  GW_RETURN_IF_ERROR(CheckText("document_no", request.document_no(), false, kDocumentNoCharsMax));
  GW_ASSIGN_OR_RETURN(const Handler in_charge, ReadHandler(ground, request.post(), "post"));
  if (in_charge.is_unit) return InvalidField("post", "got a unit, want the post in charge");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Application> RequestSuspension(const Casework& casework, const rpc::Call& call,
                                                  const v1::RequestSuspensionRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckRequest(*ground, request));
  GW_ASSIGN_OR_RETURN(const auto evidence, ReadDocuments(policy, request.evidence()));
  return rpc::Mutate<v1::Application>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Application> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAssigned(*ground, call, file.handler.id));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        if (file.state == v1::Case::HANDLING && !policy.TypeOf(file.category).may_suspend) {
          return FailedPrecondition("SUSPENSION_NOT_ALLOWED", "cases of this type do not rest",
                                    {{"category", file.category}});
        }
        Asking asking{.acting = acting, .request_id = request.request_id()};
        v1::Application& application = asking.application;
        application.set_kind(v1::Application::SUSPENSION);
        application.set_reason_code(request.reason_code());
        application.set_statement(request.statement());
        application.set_document_no(request.document_no());
        *application.mutable_evidence() = {evidence.begin(), evidence.end()};
        v1::Suspension& suspension = *application.mutable_suspension();
        suspension.set_reason_code(request.reason_code());
        suspension.set_end_condition(request.end_condition());
        suspension.set_plan(request.plan());
        suspension.set_interim_control(request.interim_control());
        suspension.set_post(request.post());
        return Apply(tx, call, policy, file, asking);
      });
}

}  // namespace gridwarden::casework
