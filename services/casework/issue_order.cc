#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "casework/supervision.h"
#include "casework/supervision_service.h"
#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

using v1::SupervisionOrder;

constexpr size_t kIdSize = 16;
constexpr int kDocumentNoMax = 120;

absl::Status CheckRequest(const domain::OrderRules& rules, const v1::IssueOrderRequest& request) {
  GW_RETURN_IF_ERROR(CheckText("demand", request.demand(), !request.decline()));
  GW_RETURN_IF_ERROR(CheckText("document_no", request.document_no(), false, kDocumentNoMax));
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), request.decline()));
  if (request.name().empty()) {
    if (request.decline()) return InvalidField("name", "got nothing, want the proposal that is turned down");
    if (!SupervisionOrder::Kind_IsValid(request.kind()) ||
        request.kind() == SupervisionOrder::KIND_UNSPECIFIED)
      return InvalidField("kind", "got an unknown value, want PRESS, COUNTY_LIMIT or LISTED");
    if (request.cases().empty()) return InvalidField("cases", "got none, want at least one");
    if (request.cases_size() > rules.cases_max) {
      return InvalidField("cases",
                          absl::StrFormat("got %d, want at most %d", request.cases_size(), rules.cases_max));
    }
  } else if (!request.cases().empty()) {
    return InvalidField("cases", "got cases beside a proposal, want those of the proposal");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Uuid>> ReadCaseNames(const v1::IssueOrderRequest& request) {
  std::vector<Uuid> ids;
  for (const std::string& name : request.cases()) {
    GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("cases", name, "cases"));
    if (id.IsNil()) return InvalidField("cases", "got an empty name, want cases/{uuid}");
    if (std::find(ids.begin(), ids.end(), id) != ids.end())
      return InvalidField("cases", "got a case twice, want each once");
    ids.push_back(id);
  }
  return ids;
}

// The cases of an order, locked in one order everywhere.
absl::StatusOr<std::vector<CaseFile>> LockCases(db::Transaction& tx, const std::vector<Uuid>& ids) {
  std::vector<Uuid> sorted = ids;
  std::sort(sorted.begin(), sorted.end());
  std::vector<CaseFile> files(ids.size());
  for (const Uuid& id : sorted) {
    GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, id));
    files[std::find(ids.begin(), ids.end(), id) - ids.begin()] = std::move(file);
  }
  return files;
}

absl::Status CheckOpen(const std::vector<CaseFile>& cases) {
  for (const CaseFile& one : cases) {
    const domain::Stage stage = domain::StageOf(static_cast<domain::CaseState>(one.state));
    if (stage != domain::Stage::kNone && stage != domain::Stage::kRecheck) continue;
    return FailedPrecondition("CASE_NOT_OPEN", "the case is over", {{"case", one.case_no}});
  }
  return absl::OkStatus();
}

// A new order over these cases: in the nearest division above all of them.
absl::StatusOr<OrderFile> NewOrder(const domain::Ground& ground, const rpc::Call& call,
                                   const v1::IssueOrderRequest& request, const std::vector<CaseFile>& cases) {
  OrderFile file;
  GW_ASSIGN_OR_RETURN(file.id, ParseId(request.order_id(), "order_id"));
  if (file.id.IsNil()) file.id = Uuid::Make(call.now);
  std::vector<std::string> paths;
  for (const CaseFile& one : cases) {
    paths.push_back(ground.PathKeyNear(one.place.division, call.now, absl::InfiniteFuture()));
    file.cases.push_back(one.id);
    file.order.add_cases(ResourceName("cases", one.id));
  }
  file.ground_path = CommonPath(paths);
  if (file.ground_path.size() < kIdSize)
    return InvalidField("cases", "got cases of different cities, want those of one");
  file.division =
      Uuid::FromBytes(file.ground_path.substr(file.ground_path.size() - kIdSize)).value_or(Uuid());
  file.addressee = cases.front().handler.id;
  file.addressee_is_unit = cases.front().handler.is_unit;
  file.recorded = call.now;
  file.order.set_kind(request.kind());
  file.order.set_division(ResourceName("divisions", file.division));
  return file;
}

absl::Status SetAddressee(const domain::Ground& ground, const rpc::Call& call, std::string_view name,
                          OrderFile& file) {
  Handler addressee{file.addressee, file.addressee_is_unit};
  if (!name.empty()) {
    GW_ASSIGN_OR_RETURN(addressee, ReadHandler(ground, name, "addressee"));
  }
  if (addressee.id.IsNil())
    return InvalidField("addressee", "got nobody and the case has no handler yet, want who has to answer");
  GW_RETURN_IF_ERROR(CheckHeld(ground, addressee, call.now));
  file.addressee = addressee.id;
  file.addressee_is_unit = addressee.is_unit;
  file.order.set_addressee(ResourceName(addressee.is_unit ? "units" : "posts", addressee.id));
  return absl::OkStatus();
}

// 包案责任人: who answers for a listed problem being solved.
absl::Status SetPostInCharge(const domain::Ground& ground, const rpc::Call& call, std::string_view name,
                             OrderFile& file) {
  const bool listed = file.order.kind() == SupervisionOrder::LISTED;
  GW_ASSIGN_OR_RETURN(const Uuid post, ParseResourceName("posts", name, "post_in_charge"));
  if (listed != !post.IsNil()) {
    return InvalidField("post_in_charge", listed ? "got nobody, want the post that answers for it"
                                                 : "got a post, want none: only a listed order has one");
  }
  if (!listed) return absl::OkStatus();
  if (ground.FindPost(post) == nullptr)
    return InvalidField("post_in_charge", "got an unknown post, want one of the ground");
  GW_RETURN_IF_ERROR(CheckHeld(ground, {post, false}, call.now));
  file.order.set_post_in_charge(std::string(name));
  return absl::OkStatus();
}

absl::Status SetLimits(const domain::Policy& policy, const rpc::Call& call,
                       const v1::IssueOrderRequest& request, OrderFile& file) {
  std::optional<absl::Time> limit;
  if (request.has_limit_time()) limit = FromTimestamp(request.limit_time());
  GW_RETURN_IF_ERROR(domain::CheckOrderLimit(OrderRulesOf(policy), KindOf(file), call.now, limit));
  if (limit) {
    *file.order.mutable_limit_time() = request.limit_time();
    *file.order.mutable_ordered_limit_time() = request.limit_time();
  }
  SetReplyDue(policy, call.now, file);
  if (!request.publish()) return absl::OkStatus();
  if (file.order.kind() != SupervisionOrder::LISTED)
    return InvalidField("publish", "got true, want false: only a listed order is published");
  file.order.set_published(true);
  *file.order.mutable_publish_time() = ToTimestamp(call.now);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::SupervisionOrder> IssueOrder(const Casework& casework, const rpc::Call& call,
                                                const v1::IssueOrderRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckRequest(OrderRulesOf(policy), request));
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadCaseNames(request));
  return rpc::Mutate<SupervisionOrder>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<SupervisionOrder> {
        OrderFile file;
        std::vector<CaseFile> cases;
        if (request.name().empty()) {
          GW_ASSIGN_OR_RETURN(cases, LockCases(tx, ids));
          GW_ASSIGN_OR_RETURN(file, NewOrder(*ground, call, request, cases));
        } else {
          GW_ASSIGN_OR_RETURN(file, LockOrder(tx, request.name()));
          GW_ASSIGN_OR_RETURN(cases, LockCases(tx, file.cases));
        }
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            AllowIssuer(*ground, call, KindOf(file), file.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        if (request.kind() != SupervisionOrder::KIND_UNSPECIFIED && request.kind() != file.order.kind())
          return InvalidField("kind", "got another kind than the proposal's, want that or none");

        OrderStep step{.act = request.decline() ? v1::SupervisionEvent::DECLINE : v1::SupervisionEvent::ISSUE,
                       .acting = acting,
                       .request_id = request.request_id()};
        GW_RETURN_IF_ERROR(Advance(file, step));
        *file.order.mutable_issuer() =
            ConsentOf(call, acting, "ISSUER", !request.decline(), request.reason());
        if (!request.decline()) {
          GW_RETURN_IF_ERROR(CheckOpen(cases));
          GW_RETURN_IF_ERROR(SetAddressee(*ground, call, request.addressee(), file));
          GW_RETURN_IF_ERROR(SetPostInCharge(*ground, call, request.post_in_charge(), file));
          GW_RETURN_IF_ERROR(SetLimits(policy, call, request, file));
          file.order.set_demand(request.demand());
          file.order.set_document_no(request.document_no());
        }
        GW_RETURN_IF_ERROR(Record(tx, call, policy, file, step).status());
        if (!request.decline() && file.order.kind() == SupervisionOrder::LISTED)
          GW_RETURN_IF_ERROR(MarkListed(tx, file, true));
        return View(*ground, file);
      });
}

}  // namespace gridwarden::casework
