#include "domain/workflow/same_problem.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::domain {
namespace {

bool IsParent(const Policy& policy, std::string_view parent, std::string_view child) {
  const Category* found = policy.FindCategory(child);
  return found != nullptr && !found->parent.empty() && found->parent == parent;
}

bool IsWithin(const Likeness& likeness, double radius_m) {
  return likeness.same_type && likeness.distance_m && *likeness.distance_m <= radius_m;
}

std::string Metres(const Likeness& likeness) {
  return likeness.distance_m ? absl::StrFormat("%.0f", *likeness.distance_m) : "";
}

absl::Status NotSameProblem(const Likeness& likeness, double radius_m, std::optional<absl::Duration> window) {
  std::string why = likeness.same_type ? WordsOf(likeness) : "问题类型不同";
  absl::StrAppend(&why, absl::StrFormat("（上限 %.0f 米", radius_m));
  if (window) absl::StrAppend(&why, absl::StrFormat("、%.0f 小时", absl::ToDoubleHours(*window)));
  why += "）";
  std::map<std::string, std::string> facts = {
      {"why", why},
      {"distance_m", Metres(likeness)},
      {"gap_hours", absl::StrFormat("%.1f", absl::ToDoubleHours(likeness.gap))},
      {"radius_m", absl::StrFormat("%.0f", radius_m)},
      {"same_type", likeness.same_type ? "true" : "false"}};
  if (window) facts["window_hours"] = absl::StrFormat("%.0f", absl::ToDoubleHours(*window));
  return FailedPrecondition("NOT_SAME_PROBLEM",
                            "neither the same source nor the same type near enough in place and time", facts);
}

}  // namespace

Likeness Compare(const Policy& policy, const Sighting& a, const Sighting& b) {
  Likeness likeness;
  likeness.same_source = !a.source.IsNil() && a.source == b.source;
  likeness.same_type = a.category == b.category || IsParent(policy, a.category, b.category) ||
                       IsParent(policy, b.category, a.category);
  if (a.point && b.point) likeness.distance_m = DistanceMetres(*a.point, *b.point);
  likeness.gap = absl::AbsDuration(a.found - b.found);
  return likeness;
}

bool IsSameProblem(const CaseType& type, const Likeness& likeness) {
  if (likeness.same_source) return true;
  return IsWithin(likeness, type.merge_radius_m) && likeness.gap <= type.merge_window;
}

bool IsRebound(const CaseType& type, const Likeness& likeness) {
  return likeness.same_source || IsWithin(likeness, type.rebound_radius_m);
}

absl::Status CheckSameProblem(const CaseType& type, const Likeness& likeness) {
  if (IsSameProblem(type, likeness)) return absl::OkStatus();
  return NotSameProblem(likeness, type.merge_radius_m, type.merge_window);
}

absl::Status CheckRebound(const CaseType& type, const Likeness& likeness) {
  if (IsRebound(type, likeness)) return absl::OkStatus();
  return NotSameProblem(likeness, type.rebound_radius_m, std::nullopt);
}

std::string WordsOf(const Likeness& likeness) {
  return absl::StrCat(
      likeness.distance_m ? absl::StrFormat("相距 %.0f 米", *likeness.distance_m) : "位置不明",
      absl::StrFormat("，相隔 %.1f 小时", absl::ToDoubleHours(likeness.gap)));
}

}  // namespace gridwarden::domain
