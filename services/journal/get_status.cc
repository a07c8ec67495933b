#include "journal/journal_service.h"
#include "platform/crypto/digest.h"

namespace gridwarden::journal {

absl::StatusOr<v1::JournalStatus> GetStatus(db::Database& database, const rpc::Call& call) {
  v1::JournalStatus status;
  GW_RETURN_IF_ERROR(database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    status.Clear();
    GW_ASSIGN_OR_RETURN(const Head head, RequireHead(tx));
    GW_ASSIGN_OR_RETURN(const auto frontier,
                        domain::merkle::Frontier::Parse(crypto::Sha256, head.size, head.frontier));
    GW_ASSIGN_OR_RETURN(const uint64_t staged, CountStaged(tx));
    GW_ASSIGN_OR_RETURN(const std::optional<StoredCheckpoint> sealed, ReadNewestCheckpoint(tx));
    status.set_origin(head.origin);
    status.set_demo(head.demo);
    status.set_size(head.size);
    status.set_root(frontier.Root());
    status.set_epoch(head.epoch);
    status.set_staged(staged);
    if (sealed) {
      status.set_sealed_size(sealed->size);
      SetTime(sealed->signed_time, status.mutable_sealed_time());
    }
    return absl::OkStatus();
  }));
  return status;
}

}  // namespace gridwarden::journal
