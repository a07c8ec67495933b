#include "patrol/plan_inputs.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "domain/patrol/task_life.h"
#include "gridwarden/source/v1/source_internal.pb.h"
#include "patrol/plan_repository.h"
#include "platform/rpc/channel.h"

namespace gridwarden::patrol {
namespace {

constexpr absl::Duration kLedgerTimeout = absl::Seconds(30);
// Older tasks that are still open are somebody's arrears, not his load.
constexpr absl::Duration kLoadBack = absl::Hours(24 * 14);
constexpr absl::Duration kLoadAhead = absl::Hours(24 * 45);

void AddDivisions(const domain::Ground& ground, const domain::Division& division, int parent, absl::Time now,
                  domain::PlanInput& input, absl::flat_hash_map<Uuid, int>& index) {
  const int at = static_cast<int>(input.divisions.size());
  index[division.id] = at;
  input.divisions.push_back({division.id, division.level, parent});
  for (const domain::Division* child : ground.ChildrenOf(division.id)) {
    if (child->valid.Contains(now)) AddDivisions(ground, *child, at, now, input, index);
  }
}

void AddPosts(const domain::Ground& ground, absl::Time now, domain::PlanInput& input) {
  for (size_t i = 0; i < input.divisions.size(); ++i) {
    for (const domain::Post* post : ground.PostsAt(input.divisions[i].id)) {
      if (!ground.PostExisted(*post, now, absl::InfiniteFuture())) continue;
      const domain::Tenure* holder = ground.HolderOf(post->id, now, absl::InfiniteFuture());
      input.posts.push_back(
          {post->id, static_cast<int>(i), post->kind, holder == nullptr ? Uuid() : holder->person});
    }
  }
}

absl::Status AddSources(const AreaContext& context, const rpc::Call& call, const domain::Ground& ground,
                        const Uuid& division, const absl::flat_hash_map<Uuid, int>& index,
                        domain::PlanInput& input) {
  absl::flat_hash_map<std::string, int> categories;
  absl::flat_hash_map<std::string, int> places;
  source::v1::ListPlanSourcesRequest request;
  request.set_division(ResourceName("divisions", division));
  do {
    const rpc::Call system = rpc::Call::System(call.method, call.now, kLedgerTimeout);
    GW_ASSIGN_OR_RETURN(const source::v1::ListPlanSourcesResponse page,
                        (rpc::Send<source::v1::ListPlanSourcesResponse>(
                            context.channel("source"), system,
                            "gridwarden.source.v1.SourceInternalService/ListPlanSources", request)));
    for (const source::v1::PlanSource& listed : page.sources()) {
      const auto [category, is_new] =
          categories.try_emplace(listed.category(), static_cast<int>(input.categories.size()));
      if (is_new) input.categories.push_back(listed.category());
      const auto [place, is_new_place] = places.try_emplace(listed.division(), 0);
      if (is_new_place) {
        GW_ASSIGN_OR_RETURN(const Uuid stands, ParseResourceName("divisions", listed.division()));
        // The division it was registered under may have been merged since.
        const domain::Division* meant = ground.FindDivision(stands);
        const auto found =
            meant == nullptr ? index.end() : index.find(access::LikeliestAt(ground, *meant, call.now).id);
        if (found != index.end()) place->second = found->second;
      }
      domain::PlanSource source;
      GW_ASSIGN_OR_RETURN(source.id, ParseResourceName("sources", listed.name()));
      source.division = place->second;
      source.category = category->second;
      input.sources.push_back(source);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

// The index of the division of the jurisdiction, 0 when the planned one lies in it, -1 when neither.
int JurisdictionOf(const domain::Ground& ground, const Uuid& planned, std::string_view code, absl::Time now,
                   const absl::flat_hash_map<Uuid, int>& index) {
  const domain::Division* where = ground.FindDivisionBySpelling(code, now);
  if (where == nullptr) return -1;
  if (ground.IsWithin(planned, where->id)) return 0;
  const auto found = index.find(where->id);
  return found == index.end() ? -1 : found->second;
}

// Whether a planned task still stands for its source in a quota.
bool Counts(const PlannedRow& task, absl::Time now) {
  if (task.state == v1::PatrolTask::DONE)
    return task.result == v1::Visit::NORMAL || task.result == v1::Visit::PROBLEM;
  return domain::IsOpen(static_cast<domain::TaskState>(task.state)) && task.due > now;
}

absl::Status ReadTasks(db::Transaction& tx, absl::CivilDay from, absl::CivilDay to, PlanGround& plan) {
  for (int rule = 0; rule < domain::RuleCount(*plan.rules); ++rule) {
    if (plan.input.jurisdiction[rule] < 0) continue;
    const size_t cadences = plan.rules->cadences.size();
    const size_t at = static_cast<size_t>(rule);
    if (at >= cadences && !plan.rules->MakesTasks(plan.rules->quotas[at - cadences])) continue;
    for (const domain::Slot& slot : domain::SlotsOf(*plan.rules, rule, from, to)) {
      GW_ASSIGN_OR_RETURN(const std::vector<PlannedRow> tasks,
                          ReadPlanned(tx, domain::RuleAt(*plan.rules, rule).code, slot.first, plan.paths));
      for (const PlannedRow& task : tasks) {
        plan.input.before[task.id] = {task.id, absl::ToCivilDay(task.start, domain::CalendarZone()),
                                      Counts(task, plan.now), task.source,
                                      domain::RuleAt(*plan.rules, rule).kind};
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ReadSeenSources(db::Transaction& tx, PlanGround& plan) {
  std::vector<Uuid> ids;
  absl::flat_hash_map<Uuid, size_t> at;
  for (size_t i = 0; i < plan.input.sources.size(); ++i) {
    ids.push_back(plan.input.sources[i].id);
    at[plan.input.sources[i].id] = i;
  }
  GW_ASSIGN_OR_RETURN(const std::vector<SeenRow> rows, ReadSeen(tx, ids));
  const absl::Time lately = plan.now - absl::Hours(24) * plan.rules->problem_days;
  for (const SeenRow& row : rows) {
    domain::PlanSource& source = plan.input.sources[at[row.source]];
    source.last_seen = absl::ToCivilDay(row.seen, domain::CalendarZone());
    source.last_person = row.person;
    source.problem = row.problem >= lately;
  }
  return absl::OkStatus();
}

absl::Status ReadCountedSources(db::Transaction& tx, absl::CivilDay from, PlanGround& plan) {
  const absl::TimeZone zone = domain::CalendarZone();
  for (size_t i = 0; i < plan.rules->quotas.size(); ++i) {
    const domain::Quota& quota = plan.rules->quotas[i];
    const bool share = quota.kind != domain::QuotaKind::kFrequency;
    if (!share || !plan.rules->MakesTasks(quota) ||
        plan.input.jurisdiction[plan.rules->cadences.size() + i] < 0)
      continue;
    const domain::Slot period = domain::PeriodOf(quota, from);
    for (const std::string& category : plan.input.categories) {
      if (!quota.rule.Means(category)) continue;
      GW_ASSIGN_OR_RETURN(const std::vector<CountedRow> rows,
                          ReadCounted(tx, category, absl::FromCivil(period.first, zone),
                                      absl::FromCivil(period.last + 1, zone), plan.paths));
      for (const CountedRow& row : rows) {
        if (quota.rule.kind == domain::PatrolKind::kTest && row.kind != v1::PatrolTask::TEST) continue;
        const absl::CivilDay day = absl::ToCivilDay(row.first, zone);
        const auto [counted, is_new] = plan.input.counted[i].try_emplace(row.source, day);
        if (!is_new) counted->second = std::min(counted->second, day);
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ReadPostLoads(db::Transaction& tx, PlanGround& plan) {
  std::vector<Uuid> posts;
  absl::flat_hash_map<Uuid, Uuid> person_of;
  for (const domain::PlanPost& post : plan.input.posts) {
    if (post.person.IsNil()) continue;
    posts.push_back(post.id);
    person_of[post.id] = post.person;
  }
  GW_ASSIGN_OR_RETURN(const std::vector<LoadRow> rows,
                      ReadLoads(tx, posts, plan.now - kLoadBack, plan.now + kLoadAhead));
  for (const LoadRow& row : rows) {
    plan.input.day_load[{person_of[row.post], domain::DayNumber(row.day)}] += row.tasks;
    plan.input.open_load[person_of[row.post]] += row.open;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<const domain::PatrolRules*> RulesOf(const AreaContext& context) {
  const domain::PatrolRules* rules = context.policy->patrol.get();
  if (rules != nullptr) return rules;
  return FailedPrecondition("NO_PATROL_RULES", "the policy has no cadences and no quotas", {});
}

absl::StatusOr<absl::CivilDay> ParseDay(std::string_view text, std::string_view field) {
  absl::CivilDay day;
  if (text.size() == 10 && absl::ParseCivilTime(std::string(text), &day) && day.year() >= 2000 &&
      day.year() < 2200 && absl::FormatCivilTime(day) == text)
    return day;
  return InvalidField(field, absl::StrFormat("got \"%s\", want a day YYYY-MM-DD", text.substr(0, 20)));
}

absl::CivilDay Today(absl::Time now) { return absl::ToCivilDay(now, domain::CalendarZone()); }

absl::StatusOr<PlanGround> ReadPlanGround(const AreaContext& context, const rpc::Call& call,
                                          const access::Standing& standing) {
  PlanGround plan;
  plan.ground = context.directory.ground();
  const domain::Ground& ground = *plan.ground;
  GW_ASSIGN_OR_RETURN(plan.rules, RulesOf(context));
  plan.standing = standing;
  plan.paths = ground.PathKeysHeldBy(standing.division, call.now);
  plan.now = call.now;
  absl::flat_hash_map<Uuid, int> index;
  AddDivisions(ground, *ground.FindDivision(standing.division), -1, call.now, plan.input, index);
  AddPosts(ground, call.now, plan.input);
  GW_RETURN_IF_ERROR(AddSources(context, call, ground, standing.division, index, plan.input));
  plan.input.jurisdiction.assign(plan.rules->cadences.size(), 0);
  for (const domain::Quota& quota : plan.rules->quotas) {
    plan.input.jurisdiction.push_back(
        JurisdictionOf(ground, standing.division, quota.jurisdiction_code, call.now, index));
  }
  plan.input.counted.resize(plan.rules->quotas.size());
  return plan;
}

absl::Status ReadPlanPast(db::Transaction& tx, absl::CivilDay from, absl::CivilDay to, PlanGround& plan) {
  plan.input.before.clear();
  plan.input.day_load.clear();
  plan.input.open_load.clear();
  for (auto& counted : plan.input.counted) counted.clear();
  GW_RETURN_IF_ERROR(ReadTasks(tx, from, to, plan));
  GW_RETURN_IF_ERROR(ReadSeenSources(tx, plan));
  GW_RETURN_IF_ERROR(ReadCountedSources(tx, from, plan));
  return ReadPostLoads(tx, plan);
}

}  // namespace gridwarden::patrol
