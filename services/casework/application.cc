#include "casework/application.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/history_repository.h"
#include "casework/ledger.h"
#include "casework/media_repository.h"
#include "casework/proof.h"
#include "casework/timestamps.h"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kApplicant = "APPLICANT";

domain::ApplicationKind KindOf(const v1::Application& application) {
  return static_cast<domain::ApplicationKind>(application.kind());
}

v1::Consent ApplicantOf(const rpc::Call& call, const access::Acting& acting) {
  v1::Consent consent;
  consent.set_seat(std::string(kApplicant));
  consent.set_person(ResourceName("persons", call.principal.person));
  consent.set_post(ResourceName("posts", acting.post));
  consent.set_agrees(true);
  *consent.mutable_time() = ToTimestamp(call.now);
  return consent;
}

absl::Status CheckNonePending(db::Transaction& tx, const CaseFile& file, const v1::Application& asked) {
  if (file.details.pending_applications().empty()) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const std::vector<ApplicationFile> pending, LockPending(tx, file.id));
  for (const ApplicationFile& one : pending) {
    if (one.application.kind() != asked.kind()) continue;
    return FailedPrecondition(
        "APPLICATION_PENDING", absl::StrCat(one.application.name(), " of the same kind waits for a decision"),
        {{"kind", std::string(domain::ZhOf(KindOf(asked)))}, {"application", one.application.name()}});
  }
  return absl::OkStatus();
}

void RemovePending(CaseFile& file, std::string_view name) {
  auto& pending = *file.details.mutable_pending_applications();
  pending.erase(std::remove(pending.begin(), pending.end(), std::string(name)), pending.end());
}

}  // namespace

absl::StatusOr<v1::Application> Apply(db::Transaction& tx, const rpc::Call& call,
                                      const domain::Policy& policy, CaseFile& file, const Asking& asking) {
  ApplicationFile made{.id = Uuid::Make(call.now),
                       .case_id = file.id,
                       .ground_path = file.place.ground_path,
                       .handler = file.handler.id,
                       .office = asking.acting.division,
                       .application = asking.application};
  v1::Application& application = made.application;
  const domain::ApplicationKind kind = KindOf(application);
  GW_RETURN_IF_ERROR(domain::Next(static_cast<domain::CaseState>(file.state), domain::ActOf(kind)).status());
  GW_RETURN_IF_ERROR(domain::CheckReason(policy, domain::NameOf(kind), application.reason_code()));
  GW_RETURN_IF_ERROR(CheckNonePending(tx, file, application));

  application.set_name(ResourceName("applications", made.id));
  application.set_case_(ResourceName("cases", file.id));
  application.set_state(v1::Application::PENDING);
  *application.mutable_applicant() = ApplicantOf(call, asking.acting);
  for (const domain::Seat seat : domain::SeatsOf(kind, asking.postponed_before, application.reason_code())) {
    application.add_seats(std::string(domain::NameOf(seat)));
  }
  *application.mutable_create_time() = ToTimestamp(call.now);

  Step step{.action = v1::APPLY,
            .acting = asking.acting,
            .event_time = call.now,
            .received = call.now,
            .request_id = asking.request_id,
            .reason = application.reason_code(),
            .application = application};
  step.proof.evidence = {application.evidence().begin(), application.evidence().end()};
  GW_RETURN_IF_ERROR(Advance(policy, file, step));
  GW_RETURN_IF_ERROR(ClaimMedia(tx, {.chain = file.chain}, DigestsOf(step.proof.evidence, {}),
                                call.principal.person, call.now));
  file.details.add_pending_applications(application.name());
  GW_RETURN_IF_ERROR(InsertApplication(tx, made));
  GW_RETURN_IF_ERROR(InsertDecision(tx, made.id, application.applicant()));
  GW_ASSIGN_OR_RETURN(const v1::Case after, Record(tx, call, policy, file, step));
  application.set_etag(after.etag());
  return application;
}

void EndApplication(const rpc::Call& call, CaseFile& file, v1::Application& application) {
  *application.mutable_end_time() = ToTimestamp(call.now);
  RemovePending(file, application.name());
}

absl::Status LapseApplications(db::Transaction& tx, const Step& step, CaseFile& file) {
  if (file.details.pending_applications().empty()) return absl::OkStatus();
  // One that the step itself decides is settled by its own file.
  const auto state = static_cast<domain::CaseState>(file.state);
  if (step.from_state == file.state) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(std::vector<ApplicationFile> pending, LockPending(tx, file.id));
  for (ApplicationFile& one : pending) {
    if (domain::Admits(state, KindOf(one.application))) continue;
    one.application.set_state(v1::Application::LAPSED);
    *one.application.mutable_end_time() = ToTimestamp(step.received);
    GW_RETURN_IF_ERROR(SaveApplication(tx, one));
    RemovePending(file, one.application.name());
  }
  return absl::OkStatus();
}

std::vector<domain::Desk> DesksOf(const domain::Ground& ground, const rpc::Call& call, const Uuid& division) {
  const access::Permission* row = access::FindPermission(call.method);
  std::vector<domain::Desk> desks;
  if (row == nullptr || call.principal.person.IsNil()) return desks;
  for (const domain::Holding& holding :
       ground.HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture())) {
    if ((row->kinds & access::Kinds({holding.post->kind})) == 0) continue;
    const Uuid stands = ground.DivisionOf(*holding.post);
    const domain::Division* there = ground.FindDivision(stands);
    if (there == nullptr || !ground.AnswersFor(stands, division, call.now)) continue;
    desks.push_back({holding.post->id, stands, holding.post->kind, there->level});
  }
  return desks;
}

domain::Desk ApplicantDesk(const domain::Ground& ground, const v1::Application& application) {
  const absl::StatusOr<Uuid> id = ParseResourceName("posts", application.applicant().post());
  const domain::Post* post = id.ok() ? ground.FindPost(*id) : nullptr;
  if (post == nullptr) return {};
  const Uuid stands = ground.DivisionOf(*post);
  const domain::Division* division = ground.FindDivision(stands);
  return {post->id, stands, post->kind, division == nullptr ? domain::Level::kUnspecified : division->level};
}

std::vector<domain::Seat> SeatsIn(const v1::Application& application) {
  std::vector<domain::Seat> seats;
  for (const std::string& name : application.seats()) {
    if (const std::optional<domain::Seat> seat = domain::ParseSeat(name)) seats.push_back(*seat);
  }
  return seats;
}

std::vector<domain::Taken> TakenIn(const v1::Application& application) {
  std::vector<domain::Taken> taken;
  for (const v1::Consent& consent : application.decisions()) {
    const std::optional<domain::Seat> seat = domain::ParseSeat(consent.seat());
    const absl::StatusOr<Uuid> person = ParseResourceName("persons", consent.person());
    if (seat && person.ok()) taken.push_back({*seat, *person});
  }
  return taken;
}

absl::Duration ExtendedSoFar(const CaseFile& file) {
  absl::Duration sum;
  for (const domain::ClockAdjustment& entry : LedgerOf(file.details)) {
    if (entry.kind == domain::ClockAdjustment::Kind::kExtend) sum += entry.extend.span;
  }
  return sum;
}

int PostponedSoFar(const CaseFile& file) {
  return static_cast<int>(
      std::count_if(file.details.ledger().begin(), file.details.ledger().end(),
                    [](const v1::LedgerEntry& entry) { return entry.kind() == v1::LedgerEntry::EXTEND; }));
}

absl::StatusOr<std::vector<type::v1::Evidence>> ReadDocuments(
    const domain::Policy& policy, const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence) {
  GW_ASSIGN_OR_RETURN(Proof proof, ReadProof(policy, {evidence.begin(), evidence.end()}, {}, nullptr));
  return std::move(proof.evidence);
}

absl::Status FillStarts(db::Transaction& tx, CaseFile& file) {
  if (file.state != v1::Case::HANDLING || file.details.has_handle_start_time()) return absl::OkStatus();
  std::optional<HistoryRow> last;
  for (const v1::Action action : {v1::ACCEPT, v1::SILENT_ACCEPT, v1::REWORK}) {
    GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> rows,
                        ReadHistoryOf(tx, Aggregate::kCase, file.id, action));
    if (!rows.empty() && (!last || rows.back().seq > last->seq)) last = rows.back();
  }
  if (!last) return absl::OkStatus();
  *file.details.mutable_stage_start_time() = ToTimestamp(last->latest);
  *file.details.mutable_handle_start_time() = ToTimestamp(last->latest);
  return absl::OkStatus();
}

}  // namespace gridwarden::casework
