#include "patrol/draw_lists.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/draw/text.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "patrol/record_task.h"
#include "platform/rpc/channel.h"

namespace gridwarden::patrol {
namespace {

namespace draw = domain::draw;
using domain::PostKind;

constexpr int kPage = 500;
// Whose work an inspection can be.
constexpr access::PostKinds kInspecting =
    access::Kinds({PostKind::kEnforcement, PostKind::kCampaignOffice, PostKind::kGridOfficer,
                   PostKind::kGridLeader, PostKind::kPatrolOfficer, PostKind::kSupervisionOfficer});

absl::Status NoCandidates(std::string_view what) {
  return FailedPrecondition("DRAW_WITHOUT_CANDIDATES", "nothing to draw from", {{"what", std::string(what)}});
}

absl::Status AddSources(const AreaContext& context, const rpc::Call& call, const DrawScope& scope,
                        const std::string& category, std::map<std::string, source::v1::Source>& sources) {
  source::v1::ListSourcesRequest request;
  request.set_division(ResourceName("divisions", scope.division));
  request.set_category(category);
  request.add_states(source::v1::Source::ACTIVE);
  request.set_page_size(kPage);
  do {
    GW_ASSIGN_OR_RETURN(
        source::v1::ListSourcesResponse page,
        (rpc::Send<source::v1::ListSourcesResponse>(
            context.channel("source"), call, "gridwarden.source.v1.SourceService/ListSources", request)));
    for (source::v1::Source& source : *page.mutable_sources()) sources[source.name()] = std::move(source);
    if (sources.size() > kDrawCandidatesMax) {
      return InvalidField("division",
                          absl::StrFormat("got more than %d sources, want fewer: draw by township "
                                          "or by category",
                                          kDrawCandidatesMax));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

using Classes = std::map<std::string, const v1::CommitDrawRequest::Class*>;

absl::StatusOr<Classes> ReadClasses(const DrawScope& scope, const v1::CommitDrawRequest& request,
                                    const std::map<std::string, source::v1::Source>& sources) {
  Classes classes;
  for (int i = 0; i < request.classes_size(); ++i) {
    const v1::CommitDrawRequest::Class& wanted = request.classes(i);
    const std::string field = absl::StrFormat("classes[%d]", i);
    if (!wanted.stratum().empty() && scope.rules.Find(wanted.stratum()) == nullptr) {
      return InvalidField(field + ".stratum",
                          absl::StrFormat("got \"%s\", want a stratum of the policy", wanted.stratum()));
    }
    if (wanted.weight() < 0 || wanted.weight() > draw::kWeightMax)
      return InvalidField(field + ".weight",
                          absl::StrFormat("got %d, want 1 to %d", wanted.weight(), draw::kWeightMax));
    for (int k = 0; k < wanted.sources_size(); ++k) {
      const std::string each = absl::StrFormat("%s.sources[%d]", field, k);
      if (!sources.contains(wanted.sources(k)))
        return InvalidField(each, "want an active source of the draw's division and categories");
      if (!classes.emplace(wanted.sources(k), &wanted).second)
        return InvalidField(each, "got a source twice, want it in one class");
    }
  }
  return classes;
}

// Each conflict names a source of the draw, or a firm that has some.
absl::StatusOr<std::vector<draw::Exclusion>> ReadConflicts(
    const v1::CommitDrawRequest& request, const std::map<std::string, source::v1::Source>& sources) {
  std::set<draw::Exclusion> exclusions;
  for (int i = 0; i < request.conflicts_size(); ++i) {
    const v1::CommitDrawRequest::Conflict& conflict = request.conflicts(i);
    const std::string field = absl::StrFormat("conflicts[%d]", i);
    GW_ASSIGN_OR_RETURN(const Uuid person,
                        ParseResourceName("persons", conflict.person(), field + ".person"));
    if (conflict.source().empty() == conflict.credit_code().empty())
      return InvalidField(field, "want either a source or a credit code");
    bool met = false;
    for (const auto& [name, source] : sources) {
      if (conflict.source().empty() ? source.credit_code() != conflict.credit_code()
                                    : name != conflict.source())
        continue;
      met = true;
      exclusions.insert({person.ToString(), name.substr(name.find('/') + 1)});
    }
    if (!met) return InvalidField(field, "want a source of the draw, or the credit code of one");
  }
  return std::vector<draw::Exclusion>(exclusions.begin(), exclusions.end());
}

}  // namespace

absl::StatusOr<std::vector<draw::Candidate>> ReadCandidates(const AreaContext& context, const rpc::Call& call,
                                                            const DrawScope& scope,
                                                            const v1::CommitDrawRequest& request,
                                                            std::vector<draw::Exclusion>& exclusions) {
  std::map<std::string, source::v1::Source> sources;  // by name, so by id
  for (int i = 0; i < request.categories_size(); ++i) {
    if (context.policy->FindCategory(request.categories(i)) == nullptr) {
      return InvalidField(
          absl::StrFormat("categories[%d]", i),
          absl::StrFormat("got \"%s\", want a category code of the policy", request.categories(i)));
    }
    GW_RETURN_IF_ERROR(AddSources(context, call, scope, request.categories(i), sources));
  }
  if (request.categories().empty()) GW_RETURN_IF_ERROR(AddSources(context, call, scope, "", sources));
  if (sources.empty()) return NoCandidates("对象");
  GW_ASSIGN_OR_RETURN(const Classes classes, ReadClasses(scope, request, sources));
  GW_ASSIGN_OR_RETURN(exclusions, ReadConflicts(request, sources));
  std::vector<draw::Candidate> candidates;
  for (const auto& [name, source] : sources) {
    draw::Candidate& candidate = candidates.emplace_back();
    candidate.id = name.substr(name.find('/') + 1);
    candidate.stratum = scope.rules.default_stratum;
    if (const auto found = classes.find(name); found != classes.end()) {
      if (!found->second->stratum().empty()) candidate.stratum = found->second->stratum();
      candidate.weight = std::max(1, found->second->weight());
    }
    candidate.division = source.division().substr(source.division().find('/') + 1);
    candidate.category = source.category();
    candidate.number = draw::OneField(source.source_no());
    candidate.display_name = draw::OneField(source.display_name());
  }
  return candidates;
}

absl::StatusOr<std::vector<draw::Inspector>> FindInspectors(const rpc::Call& call, const DrawScope& scope,
                                                            const v1::CommitDrawRequest& request) {
  const v1::CommitDrawRequest::InspectorFilter& filter = request.inspectors();
  access::PostKinds kinds = 0;
  for (int i = 0; i < filter.kinds_size(); ++i) {
    const access::PostKinds kind = 1u << static_cast<int>(filter.kinds(i));
    if ((kind & kInspecting) == 0)
      return InvalidField(absl::StrFormat("inspectors.kinds[%d]", i), "want a post that inspects");
    kinds |= kind;
  }
  if (kinds == 0) return InvalidField("inspectors.kinds", "got none, want at least one");
  Uuid division = scope.division;
  if (!filter.division().empty()) {
    GW_ASSIGN_OR_RETURN(const access::Standing standing,
                        access::StandingOf(scope.ground, filter.division(), call.now, "inspectors.division"));
    GW_RETURN_IF_ERROR(access::AllowAt(scope.ground, call, standing.division).status());
    division = standing.division;
  }
  std::set<std::string> without(filter.without().begin(), filter.without().end());
  std::map<std::string, draw::Inspector> found;  // by person: of several posts the one with the first id
  for (const domain::Post& post : scope.ground.posts()) {
    if ((kinds & (1u << static_cast<int>(post.kind))) == 0) continue;
    const domain::Tenure* holder = scope.ground.HolderOf(post.id, call.now, absl::InfiniteFuture());
    if (holder == nullptr || without.contains(ResourceName("persons", holder->person))) continue;
    if (!scope.ground.AnswersFor(division, scope.ground.DivisionOf(post), call.now)) continue;
    const domain::Person* person = scope.ground.FindPerson(holder->person);
    const std::string id = holder->person.ToString();
    const draw::Inspector inspector{id, post.id.ToString(),
                                    person == nullptr ? std::string() : draw::OneField(person->display_name)};
    const auto [known, added] = found.emplace(id, inspector);
    if (!added && inspector.post < known->second.post) known->second.post = inspector.post;
  }
  if (found.empty()) return NoCandidates("检查人员");
  if (found.size() > kDrawInspectorsMax) {
    return InvalidField("inspectors",
                        absl::StrFormat("got %d inspectors, want at most %d: name fewer kinds or a "
                                        "smaller division",
                                        found.size(), kDrawInspectorsMax));
  }
  std::vector<draw::Inspector> inspectors;
  for (auto& [person, inspector] : found) inspectors.push_back(std::move(inspector));
  return inspectors;
}

}  // namespace gridwarden::patrol
