#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/application.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/ledger.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

constexpr int kDocumentNoCharsMax = 100;

absl::Status CheckForm(const v1::RequestPostponementRequest& request) {
  GW_RETURN_IF_ERROR(CheckText("document_no", request.document_no(), true, kDocumentNoCharsMax));
  for (const type::v1::Evidence& item : request.evidence()) {
    if (item.kind() == type::v1::Evidence::DOCUMENT) return absl::OkStatus();
  }
  return FailedPrecondition("EVIDENCE_MISSING",
                            "a second postponement, and one for works, needs the written form",
                            {{"item", "延期申请表（扫描件）"}});
}

// Before the clock runs out: what is late is not made timely afterwards.
absl::Status CheckInTime(const rpc::Call& call, const CaseFile& file) {
  if (!file.due_time || call.now <= *file.due_time) return absl::OkStatus();
  return FailedPrecondition(
      "HANDLING_OVERDUE", "the handling clock has run out",
      {{"due", absl::FormatTime("%Y-%m-%d %H:%M", *file.due_time, domain::CalendarZone())}});
}

// A unit is one handler with all its posts.
std::vector<Uuid> HandlersOf(const domain::Ground& ground, const Handler& handler, Uuid& holder) {
  const domain::Post* post = handler.is_unit ? nullptr : ground.FindPost(handler.id);
  holder = post == nullptr || post->unit.IsNil() ? handler.id : post->unit;
  std::vector<Uuid> handlers{holder};
  for (const domain::Post* one : ground.PostsOfUnit(holder)) handlers.push_back(one->id);
  return handlers;
}

// The handler's cases of this month that are postponed, this one included.
absl::Status CheckRatio(db::Transaction& tx, const rpc::Call& call, const domain::Ground& ground,
                        const domain::PostponementRule& rule, const CaseFile& file) {
  Uuid holder;
  const std::vector<Uuid> handlers = HandlersOf(ground, file.handler, holder);
  GW_ASSIGN_OR_RETURN(MonthCount count, CountOfHandlers(tx, holder, handlers, file.id,
                                                        v1::Application::POSTPONEMENT, call.now));
  ++count.concerned;
  if (domain::WithinRatio(count.concerned, count.cases, rule.ratio_max, rule.ratio_from))
    return absl::OkStatus();
  return FailedPrecondition("POSTPONEMENT_QUOTA",
                            "too many of the handler's cases of the month are postponed",
                            {{"count", absl::StrCat(count.concerned)},
                             {"cases", absl::StrCat(count.cases)},
                             {"limit", absl::StrCat(rule.ratio_max)}});
}

}  // namespace

absl::StatusOr<v1::Application> RequestPostponement(const Casework& casework, const rpc::Call& call,
                                                    const v1::RequestPostponementRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("statement", request.statement(), true));
  GW_ASSIGN_OR_RETURN(const auto evidence, ReadDocuments(policy, request.evidence()));
  return rpc::Mutate<v1::Application>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Application> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAssigned(*ground, call, file.handler.id));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        Asking asking{
            .acting = acting, .request_id = request.request_id(), .postponed_before = PostponedSoFar(file)};
        v1::Application& application = asking.application;
        application.set_kind(v1::Application::POSTPONEMENT);
        application.set_reason_code(request.reason_code());
        application.set_statement(request.statement());
        application.set_document_no(request.document_no());
        *application.mutable_extend() = request.extend();
        *application.mutable_evidence() = {evidence.begin(), evidence.end()};

        const domain::CaseType& type = policy.TypeOf(file.category);
        if (domain::Admits(static_cast<domain::CaseState>(file.state),
                           domain::ApplicationKind::kPostponement)) {
          GW_RETURN_IF_ERROR(CheckInTime(call, file));
          GW_RETURN_IF_ERROR(
              domain::CheckPostponement(type, ReadLimit(request.extend()), ExtendedSoFar(file)));
          if (domain::NeedsForm(asking.postponed_before, request.reason_code()))
            GW_RETURN_IF_ERROR(CheckForm(request));
          GW_RETURN_IF_ERROR(CheckRatio(tx, call, *ground, type.postponement, file));
        }
        return Apply(tx, call, policy, file, asking);
      });
}

}  // namespace gridwarden::casework
