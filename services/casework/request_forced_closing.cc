#include "base/status.h"
#include "casework/application.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/proof.h"
#include "casework/reporter.h"
#include "casework/rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

absl::StatusOr<v1::Application> RequestForcedClosing(const Casework& casework, const rpc::Call& call,
                                                     const v1::RequestForcedClosingRequest& request) {
  constexpr int kDocumentNoCharsMax = 100;
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("statement", request.statement(), true));
  GW_RETURN_IF_ERROR(CheckText("document_no", request.document_no(), true, kDocumentNoCharsMax));
  GW_ASSIGN_OR_RETURN(const auto evidence, ReadDocuments(policy, request.evidence()));
  return rpc::Mutate<v1::Application>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Application> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, file.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        GW_RETURN_IF_ERROR(CheckReporterContent(tx, file));
        Asking asking{.acting = acting, .request_id = request.request_id()};
        v1::Application& application = asking.application;
        application.set_kind(v1::Application::FORCED_CLOSING);
        application.set_reason_code(request.reason_code());
        application.set_statement(request.statement());
        application.set_document_no(request.document_no());
        *application.mutable_evidence() = {evidence.begin(), evidence.end()};
        return Apply(tx, call, policy, file, asking);
      });
}

}  // namespace gridwarden::casework
