#include <algorithm>

#include "gridwarden/journal/v1/entry.pb.h"
#include "journal/journal_service.h"
#include "platform/crypto/digest.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::journal {
namespace {

bool MaySee(const rpc::Call& call, const v1::Entry& entry) {
  if (call.principal.administrator || call.principal.system) return true;
  return !call.principal.account.IsNil() && entry.actor().account() == call.principal.account.Bytes();
}

absl::Status AddProofs(db::Transaction& tx, const StoredCheckpoint& checkpoint, v1::Receipt& receipt) {
  for (v1::Receipt::Line& line : *receipt.mutable_lines()) {
    GW_ASSIGN_OR_RETURN(
        domain::merkle::Proof proof,
        domain::merkle::InclusionProof(crypto::Sha256, line.index(), checkpoint.size, HashesIn(tx)));
    for (std::string& hash : proof) line.add_proof(std::move(hash));
  }
  receipt.set_checkpoint(checkpoint.note);
  return absl::OkStatus();
}

// Adds a line; false when the caller may not see the entry.
bool AddLine(const rpc::Call& call, const std::string& body, const std::string& leaf,
             std::optional<uint64_t> index, v1::Receipt& receipt) {
  v1::Entry entry;
  if (!entry.ParseFromString(body) || !MaySee(call, entry)) return false;
  v1::Receipt::Line& line = *receipt.add_lines();
  line.set_entry_id(Uuid::FromBytes(entry.entry_id()).value_or(Uuid()).ToString());
  line.set_leaf(leaf);
  if (index) line.set_index(*index);
  if (!receipt.has_received_time())
    SetTime(absl::FromUnixMicros(entry.received_us()), receipt.mutable_received_time());
  return true;
}

}  // namespace

absl::StatusOr<v1::Receipt> GetReceipt(db::Database& database, const rpc::Call& call,
                                       const v1::GetReceiptRequest& request) {
  GW_ASSIGN_OR_RETURN(const Uuid request_id, rpc::RequestId(request.request_id()));
  // Absent and forbidden are said in the same words.
  const absl::Status absent = NotFound("requests/" + request_id.ToString());
  v1::Receipt receipt;
  GW_RETURN_IF_ERROR(database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    receipt.Clear();
    receipt.set_request_id(request_id.ToString());
    GW_ASSIGN_OR_RETURN(const std::vector<StoredEntry> entries, ReadEntriesOfRequest(tx, request_id));
    GW_ASSIGN_OR_RETURN(const std::vector<StagedEntry> staged, ReadStagedOfRequest(tx, request_id));
    uint64_t size_needed = 0;
    for (const StoredEntry& entry : entries) {
      if (!AddLine(call, entry.body, entry.leaf, entry.index, receipt)) return absent;
      size_needed = std::max(size_needed, entry.index + 1);
    }
    for (const StagedEntry& entry : staged) {
      if (!AddLine(call, entry.body, entry.leaf, std::nullopt, receipt)) return absent;
    }
    if (receipt.lines().empty()) return absent;
    if (!staged.empty()) {
      receipt.set_state(v1::Receipt::ACCEPTED);
      return absl::OkStatus();
    }
    receipt.set_state(v1::Receipt::SEQUENCED);
    GW_ASSIGN_OR_RETURN(const std::optional<StoredCheckpoint> checkpoint, ReadNewestCheckpoint(tx));
    if (!checkpoint || checkpoint->size < size_needed) return absl::OkStatus();
    receipt.set_state(v1::Receipt::SEALED);
    return AddProofs(tx, *checkpoint, receipt);
  }));
  return receipt;
}

}  // namespace gridwarden::journal
