#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "domain/draw/text.h"
#include "domain/policy/draw_rules.h"
#include "patrol/draw_lists.h"
#include "patrol/draw_service.h"
#include "patrol/record_draw.h"
#include "patrol/record_task.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {
namespace {

namespace draw = domain::draw;

constexpr int kSeedSourcesMax = 2;
constexpr int kDescriptionCharactersMax = 200;
constexpr int kSeatsMax = 5;          // inspectors per object
constexpr int kDrawnSeatsMax = 1000;  // tasks that one transaction makes

std::string Text(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

absl::StatusOr<absl::CivilDay> ReadDay(const std::string& text, std::string_view field) {
  absl::CivilDay day;
  if (text.size() != 10 || !absl::ParseCivilTime(text, &day))
    return InvalidField(field, absl::StrFormat("got \"%s\", want YYYY-MM-DD", text.substr(0, 40)));
  return day;
}

absl::Status CheckPeriod(const rpc::Call& call, const v1::CommitDrawRequest& request) {
  GW_ASSIGN_OR_RETURN(const absl::CivilDay from, ReadDay(request.period_from(), "period_from"));
  GW_ASSIGN_OR_RETURN(const absl::CivilDay to, ReadDay(request.period_to(), "period_to"));
  if (to < from) return InvalidField("period_to", "want a day that is not before period_from");
  if (absl::FromCivil(to + 1, domain::CalendarZone()) <= call.now)
    return InvalidField("period_to", "got a day that is over, want one to come");
  return absl::OkStatus();
}

constexpr int64_t kRoundMax = int64_t{1} << 40;

// One announcement with its description and time; those of a beacon's round are known.
absl::StatusOr<v1::Draw::SeedSource> ReadSeedSource(const domain::DrawRules& rules,
                                                    const v1::Draw::SeedSource& wanted,
                                                    const std::string& field) {
  v1::Draw::SeedSource source;
  if (!wanted.beacon().empty()) {
    const domain::Beacon* beacon = rules.FindBeacon(wanted.beacon());
    if (beacon == nullptr) {
      return InvalidField(field + ".beacon", absl::StrFormat("got \"%s\", want a beacon of the policy",
                                                             wanted.beacon().substr(0, 60)));
    }
    if (wanted.round() < 1 || wanted.round() > kRoundMax)
      return InvalidField(field + ".round", absl::StrFormat("got %d, want a round from 1", wanted.round()));
    if (wanted.has_available_time())
      return InvalidField(field + ".available_time", "got a time, want none: the round says when");
    source.set_beacon(beacon->code);
    source.set_round(wanted.round());
    source.set_description(absl::StrFormat("%s 第 %d 轮", beacon->display_name, wanted.round()));
    *source.mutable_available_time() = ToTimestamp(beacon->TimeOf(wanted.round()));
    return source;
  }
  GW_RETURN_IF_ERROR(CheckLine(field + ".description", wanted.description(), kDescriptionCharactersMax));
  if (!wanted.has_available_time())
    return InvalidField(field + ".available_time", "got nothing, want when the seed becomes public");
  source.set_description(wanted.description());
  *source.mutable_available_time() = wanted.available_time();
  return source;
}

absl::StatusOr<std::vector<v1::Draw::SeedSource>> ReadSeedSources(const domain::DrawRules& rules,
                                                                  const v1::CommitDrawRequest& request) {
  if (request.seed_sources_size() > kSeedSourcesMax)
    return InvalidField("seed_sources", absl::StrFormat("got %d, want 1 or 2", request.seed_sources_size()));
  std::vector<v1::Draw::SeedSource> sources;
  for (int i = 0; i < request.seed_sources_size(); ++i) {
    const std::string field = absl::StrFormat("seed_sources[%d]", i);
    GW_ASSIGN_OR_RETURN(v1::Draw::SeedSource source, ReadSeedSource(rules, request.seed_sources(i), field));
    GW_RETURN_IF_ERROR(ToTime(source.available_time(), field + ".available_time").status());
    sources.push_back(std::move(source));
  }
  return sources;
}

// A seed that is public, or nearly, could have been known when the lists were chosen.
absl::Status CheckLead(const rpc::Call& call, const domain::DrawRules& rules,
                       const std::vector<v1::Draw::SeedSource>& sources) {
  for (const v1::Draw::SeedSource& source : sources) {
    GW_ASSIGN_OR_RETURN(const absl::Time available, ToTime(source.available_time(), "seed_sources"));
    if (available >= call.now + rules.seed_lead) continue;
    return FailedPrecondition("SEED_ANNOUNCED_TOO_LATE",
                              "a seed must become public well after the commitment",
                              {{"lead", absl::StrCat(absl::ToInt64Minutes(rules.seed_lead), " 分钟")},
                               {"source", source.description()}});
  }
  return absl::OkStatus();
}

// Every conflict is about somebody who may be drawn, and leaves every source enough others.
absl::Status CheckExclusions(const draw::Commitment& commitment) {
  for (const draw::Exclusion& exclusion : commitment.exclusions) {
    if (std::none_of(commitment.inspectors.begin(), commitment.inspectors.end(),
                     [&](const draw::Inspector& one) { return one.person == exclusion.person; })) {
      return InvalidField(
          "conflicts", absl::StrFormat("got persons/%s, want an inspector of this draw", exclusion.person));
    }
  }
  const std::vector<std::pair<std::string, int>> lacking = draw::Lacking(commitment);
  if (lacking.empty()) return absl::OkStatus();
  std::string name = lacking.front().first;
  for (const draw::Candidate& candidate : commitment.candidates) {
    if (candidate.id == name && !candidate.display_name.empty()) name = candidate.display_name;
  }
  return FailedPrecondition("INSPECTORS_LACKING", "a source could not have enough inspectors",
                            {{"object", name},
                             {"source", "sources/" + lacking.front().first},
                             {"count", absl::StrCat(lacking.front().second)},
                             {"needed", absl::StrCat(commitment.seats)},
                             {"sources", absl::StrCat(lacking.size())}});
}

v1::Draw ToProto(const draw::Commitment& commitment, const std::vector<v1::Draw::SeedSource>& sources) {
  v1::Draw value;
  value.set_state(v1::Draw::COMMITTED);
  value.set_title(commitment.title);
  value.set_period_from(commitment.from);
  value.set_period_to(commitment.to);
  value.mutable_categories()->Add(commitment.categories.begin(), commitment.categories.end());
  value.set_inspectors_per_object(commitment.seats);
  for (const draw::Stratum& stratum : commitment.strata) {
    v1::Draw::Stratum& made = *value.add_strata();
    made.set_code(stratum.code);
    made.set_ratio_percent(stratum.ratio_percent);
    made.set_candidates(static_cast<int>(
        std::count_if(commitment.candidates.begin(), commitment.candidates.end(),
                      [&](const draw::Candidate& one) { return one.stratum == stratum.code; })));
    made.set_drawn(draw::DrawnOf(made.candidates(), stratum.ratio_percent));
  }
  value.mutable_seed_sources()->Add(sources.begin(), sources.end());
  value.set_candidates(static_cast<int>(commitment.candidates.size()));
  value.set_inspectors(static_cast<int>(commitment.inspectors.size()));
  value.set_exclusions(static_cast<int>(commitment.exclusions.size()));
  value.set_algorithm(std::string(draw::kAlgorithm));
  return value;
}

}  // namespace

absl::StatusOr<v1::Draw> CommitDraw(const AreaContext& context, const rpc::Call& call,
                                    const v1::CommitDrawRequest& request) {
  if (context.policy->draws == nullptr) return Internal("the policy has no rules of draws");
  const domain::DrawRules& rules = *context.policy->draws;
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const access::Standing standing,
                      access::StandingOf(*ground, request.division(), call.now, "division"));
  GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, standing.division));
  GW_RETURN_IF_ERROR(CheckLine("title", request.title(), kDrawTitleCharactersMax));
  GW_RETURN_IF_ERROR(CheckPeriod(call, request));
  if (request.inspectors_per_object() < 0 || request.inspectors_per_object() > kSeatsMax) {
    return InvalidField("inspectors_per_object",
                        absl::StrFormat("got %d, want 1 to %d", request.inspectors_per_object(), kSeatsMax));
  }
  DrawRow row;
  row.id = Uuid::Make(call.now);
  row.city = standing.city;
  row.division = standing.division;
  row.ground_path = standing.ground_path;
  row.committed = call.now;

  draw::Commitment commitment;
  commitment.draw = row.id.ToString();
  commitment.title = request.title();
  commitment.division = standing.division.ToString();
  commitment.division_name = draw::OneField(ground->PathName(standing.division));
  commitment.from = request.period_from();
  commitment.to = request.period_to();
  commitment.categories.assign(request.categories().begin(), request.categories().end());
  commitment.seats =
      request.inspectors_per_object() == 0 ? rules.inspectors_per_object : request.inspectors_per_object();
  commitment.committed = Text(call.now);
  commitment.rule_version = context.policy->version;
  for (const domain::DrawStratum& stratum : rules.strata)
    commitment.strata.push_back({stratum.code, stratum.ratio_percent});
  GW_ASSIGN_OR_RETURN(const std::vector<v1::Draw::SeedSource> seed_sources, ReadSeedSources(rules, request));
  for (const v1::Draw::SeedSource& source : seed_sources) {
    GW_ASSIGN_OR_RETURN(const absl::Time available, ToTime(source.available_time(), "seed_sources"));
    commitment.seed_sources.push_back({source.description(), Text(available)});
  }
  const DrawScope scope{*ground, rules, standing.division};
  GW_ASSIGN_OR_RETURN(commitment.inspectors, FindInspectors(call, scope, request));
  GW_ASSIGN_OR_RETURN(commitment.candidates,
                      ReadCandidates(context, call, scope, request, commitment.exclusions));
  GW_RETURN_IF_ERROR(CheckExclusions(commitment));

  row.value = ToProto(commitment, seed_sources);
  int drawn = 0;
  for (const v1::Draw::Stratum& stratum : row.value.strata()) drawn += stratum.drawn();
  if (drawn * commitment.seats > kDrawnSeatsMax) {
    return InvalidField("division",
                        absl::StrFormat("got a draw of %d inspections, want at most %d: draw by township or "
                                        "by category",
                                        drawn * commitment.seats, kDrawnSeatsMax));
  }
  row.commitment = draw::WriteCommitment(commitment);
  row.value.set_name(ResourceName("draws", row.id));
  row.value.set_division(ResourceName("divisions", row.division));
  row.value.set_commitment_digest(absl::BytesToHexString(DrawHashes().sha256(row.commitment)));
  *row.value.mutable_commit_time() = ToTimestamp(call.now);
  row.value.set_person(ResourceName("persons", call.principal.person));
  row.value.set_post(ResourceName("posts", acting.post));
  return rpc::Mutate<v1::Draw>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Draw> {
        GW_RETURN_IF_ERROR(CheckLead(call, rules, seed_sources));
        return RecordDraw(context, call, tx,
                          {.action = v1::COMMIT_DRAW, .acting = acting, .request_id = request.request_id()},
                          row);
      });
}

}  // namespace gridwarden::patrol
