#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/id.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "sync/display_names.h"
#include "sync/sync.h"
#include "sync/waiting_posts.h"

// Fetches records from the areas that own them, as the caller may see them.
namespace gridwarden::sync {

struct Wanted {
  v1::Record::Kind kind = v1::Record::KIND_UNSPECIFIED;
  Uuid id;
};

// A record as JSON.
struct Fetched {
  std::string json;
  std::string events;
  Waiting waiting;
};

// At most this many of one kind in one call: less than the areas allow, so that an answer stays small.
inline constexpr int kFetchAtOnce = 100;

// One call for each kind that is wanted, of at most kFetchAtOnce. What is absent from the answer does not
// exist for the caller. Notes the names that the records speak of.
absl::StatusOr<absl::flat_hash_map<Uuid, Fetched>> FetchRecords(const Sync& sync, const rpc::Call& call,
                                                                const std::vector<Wanted>& wanted,
                                                                NamesSeen& names);

}  // namespace gridwarden::sync
