#include "base/status.h"
#include "journal/journal_service.h"

namespace gridwarden::journal {

absl::StatusOr<v1::Checkpoint> GetCheckpoint(db::Database& database, const rpc::Call& call,
                                             const v1::GetCheckpointRequest& request,
                                             const std::string& verifier_key) {
  std::optional<StoredCheckpoint> found;
  GW_RETURN_IF_ERROR(database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    if (request.size() == 0) {
      GW_ASSIGN_OR_RETURN(found, ReadNewestCheckpoint(tx));
    } else {
      GW_ASSIGN_OR_RETURN(found, ReadCheckpointUpTo(tx, request.size()));
    }
    return absl::OkStatus();
  }));
  if (!found) return NotFound("checkpoints/" + std::to_string(request.size()));
  if (verifier_key.empty()) {
    return Unavailable("DATABASE_UNAVAILABLE", "the log's key is not open in this process yet",
                       absl::Seconds(1));
  }
  v1::Checkpoint checkpoint;
  checkpoint.set_size(found->size);
  checkpoint.set_note(found->note);
  checkpoint.set_verifier_key(verifier_key);
  return checkpoint;
}

}  // namespace gridwarden::journal
