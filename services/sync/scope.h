#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "platform/rpc/call.h"

// What a phone holds: the whole ground of its owner's posts up to township level; of posts above only what
// waits for them or was assigned to them.
namespace gridwarden::sync {

struct Scope {
  std::vector<std::string> grounds;  // path keys, none within another
  std::vector<Uuid> areas;           // AreaOf each of them, once
  std::vector<Uuid> assignees;       // posts and units
  std::vector<v1::ScopePost> posts;
  // 8 bytes of all that decides what is in it: another hash, another scope.
  std::string hash;

  // Holders of rows that may be in it.
  std::vector<Uuid> Holders() const;
};

// By the posts held at call.now. UNAVAILABLE while the ground of this process lacks a division it names.
absl::StatusOr<Scope> ScopeOf(const domain::Ground& ground, const rpc::Call& call);

// "灈阳街道/某村": a division and what it stands in; "" for one that is unknown.
std::string ShortPath(const domain::Ground& ground, const Uuid& division);

}  // namespace gridwarden::sync
