#include "access/permission.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::access {
namespace {

using domain::Ground;
using domain::Holding;
using domain::Level;
using domain::PostKind;

// Each area keeps its rows beside the others'; there is still one table.
constexpr Permission kRows[] = {
// clang-format off
#include "access/permissions_identity.inc"
#include "access/permissions_grid.inc"
#include "access/permissions_source.inc"
#include "access/permissions_patrol.inc"
#include "access/permissions_casework.inc"
#include "access/permissions_intake.inc"
#include "access/permissions_media.inc"
#include "access/permissions_journal.inc"
#include "access/permissions_report.inc"
#include "access/permissions_notify.inc"
#include "access/permissions_sync.inc"
    // clang-format on
};

bool HasKind(PostKinds kinds, PostKind kind) { return (kinds & (1u << static_cast<int>(kind))) != 0; }

// A holding that the row names, where it stands, and when that is asked.
struct Match {
  Holding holding;
  Uuid division;
  absl::Time at;
};

std::vector<Held> HeldNow(const Ground& ground, const rpc::Call& call) {
  std::vector<Held> held;
  if (call.principal.person.IsNil()) return held;
  for (const Holding& holding : ground.HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture()))
    held.push_back({holding, call.now});
  return held;
}

// Whether the person held the post at `at`, by what was known then.
bool HeldThen(const Ground& ground, const Uuid& person, const domain::Post* post, absl::Time at) {
  const std::vector<Holding> then = ground.HoldingsOf(person, at, at);
  return std::any_of(then.begin(), then.end(), [&](const Holding& one) { return one.post == post; });
}

// Of `held`, those that the row's kinds and levels name. An open row (kinds 0) names every post.
std::vector<Match> MatchesOf(const Ground& ground, const std::vector<Held>& held, const Permission& row) {
  std::vector<Match> matches;
  for (const auto& [holding, at] : held) {
    if (row.kinds != 0 && !HasKind(row.kinds, holding.post->kind)) continue;
    const domain::Division* division = ground.FindDivision(ground.DivisionOf(*holding.post));
    if (division == nullptr) continue;
    if (row.levels != 0 && (row.levels & (1u << static_cast<int>(division->level))) == 0) continue;
    matches.push_back({holding, division->id, at});
  }
  return matches;
}

// The divisions that ended and whose ground, or part of it, `division` holds now.
std::vector<Uuid> TakenOverBy(const Ground& ground, const Uuid& division, absl::Time now) {
  std::vector<Uuid> taken = {division};
  for (size_t i = 0; i < taken.size(); ++i) {
    for (const domain::Lineage* link : ground.LineagesTo(taken[i])) {
      if (std::find(taken.begin(), taken.end(), link->from) == taken.end()) taken.push_back(link->from);
    }
  }
  std::erase_if(taken, [&](const Uuid& id) {
    if (id == division) return true;
    const std::vector<Ground::Heir> heirs = ground.HoldersOf(id, now, absl::InfiniteFuture());
    return std::none_of(heirs.begin(), heirs.end(),
                        [&](const Ground::Heir& heir) { return heir.division->id == division; });
  });
  return taken;
}

bool SameDesk(const domain::Post& a, const domain::Post& b) {
  return a.kind == b.kind && a.regime == b.regime;
}

// Whether the work of a post on ground that ended is now that of `mine`: the same desk of the division that
// holds its ground. Open work is not lost with a village.
bool TookOver(const Ground& ground, const domain::Post& mine, const Uuid& post, absl::Time now) {
  const domain::Post* ended = ground.FindPost(post);
  if (ended == nullptr || ended->division.IsNil() || mine.division.IsNil() || !SameDesk(*ended, mine))
    return false;
  if (ground.Existed(ended->division, now, absl::InfiniteFuture())) return false;
  const std::vector<Uuid> taken = TakenOverBy(ground, mine.division, now);
  return std::find(taken.begin(), taken.end(), ended->division) != taken.end();
}

Acting ActingIn(const Match& match) {
  return {match.holding.post->id, match.holding.tenure->id, match.holding.post->kind, match.division};
}

// The same words for "absent" and "forbidden", so that nobody learns what exists elsewhere.
absl::Status Refused() { return NotAllowed("the caller may not do this here"); }

bool AdministratorMay(const Permission& row, const rpc::Call& call) {
  return call.principal.administrator &&
         (row.who == Who::kAdministrator || row.who == Who::kPostsOrAdministrator);
}

bool PostsMay(const Permission& row) {
  return row.who == Who::kPosts || row.who == Who::kPostsOrAdministrator || row.who == Who::kSignedIn;
}

// A signed-in caller needs no post where the row asks for no relation.
bool NeedsNoPost(const Permission& row, const rpc::Call& call) {
  if (row.who == Who::kAnyone) return true;
  return row.who == Who::kSignedIn && row.scope == Scope::kNone && !call.principal.account.IsNil();
}

absl::StatusOr<const Permission*> RowOf(const rpc::Call& call) {
  const Permission* row = FindPermission(call.method);
  if (row == nullptr) return Internal(absl::StrFormat("no permission row for %s", call.method));
  return row;
}

}  // namespace

std::span<const Permission> Permissions() {
  static const std::vector<Permission>* rows = [] {
    auto* sorted = new std::vector<Permission>(std::begin(kRows), std::end(kRows));
    std::sort(sorted->begin(), sorted->end(),
              [](const Permission& a, const Permission& b) { return a.method < b.method; });
    return sorted;
  }();
  return *rows;
}

const Permission* FindPermission(std::string_view method) {
  const std::span<const Permission> rows = Permissions();
  const auto row =
      std::lower_bound(rows.begin(), rows.end(), method,
                       [](const Permission& a, std::string_view name) { return a.method < name; });
  return row != rows.end() && row->method == method ? &*row : nullptr;
}

std::vector<std::string> MethodsWithoutPermission(const rpc::Registry& registry) {
  std::vector<std::string> missing;
  for (const auto& [name, method] : registry.methods()) {
    if (FindPermission(name) == nullptr) missing.push_back(name);
  }
  std::sort(missing.begin(), missing.end());
  return missing;
}

std::vector<Held> HeldBy(const Ground& ground, const rpc::Call& call) {
  std::vector<Held> held = HeldNow(ground, call);
  const Uuid& person = call.principal.person;
  if (person.IsNil() || !call.operation || !call.operation->done) return held;
  const auto [earliest, latest] = *call.operation->done;
  if (earliest > latest || latest > call.now || latest < call.now - kAfterPost) return held;
  const size_t now = held.size();
  for (const Holding& holding : ground.HoldingsOf(person, latest, absl::InfiniteFuture())) {
    const bool throughout = holding.tenure->valid.Contains(earliest) &&
                            HeldThen(ground, person, holding.post, earliest) &&
                            HeldThen(ground, person, holding.post, latest);
    const bool still = std::any_of(held.begin(), held.begin() + static_cast<ptrdiff_t>(now),
                                   [&](const Held& one) { return one.holding.post == holding.post; });
    if (throughout && !still) held.push_back({holding, latest});
  }
  return held;
}

absl::Status AllowCall(const Ground& ground, const rpc::Call& call) {
  GW_ASSIGN_OR_RETURN(const Permission* row, RowOf(call));
  if (call.principal.system || row->who == Who::kAnyone) return absl::OkStatus();
  if (row->who == Who::kSignedIn && !call.principal.account.IsNil()) return absl::OkStatus();
  if (AdministratorMay(*row, call)) return absl::OkStatus();
  if (PostsMay(*row) && !MatchesOf(ground, HeldBy(ground, call), *row).empty()) return absl::OkStatus();
  return Refused();
}

absl::StatusOr<Acting> AllowAt(const Ground& ground, const rpc::Call& call, const Uuid& division) {
  GW_ASSIGN_OR_RETURN(const Permission* row, RowOf(call));
  if (call.principal.system) return Acting();
  // The nearest post decides: a village's leader who also sits in the county acts as the village's leader.
  const Match* nearest = nullptr;
  size_t nearest_depth = 0;
  std::vector<Match> matches;
  if (PostsMay(*row)) matches = MatchesOf(ground, HeldBy(ground, call), *row);
  for (const Match& match : matches) {
    // Of posts that he left only when none of now will do.
    if (nearest != nullptr && match.at != call.now) break;
    if (row->scope != Scope::kNone && !ground.AnswersFor(match.division, division, match.at)) continue;
    const size_t depth = ground.AncestorsAt(match.division, match.at, absl::InfiniteFuture()).size();
    if (nearest == nullptr || depth > nearest_depth) {
      nearest = &match;
      nearest_depth = depth;
    }
  }
  if (nearest != nullptr) return ActingIn(*nearest);
  if (AdministratorMay(*row, call) || NeedsNoPost(*row, call)) return Acting();
  return Refused();
}

absl::Status AllowToSee(const Ground& ground, const rpc::Call& call, const Uuid& division,
                        std::string_view ground_path) {
  const absl::Status allowed = AllowAt(ground, call, division).status();
  if (allowed.ok()) return allowed;
  const std::vector<std::string> scope = ScopeOf(ground, call);
  const bool listed = std::any_of(scope.begin(), scope.end(),
                                  [&](const std::string& key) { return ground_path.starts_with(key); });
  return listed ? absl::OkStatus() : allowed;
}

absl::StatusOr<Acting> AllowAssigned(const Ground& ground, const rpc::Call& call, const Uuid& post_or_unit) {
  GW_ASSIGN_OR_RETURN(const Permission* row, RowOf(call));
  if (call.principal.system) return Acting();
  if (PostsMay(*row) && !post_or_unit.IsNil()) {
    for (const Match& match : MatchesOf(ground, HeldBy(ground, call), *row)) {
      if (match.holding.post->id == post_or_unit || match.holding.post->unit == post_or_unit ||
          TookOver(ground, *match.holding.post, post_or_unit, match.at))
        return ActingIn(match);
    }
  }
  return MakeError(absl::StatusCode::kPermissionDenied, "assigned to somebody else",
                   {.reason = "NOT_YOUR_TASK"});
}

std::vector<std::string> ScopeOf(const Ground& ground, const rpc::Call& call) {
  const Permission* row = FindPermission(call.method);
  if (row == nullptr) return {};
  if (call.principal.system || AdministratorMay(*row, call) || NeedsNoPost(*row, call)) return {""};
  if (!PostsMay(*row) || row->scope == Scope::kAssigned) return {};
  const std::vector<Match> matches = MatchesOf(ground, HeldNow(ground, call), *row);
  if (row->scope == Scope::kNone)
    return matches.empty() ? std::vector<std::string>{} : std::vector<std::string>{""};
  std::vector<std::string> keys;
  for (const Match& match : matches) {
    for (std::string& key : ground.PathKeysHeldBy(match.division, call.now)) keys.push_back(std::move(key));
  }
  return domain::WithoutInner(std::move(keys));
}

std::vector<Uuid> AssigneesOf(const Ground& ground, const rpc::Call& call) {
  std::vector<Uuid> assignees;
  const Permission* row = FindPermission(call.method);
  if (row == nullptr || !PostsMay(*row)) return assignees;
  for (const Match& match : MatchesOf(ground, HeldNow(ground, call), *row)) {
    assignees.push_back(match.holding.post->id);
    if (!match.holding.post->unit.IsNil()) assignees.push_back(match.holding.post->unit);
    if (match.holding.post->division.IsNil()) continue;
    for (const Uuid& ended : TakenOverBy(ground, match.division, call.now)) {
      for (const domain::Post* post : ground.PostsAt(ended)) {
        if (SameDesk(*post, *match.holding.post)) assignees.push_back(post->id);
      }
    }
  }
  std::sort(assignees.begin(), assignees.end());
  assignees.erase(std::unique(assignees.begin(), assignees.end()), assignees.end());
  return assignees;
}

}  // namespace gridwarden::access
