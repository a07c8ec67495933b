#include "patrol/draw_repository.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "access/standing.h"
#include "base/status.h"

namespace gridwarden::patrol {
namespace {

#define GW_DRAW_COLUMNS "draw_id, city_id, division, ground_path, commit_us, value, subject_seq, subject_leaf"

constexpr std::string_view kReadDraw =
    "SELECT " GW_DRAW_COLUMNS ", commitment, outcome FROM patrol_draw WHERE draw_id = ?";
constexpr std::string_view kLockDraw =
    "SELECT " GW_DRAW_COLUMNS ", commitment, outcome FROM patrol_draw WHERE draw_id = ? FOR UPDATE";
constexpr std::string_view kInsertDraw = "INSERT INTO patrol_draw (" GW_DRAW_COLUMNS
                                         ", commitment, outcome, state)"
                                         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
// The commitment is never written again.
constexpr std::string_view kSaveDraw =
    "UPDATE patrol_draw SET state = ?, value = ?, outcome = ?, subject_seq = ?, subject_leaf = ?"
    " WHERE draw_id = ? AND subject_seq = ?";
constexpr std::string_view kListDraws =
    "SELECT " GW_DRAW_COLUMNS
    " FROM patrol_draw WHERE ground_path >= ? AND ground_path < ?"
    " AND (ground_path > ? OR commit_us > ? OR (commit_us = ? AND draw_id > ?))"
    " ORDER BY ground_path, commit_us, draw_id LIMIT ?";

DrawRow FromRow(const db::Row& row) {
  DrawRow draw;
  draw.id = row.Id(0);
  draw.city = row.Id(1);
  draw.division = row.Id(2);
  draw.ground_path = row.Text(3);
  draw.committed = row.Time(4);
  draw.value.ParseFromString(row.Text(5));
  draw.subject = {.id = draw.id, .seq = static_cast<uint64_t>(row.Int(6)), .leaf = row.Text(7)};
  draw.value.set_etag(absl::StrCat(draw.subject.seq));
  return draw;
}

DrawRow FromWholeRow(const db::Row& row) {
  DrawRow draw = FromRow(row);
  draw.commitment = row.Text(8);
  draw.outcome = row.Text(9);
  return draw;
}

absl::StatusOr<DrawRow> OrNotFound(absl::StatusOr<std::optional<DrawRow>> found, const Uuid& id) {
  if (!found.ok()) return found.status();
  if (!*found) return NotFound(ResourceName("draws", id));
  return **std::move(found);
}

}  // namespace

absl::StatusOr<DrawRow> ReadDraw(db::Transaction& tx, const Uuid& id) {
  return OrNotFound(tx.QueryOne(kReadDraw, FromWholeRow, id), id);
}

absl::StatusOr<DrawRow> LockDraw(db::Transaction& tx, const Uuid& id) {
  return OrNotFound(tx.QueryOne(kLockDraw, FromWholeRow, id), id);
}

absl::Status InsertDraw(db::Transaction& tx, const DrawRow& draw) {
  return tx
      .Exec(kInsertDraw, draw.id, draw.city, draw.division, draw.ground_path, draw.committed,
            draw.value.SerializeAsString(), draw.subject.seq, draw.subject.leaf, draw.commitment,
            draw.outcome, static_cast<int>(draw.value.state()))
      .status();
}

absl::Status SaveDraw(db::Transaction& tx, const DrawRow& draw) {
  GW_ASSIGN_OR_RETURN(
      const uint64_t changed,
      tx.Exec(kSaveDraw, static_cast<int>(draw.value.state()), draw.value.SerializeAsString(), draw.outcome,
              draw.subject.seq, draw.subject.leaf, draw.id, draw.subject.seq - 1));
  if (changed != 1) return EtagMismatch(draw.value.name());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<DrawRow>> ListDrawsBelow(db::Transaction& tx, std::string_view ground,
                                                    const DrawKey& after, int limit) {
  const std::string from = std::max(std::string(ground), after.ground_path);
  const std::string& path = after.ground_path;
  return tx.Query(kListDraws, FromRow, from, access::EndOfSubtree(ground), path, after.commit_us,
                  after.commit_us, after.id.Bytes(), limit);
}

}  // namespace gridwarden::patrol
