#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "platform/rpc/call.h"
#include "platform/rpc/registry.h"

// Who may call what (guarantees.md 5.4): one table, a row per rpc, compiled in. An rpc without a row stops
// the process at start. Decision = f(rpc, caller's posts now, relation of their divisions to the resource's
// division). The same table gives the filter of lists, so a list never shows what a check would refuse.
namespace gridwarden::access {

enum class Who : uint8_t {
  kAnyone,         // no token needed
  kSignedIn,       // any account
  kAdministrator,  // accounts marked so
  kPosts,          // holders of one of the row's post kinds
  kPostsOrAdministrator,
  kSystem,  // only our own processes
};

// How the caller's post must stand to the resource.
enum class Scope : uint8_t {
  kNone,      // no resource, or every signed-in caller may see it
  kSubtree,   // the post's division answers today for the resource's (Ground::AnswersFor)
  kAssigned,  // the caller holds the very post, or a post of the very unit, the resource is assigned to
};

using PostKinds = uint32_t;  // bit 1 << PostKind
using Levels = uint32_t;     // bit 1 << Level; 0 = any

constexpr PostKinds Kinds(std::initializer_list<domain::PostKind> kinds) {
  PostKinds bits = 0;
  for (domain::PostKind kind : kinds) bits |= 1u << static_cast<int>(kind);
  return bits;
}

struct Permission {
  std::string_view method;  // "gridwarden.casework.v1.CaseworkService/FileCase"
  Who who = Who::kSignedIn;
  PostKinds kinds = 0;
  Levels levels = 0;  // level of the post's division
  Scope scope = Scope::kNone;
};

// The whole table, sorted by method.
std::span<const Permission> Permissions();
const Permission* FindPermission(std::string_view method);
// Registered rpcs that have no row, sorted: the process must not start with one.
std::vector<std::string> MethodsWithoutPermission(const rpc::Registry& registry);

// Workflow roles (D3) as sets of posts.
inline constexpr PostKinds kInspectors =
    Kinds({domain::PostKind::kPatrolOfficer, domain::PostKind::kGridOfficer});
inline constexpr PostKinds kSupervisors = Kinds({domain::PostKind::kSupervisionOfficer});
inline constexpr PostKinds kGridLeaders =
    Kinds({domain::PostKind::kGridLeader, domain::PostKind::kFirstGridLeader});
inline constexpr PostKinds kDispatchers = Kinds({domain::PostKind::kCampaignOffice});
inline constexpr PostKinds kStaff = ~0u;  // any post

// The post in which a caller acts.
struct Acting {
  Uuid post;
  Uuid tenure;
  domain::PostKind kind = domain::PostKind::kUnspecified;
  Uuid division;
};

// What was done in a tenure may be handed in for so long after its end: as long as a phone may be without a
// network and its sign-in lasts (architecture.md D10; guarantees.md 5.4).
inline constexpr absl::Duration kAfterPost = absl::Hours(45 * 24);

// A post in which a caller may act, and the instant by which its ground is judged.
struct Held {
  domain::Holding holding;
  absl::Time at;
};

// The posts the caller holds at call.now as far as known today: a removal acts at once. Behind them, of a
// phone's fact that sync replays, those he held all the time in which he may have done it, by what was known
// then and by what is known today (guarantees.md 6.5): never more than he was allowed at that time.
std::vector<Held> HeldBy(const domain::Ground& ground, const rpc::Call& call);

// In all of these a call of the system itself is allowed (Acting is then empty). What is allowed goes by
// HeldBy, what is listed by the posts of now alone.

// The coarse check before anything else: is there any post that would do?
absl::Status AllowCall(const domain::Ground& ground, const rpc::Call& call);
// May the caller do this rpc to something that stands at `division`? Answers the post (the nearest one) it is
// done in; an administrator, and a signed-in caller of a row without scope, may have none. A row of scope
// kAssigned is read as kSubtree here. PERMISSION_DENIED / NOT_ALLOWED, with the same words for "absent" and
// "forbidden".
absl::StatusOr<Acting> AllowAt(const domain::Ground& ground, const rpc::Call& call, const Uuid& division);
// May the caller see with this rpc a row of `division` that is counted under `ground_path`? As AllowAt, and
// also whoever lists the row (ScopeOf): who had the ground when it happened still sees what happened, though
// he may no longer act on it.
absl::Status AllowToSee(const domain::Ground& ground, const rpc::Call& call, const Uuid& division,
                        std::string_view ground_path);
// May the caller do this rpc to something assigned to this post or unit? The work of a post on ground that
// ended is that of the same desk of the division that holds the ground now. NOT_YOUR_TASK otherwise.
absl::StatusOr<Acting> AllowAssigned(const domain::Ground& ground, const rpc::Call& call,
                                     const Uuid& post_or_unit);
// Path keys of the subtrees that the caller may list with this rpc: those that his divisions have, and had,
// and took over (Ground::PathKeysHeldBy); one empty key = everything, no key = nothing. A row of scope
// kAssigned has no subtree: its lists go by AssigneesOf.
std::vector<std::string> ScopeOf(const domain::Ground& ground, const rpc::Call& call);
// Posts (and units, by their posts) the caller holds now, of the kinds this rpc's row names, and those whose
// work they took over (AllowAssigned).
std::vector<Uuid> AssigneesOf(const domain::Ground& ground, const rpc::Call& call);

}  // namespace gridwarden::access
