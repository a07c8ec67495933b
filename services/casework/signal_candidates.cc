#include "casework/signal_candidates.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/box.h"
#include "casework/signal_rules.h"
#include "casework/timestamps.h"
#include "domain/workflow/case_workflow.h"

#define NEIGHBOUR_COLUMNS "state, category, division, longitude, latitude, source_id, event_us"
#define SIGNAL_NEIGHBOUR "SELECT signal_id, " NEIGHBOUR_COLUMNS ", '' FROM signal_file FORCE INDEX "
#define CASE_NEIGHBOUR "SELECT case_id, " NEIGHBOUR_COLUMNS ", case_no FROM case_file FORCE INDEX "
// Open states, as domain::IsOpen has them; a test compares.
#define OPEN_SIGNALS "state IN (1, 2)"
#define OPEN_CASES "state IN (1, 2, 3, 4, 5, 6, 7, 8, 13)"
#define IN_BOX "latitude BETWEEN ? AND ? AND longitude BETWEEN ? AND ?"
#define NEAREST " ORDER BY ABS(latitude - ?) + ABS(longitude - ?) * ? LIMIT ?"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kSignalsNear = SIGNAL_NEIGHBOUR "(signal_near) WHERE " OPEN_SIGNALS " AND " IN_BOX
                                                           " AND event_us BETWEEN ? AND ?" NEAREST;
constexpr std::string_view kCasesNear =
    CASE_NEIGHBOUR "(case_near) WHERE " OPEN_CASES " AND " IN_BOX " AND event_us BETWEEN ? AND ?" NEAREST;
constexpr std::string_view kWatchedNear = CASE_NEIGHBOUR "(case_near) WHERE state = 10 AND " IN_BOX NEAREST;
constexpr std::string_view kSignalsOfSource = SIGNAL_NEIGHBOUR
    "(signal_source) WHERE source_id = ? AND " OPEN_SIGNALS " ORDER BY event_us DESC LIMIT ?";
constexpr std::string_view kCasesOfSource = CASE_NEIGHBOUR
    "(case_source) WHERE source_id = ? AND (" OPEN_CASES " OR state = 10) ORDER BY event_us DESC LIMIT ?";

Neighbour ReadRow(const db::Row& row, bool is_case) {
  Neighbour found{.id = row.Id(0), .is_case = is_case, .state = static_cast<int>(row.Int(1))};
  found.sighting.category = row.Text(2);
  found.division = row.Id(3);
  if (!row.IsNull(4)) found.sighting.point = domain::Point{row.Double(4), row.Double(5)};
  found.sighting.source = row.Id(6);
  found.sighting.found = row.Time(7);
  found.case_no = row.Text(8);
  return found;
}

Neighbour ReadSignalRow(const db::Row& row) { return ReadRow(row, false); }
Neighbour ReadCaseRow(const db::Row& row) { return ReadRow(row, true); }

v1::MergeCandidate::Kind KindOf(const domain::CaseType& type, const Neighbour& neighbour,
                                const domain::Likeness& likeness) {
  const bool watched = neighbour.is_case && neighbour.state == v1::Case::MONITORING;
  if (watched) {
    return domain::IsRebound(type, likeness) ? v1::MergeCandidate::REBOUND
                                             : v1::MergeCandidate::KIND_UNSPECIFIED;
  }
  if (!domain::IsSameProblem(type, likeness)) return v1::MergeCandidate::KIND_UNSPECIFIED;
  return likeness.same_source ? v1::MergeCandidate::SAME_SOURCE : v1::MergeCandidate::SAME_PLACE;
}

std::string WhyOf(v1::MergeCandidate::Kind kind, const domain::Likeness& likeness) {
  const std::string words = domain::WordsOf(likeness);
  if (kind == v1::MergeCandidate::REBOUND)
    return absl::StrCat("回头看期间再次出现：", likeness.same_source ? "同一污染源，" : "同类型，", words);
  return absl::StrCat(likeness.same_source ? "同一污染源，" : "同类型，", words);
}

// One source is as near as can be, wherever its points were taken.
double Nearness(const v1::MergeCandidate& candidate) {
  return candidate.has_distance_m() ? candidate.distance_m() : 0;
}

}  // namespace

absl::StatusOr<std::vector<Neighbour>> ReadNeighbours(db::Transaction& tx, const domain::CaseType& type,
                                                      const SignalFile& signal) {
  std::vector<std::vector<Neighbour>> parts;
  const domain::Sighting sighting = SightingOf(signal);
  if (sighting.point) {
    const absl::Time from = sighting.found - type.merge_window, to = sighting.found + type.merge_window;
    const Box merge = BoxAround(*sighting.point, type.merge_radius_m);
    const Box rebound = BoxAround(*sighting.point, type.rebound_radius_m);
    GW_ASSIGN_OR_RETURN(
        parts.emplace_back(),
        tx.Query(kSignalsNear, ReadSignalRow, merge.south, merge.north, merge.west, merge.east, from, to,
                 merge.centre.latitude, merge.centre.longitude, merge.shrink, kNeighboursMax));
    GW_ASSIGN_OR_RETURN(
        parts.emplace_back(),
        tx.Query(kCasesNear, ReadCaseRow, merge.south, merge.north, merge.west, merge.east, from, to,
                 merge.centre.latitude, merge.centre.longitude, merge.shrink, kNeighboursMax));
    GW_ASSIGN_OR_RETURN(
        parts.emplace_back(),
        tx.Query(kWatchedNear, ReadCaseRow, rebound.south, rebound.north, rebound.west, rebound.east,
                 rebound.centre.latitude, rebound.centre.longitude, rebound.shrink, kNeighboursMax));
  }
  if (!sighting.source.IsNil()) {
    GW_ASSIGN_OR_RETURN(parts.emplace_back(),
                        tx.Query(kSignalsOfSource, ReadSignalRow, sighting.source, kNeighboursMax));
    GW_ASSIGN_OR_RETURN(parts.emplace_back(),
                        tx.Query(kCasesOfSource, ReadCaseRow, sighting.source, kNeighboursMax));
  }
  std::vector<Neighbour> found;
  std::set<Uuid> seen{signal.id, signal.case_id};
  for (const std::vector<Neighbour>& part : parts) {
    for (const Neighbour& neighbour : part) {
      if (seen.insert(neighbour.id).second) found.push_back(neighbour);
    }
  }
  return found;
}

std::vector<v1::MergeCandidate> JudgeNeighbours(const domain::Policy& policy, const SignalFile& signal,
                                                const std::vector<Neighbour>& neighbours) {
  const domain::CaseType& type = policy.TypeOf(signal.category);
  const domain::Sighting own = SightingOf(signal);
  std::vector<v1::MergeCandidate> candidates;
  for (const Neighbour& neighbour : neighbours) {
    const domain::Likeness likeness = domain::Compare(policy, own, neighbour.sighting);
    const v1::MergeCandidate::Kind kind = KindOf(type, neighbour, likeness);
    if (kind == v1::MergeCandidate::KIND_UNSPECIFIED) continue;
    v1::MergeCandidate& candidate = candidates.emplace_back();
    candidate.set_name(ResourceName(neighbour.is_case ? "cases" : "signals", neighbour.id));
    candidate.set_kind(kind);
    if (likeness.distance_m) candidate.set_distance_m(*likeness.distance_m);
    candidate.set_hours_apart(absl::ToDoubleHours(likeness.gap));
    candidate.set_why(WhyOf(kind, likeness));
    candidate.set_category(neighbour.sighting.category);
    candidate.set_division(ResourceName("divisions", neighbour.division));
    candidate.set_case_no(neighbour.case_no);
    *candidate.mutable_event_time() = ToTimestamp(neighbour.sighting.found);
    candidate.set_state(std::string(neighbour.is_case
                                        ? domain::NameOf(static_cast<domain::CaseState>(neighbour.state))
                                        : domain::NameOf(static_cast<domain::SignalState>(neighbour.state))));
  }
  std::sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return std::tuple(Nearness(a), a.hours_apart(), a.name()) <
           std::tuple(Nearness(b), b.hours_apart(), b.name());
  });
  return candidates;
}

std::string_view NeighbourStatements::SignalsNear() { return kSignalsNear; }
std::string_view NeighbourStatements::CasesNear() { return kCasesNear; }
std::string_view NeighbourStatements::WatchedNear() { return kWatchedNear; }
std::string_view NeighbourStatements::SignalsOfSource() { return kSignalsOfSource; }
std::string_view NeighbourStatements::CasesOfSource() { return kCasesOfSource; }

}  // namespace gridwarden::casework
