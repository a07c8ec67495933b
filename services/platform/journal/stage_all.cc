#include "platform/journal/stage_all.h"

#include <string>
#include <vector>

#include "platform/journal/wake.h"

namespace gridwarden::journal {
namespace {

constexpr int kColumns = 5;
constexpr int kRowsAtOnce[] = {256, 32, 4, 1};  // few sizes, so that the statement cache stays small

int RowsFor(size_t left) {
  for (int rows : kRowsAtOnce) {
    if (static_cast<size_t>(rows) <= left) return rows;
  }
  return 1;
}

}  // namespace

absl::Status StageAll(db::Transaction& tx, std::span<const Sealed> sealed) {
  for (size_t at = 0; at < sealed.size();) {
    const int rows = RowsFor(sealed.size() - at);
    std::vector<db::Value> values;
    values.reserve(static_cast<size_t>(rows) * kColumns);
    for (const Sealed& one : sealed.subspan(at, rows)) {
      values.emplace_back(one.entry_id);
      if (one.request_id.empty())
        values.emplace_back(nullptr);
      else
        values.emplace_back(one.request_id);
      values.emplace_back(one.after.id);
      values.emplace_back(one.after.seq);
      values.emplace_back(one.body);
    }
    const std::string sql =
        "INSERT INTO journal_stage (entry_id, request_id, subject, subject_seq, body) VALUES " +
        db::RepeatedRows(kColumns, rows);
    const absl::Status inserted = tx.ExecValues(sql, values).status();
    if (db::IsDuplicateKey(inserted)) {
      return MakeError(absl::StatusCode::kAborted, "another transaction recorded this step of the same thing",
                       {.reason = "LOST_RACE", .retry_after = absl::Milliseconds(100)});
    }
    GW_RETURN_IF_ERROR(inserted);
    at += rows;
  }
  if (!sealed.empty()) tx.AfterCommit(Bell::RingStaged);
  return absl::OkStatus();
}

}  // namespace gridwarden::journal
