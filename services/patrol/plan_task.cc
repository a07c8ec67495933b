#include "patrol/plan_task.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "access/standing.h"
#include "base/status.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "platform/rpc/channel.h"

namespace gridwarden::patrol {
namespace {

constexpr int kTitleCharactersMax = 500;
using Sources = absl::flat_hash_map<std::string, source::v1::Source>;

// The sources that the wishes name, by name, as the caller may read them.
absl::StatusOr<Sources> ReadSources(const AreaContext& context, const rpc::Call& call,
                                    std::span<const TaskWish> wishes) {
  source::v1::BatchGetSourcesRequest request;
  Sources sources;
  for (const TaskWish& wish : wishes) {
    const std::string& name = wish.wanted->source();
    if (name.empty()) continue;
    GW_RETURN_IF_ERROR(ParseResourceName("sources", name, wish.field + ".source").status());
    if (sources.emplace(name, source::v1::Source()).second) request.add_names(name);
  }
  if (request.names_size() == 0) return sources;
  GW_ASSIGN_OR_RETURN(
      source::v1::BatchGetSourcesResponse response,
      (rpc::Send<source::v1::BatchGetSourcesResponse>(
          context.channel("source"), call, "gridwarden.source.v1.SourceService/BatchGetSources", request)));
  for (source::v1::Source& found : *response.mutable_sources()) sources[found.name()] = std::move(found);
  return sources;
}

absl::StatusOr<PlannedTask> PlanTask(const AreaContext& context, const rpc::Call& call,
                                     const domain::Ground& ground, const Sources& sources,
                                     const TaskWish& wish) {
  const v1::PatrolTask& wanted = *wish.wanted;
  PlannedTask planned;
  TaskRow& task = planned.task;
  std::string division = wanted.division();
  std::string category = wanted.category();
  if (!wanted.source().empty()) {
    const source::v1::Source& target = sources.at(wanted.source());
    division = target.division();
    if (category.empty()) category = target.category();
  } else if (division.empty()) {
    return InvalidField(wish.field + ".division", "want a source or a division to be looked at");
  }
  GW_ASSIGN_OR_RETURN(const access::Standing standing,
                      access::StandingOf(ground, division, call.now, wish.field + ".division"));
  GW_ASSIGN_OR_RETURN(planned.acting, access::AllowAt(ground, call, standing.division));
  task.division = standing.division;
  task.city = standing.city;
  task.ground_path = standing.ground_path;

  if (!category.empty() && context.policy->FindCategory(category) == nullptr) {
    return InvalidField(wish.field + ".category",
                        absl::StrFormat("got \"%s\", want a category code of the policy", category));
  }
  if (!wanted.checklist().empty() && context.policy->FindChecklist(wanted.checklist()) == nullptr) {
    return InvalidField(
        wish.field + ".checklist",
        absl::StrFormat("got \"%s\", want a checklist code of the policy", wanted.checklist()));
  }
  GW_RETURN_IF_ERROR(CheckText(wish.field + ".title", wanted.title(), kTitleCharactersMax));
  if (!wanted.has_due_time()) return InvalidField(wish.field + ".due_time", "got nothing, want a time");
  GW_ASSIGN_OR_RETURN(task.due, ToTime(wanted.due_time(), wish.field + ".due_time"));
  v1::PatrolTask& value = task.value;
  if (wanted.has_window_start_time()) {
    GW_ASSIGN_OR_RETURN(const absl::Time start,
                        ToTime(wanted.window_start_time(), wish.field + ".window_start_time"));
    if (start >= task.due)
      return InvalidField(wish.field + ".window_start_time", "want a time before due_time");
    *value.mutable_window_start_time() = ToTimestamp(start);
  }
  value.set_source(wanted.source());
  value.set_category(category);
  value.set_checklist(wanted.checklist());
  value.set_title(wanted.title());
  GW_ASSIGN_OR_RETURN(domain::TaskState state,
                      domain::NextTaskState(domain::TaskState::kUnspecified, domain::TaskAction::kCreate));
  if (!wanted.post().empty()) {
    GW_ASSIGN_OR_RETURN(task.post,
                        CheckPost(ground, call.now, task.division, wanted.post(), wish.field + ".post"));
    GW_ASSIGN_OR_RETURN(state, domain::NextTaskState(state, domain::TaskAction::kAssign));
  }
  SetState(task, state);
  return planned;
}

}  // namespace

absl::StatusOr<std::vector<PlannedTask>> PlanTasks(const AreaContext& context, const rpc::Call& call,
                                                   std::span<const TaskWish> wishes) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Sources sources, ReadSources(context, call, wishes));
  std::vector<PlannedTask> planned;
  for (const TaskWish& wish : wishes) {
    GW_ASSIGN_OR_RETURN(PlannedTask task, PlanTask(context, call, *ground, sources, wish));
    planned.push_back(std::move(task));
  }
  return planned;
}

absl::StatusOr<Uuid> CheckPost(const domain::Ground& ground, absl::Time now, const Uuid& division,
                               std::string_view post, std::string_view field) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("posts", post, field));
  const domain::Post* found = ground.FindPost(id);
  if (found == nullptr || !ground.PostExisted(*found, now, absl::InfiniteFuture())) {
    return InvalidField(field, absl::StrFormat("got %s, want a post that exists now", post));
  }
  if (!ground.AnswersFor(ground.DivisionOf(*found), division, now)) {
    return InvalidField(field,
                        absl::StrFormat("got %s, want a post at the task's division or above it", post));
  }
  return id;
}

}  // namespace gridwarden::patrol
