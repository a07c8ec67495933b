#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/signal_repository.h"
#include "casework/supervision.h"
#include "casework/supervision_service.h"
#include "casework/timer_repository.h"
#include "casework/views.h"

namespace gridwarden::casework {
namespace {

// The subjects whose rungs are asked for: a case brings its signals along.
absl::StatusOr<std::vector<Uuid>> SubjectsOf(db::Transaction& tx, const domain::Ground& ground,
                                             const rpc::Call& call, const std::string& name) {
  if (name.starts_with("signals/")) {
    GW_ASSIGN_OR_RETURN(const SignalFile signal, ReadSignal(tx, name));
    GW_RETURN_IF_ERROR(AllowView(ground, call, signal));
    return std::vector{signal.id};
  }
  if (name.starts_with("supervisionOrders/")) {
    GW_ASSIGN_OR_RETURN(const OrderFile order, ReadOrder(tx, name));
    GW_RETURN_IF_ERROR(AllowView(ground, call, order));
    return std::vector{order.id};
  }
  if (!name.starts_with("cases/")) {
    return InvalidField("subject", "got another name, want cases/..., signals/... or supervisionOrders/...");
  }
  GW_ASSIGN_OR_RETURN(const CaseFile file, ReadCase(tx, name));
  GW_RETURN_IF_ERROR(AllowView(ground, call, file));
  std::vector<Uuid> subjects = file.signals;
  subjects.push_back(file.id);
  return subjects;
}

std::string PostName(const domain::Ground& ground, const std::string& name) {
  const bool unit = name.starts_with("units/");
  const auto id = ParseResourceName(unit ? "units" : "posts", name);
  return id.ok() ? DisplayName(ground, {*id, unit}) : "";
}

void AddNames(const domain::Ground& ground, v1::Rung& rung) {
  for (v1::Rung::Recipient& recipient : *rung.mutable_recipients()) {
    recipient.set_post_display_name(PostName(ground, recipient.post()));
    recipient.set_instead_of_display_name(PostName(ground, recipient.instead_of()));
    const auto person = ParseResourceName("persons", recipient.person());
    const domain::Person* row = person.ok() ? ground.FindPerson(*person) : nullptr;
    if (row != nullptr) recipient.set_person_display_name(row->display_name);
  }
}

}  // namespace

absl::StatusOr<v1::ListRungsResponse> ListRungs(const Casework& casework, const rpc::Call& call,
                                                const v1::ListRungsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  std::vector<v1::Rung> rungs;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const std::vector<Uuid> subjects, SubjectsOf(tx, *ground, call, request.subject()));
    GW_ASSIGN_OR_RETURN(rungs, ReadRungs(tx, subjects));
    return absl::OkStatus();
  }));
  v1::ListRungsResponse response;
  for (v1::Rung& rung : rungs) {
    AddNames(*ground, rung);
    *response.add_rungs() = std::move(rung);
  }
  return response;
}

}  // namespace gridwarden::casework
