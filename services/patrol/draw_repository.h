#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "gridwarden/patrol/v1/draw_service.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of draws.
namespace gridwarden::patrol {

struct DrawRow {
  Uuid id;
  Uuid city;
  Uuid division;
  std::string ground_path;
  absl::Time committed;
  v1::Draw value;                   // without its objects
  std::string commitment, outcome;  // canonical texts; empty in lists
  journal::Subject subject;
};

// NOT_FOUND if there is no such draw.
absl::StatusOr<DrawRow> ReadDraw(db::Transaction& tx, const Uuid& id);
// Reads and locks one draw for the rest of `tx`.
absl::StatusOr<DrawRow> LockDraw(db::Transaction& tx, const Uuid& id);
absl::Status InsertDraw(db::Transaction& tx, const DrawRow& draw);
absl::Status SaveDraw(db::Transaction& tx, const DrawRow& draw);

// Where a page goes on: after this draw.
struct DrawKey {
  std::string ground_path;
  int64_t commit_us = -1;
  Uuid id;
};
// Draws of one subtree (a path key; empty = everywhere) by ground, time, id.
absl::StatusOr<std::vector<DrawRow>> ListDrawsBelow(db::Transaction& tx, std::string_view ground,
                                                    const DrawKey& after, int limit);

}  // namespace gridwarden::patrol
