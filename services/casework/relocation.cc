#include "casework/relocation.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "access/permission.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/list_key.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "casework/views.h"
#include "domain/policy/signal_rules.h"
#include "gridwarden/source/v1/source_internal.pb.h"
#include "platform/rpc/mutate.h"
#include "platform/rpc/page.h"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kCompareSources = "gridwarden.source.v1.SourceInternalService/CompareSources";

// A birth of a case, about a known source at a known point, of a type for which closed means closed.
bool IsAskedAbout(const domain::Policy& policy, const v1::CaseEvent& event) {
  return event.action() == v1::FILE && !event.after().source().empty() && event.after().has_position() &&
         policy.TypeOf(event.after().category()).regime == domain::Regime::kSmallPolluter;
}

absl::StatusOr<source::v1::CompareSourcesResponse> Compare(const Casework& casework, const rpc::Call& call,
                                                           const std::string& source,
                                                           const std::vector<DisposedCase>& disposed) {
  source::v1::CompareSourcesRequest request;
  request.set_source(source);
  for (const DisposedCase& old : disposed) request.add_others(ResourceName("sources", old.source));
  return rpc::Send<source::v1::CompareSourcesResponse>(casework.channel("source"), call, kCompareSources,
                                                       request);
}

// How the rules judge what the ledger and the map say.
bool IsAlike(const domain::SignalRules& rules, const source::v1::SourceLikeness& likeness,
             double distance_m) {
  return (likeness.same_owner() && distance_m <= rules.owner_radius_m) ||
         (likeness.same_trade() && distance_m <= rules.trade_radius_m);
}

absl::StatusOr<journal::Sealed> Seal(const rpc::Call& call, const domain::Policy& policy,
                                     const ProposalFile& file, v1::RelocationProposal::State from,
                                     const access::Acting& acting, const std::string& request_id) {
  v1::RelocationEvent event;
  event.set_from(from);
  *event.mutable_after() = ToProto(file);
  event.mutable_after()->clear_reason();
  event.mutable_after()->clear_etag();
  event.set_ground_path(file.ground_path);
  return journal::Seal(call, {.kind = "relocation",
                              .before = file.subject,
                              .event = &event,
                              .post = acting.post,
                              .tenure = acting.tenure,
                              .rule_version = policy.version,
                              .request_id = request_id});
}

ProposalFile ProposalOf(const rpc::Call& call, const journal::FeedEntry& entry, const v1::CaseEvent& event,
                        const DisposedCase& old, const source::v1::SourceLikeness& likeness,
                        double distance_m) {
  ProposalFile file;
  file.case_id = entry.subject();
  file.old_case_id = old.id;
  file.id = Uuid::Derive(file.case_id, absl::StrCat("relocation of ", old.id.ToString()));
  file.subject.id = file.id;
  file.division = ParseResourceName("divisions", event.after().division()).value_or(Uuid());
  file.ground_path = event.ground_path();
  file.created = call.now;
  v1::RelocationProposal& value = file.value;
  value.set_state(v1::RelocationProposal::PROPOSED);
  value.set_case_(event.after().name());
  value.set_old_case(ResourceName("cases", old.id));
  value.set_source(event.after().source());
  value.set_old_source(ResourceName("sources", old.source));
  value.set_same_owner(likeness.same_owner());
  value.set_same_trade(likeness.same_trade());
  value.set_distance_m(distance_m);
  value.set_days_between(
      static_cast<int32_t>((FromTimestamp(event.after().event_time()) - old.closed) / absl::Hours(24)));
  value.set_division(event.after().division());
  *value.mutable_create_time() = ToTimestamp(call.now);
  return file;
}

absl::Status Propose(const Casework& casework, const rpc::Call& call, std::vector<ProposalFile> proposals) {
  return casework.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    for (const ProposalFile& proposal : proposals) {
      ProposalFile file = proposal;
      GW_ASSIGN_OR_RETURN(
          const journal::Sealed sealed,
          Seal(call, *casework.policy, file, v1::RelocationProposal::STATE_UNSPECIFIED, {}, ""));
      file.subject = sealed.after;
      GW_ASSIGN_OR_RETURN(const bool is_new, InsertProposal(tx, file));
      if (is_new) GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<ProposalFilter> ReadFilter(const domain::Ground& ground, const rpc::Call& call,
                                          const v1::ListRelocationProposalsRequest& request) {
  ProposalFilter filter;
  GW_ASSIGN_OR_RETURN(filter.states, ReadStates<v1::RelocationProposal::State>(
                                         request.states(), v1::RelocationProposal::State_IsValid));
  GW_ASSIGN_OR_RETURN(filter.grounds, ScopeWithin(ground, call, request.division()));
  return filter;
}

// Says it in the story of the new case.
absl::Status Link(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                  const ProposalFile& file, const access::Acting& acting, const std::string& request_id) {
  GW_ASSIGN_OR_RETURN(CaseFile linked, LockCase(tx, file.case_id));
  Step step{.action = v1::LINK,
            .acting = acting,
            .event_time = call.now,
            .received = call.now,
            .request_id = request_id,
            .reason = ResourceName("cases", file.old_case_id)};
  GW_RETURN_IF_ERROR(Advance(policy, linked, step));
  linked.details.set_relocation_of(ResourceName("cases", file.old_case_id));
  return Record(tx, call, policy, linked, step).status();
}

}  // namespace

absl::Status ProposeRelocations(const Casework& casework, const rpc::Call& call,
                                const journal::FeedEntry& entry) {
  const domain::SignalRules& rules = domain::SignalRulesOf(*casework.policy);
  v1::CaseEvent event;
  if (!entry.ReadEvent(&event) || !IsAskedAbout(*casework.policy, event)) return absl::OkStatus();
  const domain::Point point{event.after().position().longitude(), event.after().position().latitude()};
  const absl::Time found = FromTimestamp(event.after().event_time());
  GW_ASSIGN_OR_RETURN(const Uuid source, ParseResourceName("sources", event.after().source()));
  std::vector<DisposedCase> disposed;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(
        disposed, ReadDisposedNear(tx, source, point, std::max(rules.owner_radius_m, rules.trade_radius_m),
                                   found - rules.relocation_window, found));
    return absl::OkStatus();
  }));
  if (disposed.empty()) return absl::OkStatus();

  GW_ASSIGN_OR_RETURN(const source::v1::CompareSourcesResponse alike,
                      Compare(casework, call, event.after().source(), disposed));
  std::map<std::string, const source::v1::SourceLikeness*> by_source;
  for (const source::v1::SourceLikeness& likeness : alike.likenesses())
    by_source[likeness.name()] = &likeness;
  std::vector<ProposalFile> proposals;
  for (const DisposedCase& old : disposed) {
    const auto likeness = by_source.find(ResourceName("sources", old.source));
    if (likeness == by_source.end()) continue;
    const double distance_m = domain::DistanceMetres(point, old.point);
    if (!IsAlike(rules, *likeness->second, distance_m)) continue;
    proposals.push_back(ProposalOf(call, entry, event, old, *likeness->second, distance_m));
  }
  if (proposals.empty()) return absl::OkStatus();
  return Propose(casework, call, std::move(proposals));
}

absl::StatusOr<v1::ListRelocationProposalsResponse> ListRelocationProposals(
    const Casework& casework, const rpc::Call& call, const v1::ListRelocationProposalsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const std::optional<ListKey> after, ReadListKey(page));
  GW_ASSIGN_OR_RETURN(const ProposalFilter filter, ReadFilter(*ground, call, request));
  std::vector<ProposalFile> files;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    const ProposalKey key = after ? ProposalKey{after->time_us, after->id} : ProposalKey();
    GW_ASSIGN_OR_RETURN(files, ListProposals(tx, filter, after ? &key : nullptr, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListRelocationProposalsResponse response;
  for (size_t i = 0; i < files.size() && i < static_cast<size_t>(page.size); ++i) {
    *response.add_proposals() = ToProto(files[i]);
  }
  if (files.size() > static_cast<size_t>(page.size)) {
    const ProposalFile& last = files[page.size - 1];
    response.set_next_page_token(
        rpc::NextPageToken(request, WriteListKey({absl::ToUnixMicros(last.created), last.id})));
  }
  return response;
}

absl::StatusOr<v1::RelocationProposal> DecideRelocationProposal(
    const Casework& casework, const rpc::Call& call, const v1::DecideRelocationProposalRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::RelocationProposal>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::RelocationProposal> {
        GW_ASSIGN_OR_RETURN(ProposalFile file, LockProposal(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, file.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        if (file.value.state() != v1::RelocationProposal::PROPOSED)
          return FailedPrecondition("ALREADY_DECIDED", "the proposal was confirmed or refused before");

        file.value.set_state(request.confirm() ? v1::RelocationProposal::CONFIRMED
                                               : v1::RelocationProposal::REFUSED);
        file.value.set_decided_by(ResourceName("persons", call.principal.person));
        file.value.set_decided_in(ResourceName("posts", acting.post));
        *file.value.mutable_decide_time() = ToTimestamp(call.now);
        file.value.set_reason(request.reason());
        GW_ASSIGN_OR_RETURN(
            const journal::Sealed sealed,
            Seal(call, policy, file, v1::RelocationProposal::PROPOSED, acting, request.request_id()));
        file.subject = sealed.after;
        GW_RETURN_IF_ERROR(SaveProposal(tx, file));
        GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
        if (request.confirm()) GW_RETURN_IF_ERROR(Link(tx, call, policy, file, acting, request.request_id()));
        return ToProto(file);
      });
}

}  // namespace gridwarden::casework
