#include "media/upload_sweeper.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "base/status.h"
#include "media/numbers.h"
#include "media/upload_repository.h"
#include "media/upload_steps.h"

namespace gridwarden::media {
namespace {

constexpr int kUploadsMax = 1000;
constexpr absl::Duration kObjectMax = absl::Seconds(30);

}  // namespace

absl::Status UploadSweeper::SweepOne(const Uuid& id) {
  const absl::Time now = clock_.Now();
  std::vector<PieceRow> left;
  GW_RETURN_IF_ERROR(database_.Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const std::optional<UploadRow> upload, LockUpload(tx, id));
    GW_ASSIGN_OR_RETURN(left, ListPieces(tx, id));
    if (upload && upload->state == UploadState::kOpen && upload->expires > now) {
      std::erase_if(left, [&](const PieceRow& piece) { return piece.attempt == upload->attempt; });
    }
    return absl::OkStatus();
  }));
  for (const PieceRow& piece : left) {
    GW_RETURN_IF_ERROR(store_->RemoveNamed(PieceName(piece), absl::Now() + kObjectMax));
  }
  bool expired = false;
  GW_RETURN_IF_ERROR(database_.Run([&](db::Transaction& tx) -> absl::Status {
    expired = false;
    GW_ASSIGN_OR_RETURN(std::optional<UploadRow> upload, LockUpload(tx, id));
    for (const PieceRow& piece : left) GW_RETURN_IF_ERROR(DeletePiece(tx, piece));
    if (!upload || upload->due > now) return absl::OkStatus();  // somebody went on with it meanwhile
    expired = upload->state == UploadState::kOpen && upload->expires + kCallsEnd <= now;
    if (upload->expires + kCallsEnd <= now) return DeleteUpload(tx, id);
    upload->due = upload->expires + kCallsEnd;
    return SaveUpload(tx, *upload);
  }));
  if (expired) CountUpload(UploadEnd::kExpired);
  return absl::OkStatus();
}

absl::Status UploadSweeper::Sweep() {
  std::vector<Uuid> due;
  int64_t open = 0;
  GW_RETURN_IF_ERROR(database_.Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(open, CountOpenUploads(tx));
    GW_ASSIGN_OR_RETURN(due, ListDueUploads(tx, clock_.Now(), kUploadsMax));
    return absl::OkStatus();
  }));
  ShowOpenUploads(static_cast<double>(open));
  for (const Uuid& upload : due) {
    if (rounds_.stopping()) return absl::OkStatus();
    GW_RETURN_IF_ERROR(SweepOne(upload));
  }
  return absl::OkStatus();
}

}  // namespace gridwarden::media
