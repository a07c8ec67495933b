#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/application.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/handler.h"
#include "casework/proof.h"
#include "casework/routing.h"
#include "casework/rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

constexpr int kDocumentNoCharsMax = 100;

// What the list names needs nobody's approval.
absl::Status CheckNotListed(const domain::Policy& policy, const domain::Ground& ground, const CaseFile& file,
                            const Handler& handler) {
  const domain::DutyItem* item =
      domain::ItemOfLead(policy, ground, QuestionOf(file), handler.id, handler.is_unit);
  if (item == nullptr) return absl::OkStatus();
  return InvalidField(
      "handler", absl::StrCat("got one whom the duty list names (", item->id, "), want DispatchCase for it"));
}

}  // namespace

absl::StatusOr<v1::Application> RequestDispatchOutsideList(
    const Casework& casework, const rpc::Call& call, const v1::RequestDispatchOutsideListRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_ASSIGN_OR_RETURN(const Handler handler, ReadHandler(*ground, request.handler(), "handler"));
  GW_RETURN_IF_ERROR(ReadCooperators(*ground, request.cooperators()).status());
  GW_RETURN_IF_ERROR(CheckText("statement", request.statement()));
  GW_RETURN_IF_ERROR(CheckText("document_no", request.document_no(), false, kDocumentNoCharsMax));
  return rpc::Mutate<v1::Application>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Application> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, file.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        GW_RETURN_IF_ERROR(CheckHeld(*ground, handler, call.now));
        GW_RETURN_IF_ERROR(CheckNotListed(policy, *ground, file, handler));
        Asking asking{.acting = acting, .request_id = request.request_id()};
        v1::Application& application = asking.application;
        application.set_kind(v1::Application::DISPATCH_OUTSIDE_LIST);
        application.set_reason_code(request.reason_code());
        application.set_statement(request.statement());
        application.set_document_no(request.document_no());
        application.set_handler(request.handler());
        *application.mutable_cooperators() = request.cooperators();
        return Apply(tx, call, policy, file, asking);
      });
}

}  // namespace gridwarden::casework
