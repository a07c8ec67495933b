#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "platform/db/database.h"
#include "platform/rpc/call.h"

// Writes what committed changes say about themselves. An area's transaction seals an entry (pure), saves its
// row with the new subject_seq and subject_leaf, and stages the entry: one commit, and the sequencer does the
// rest (guarantees.md 4).
namespace gridwarden::journal {

// The end of an aggregate's chain, as its locked row holds it (columns subject_seq, subject_leaf).
struct Subject {
  Uuid id;
  uint64_t seq = 0;  // entries so far; 0 for a new aggregate
  std::string leaf;  // leaf hash of the last one, 32 bytes; "" for a new aggregate
};

struct Draft {
  std::string kind;  // "case.transition"
  Subject before;
  const google::protobuf::Message* event = nullptr;
  Uuid post;  // in which the caller acted; nil when none is needed
  Uuid tenure;
  absl::Time earliest = absl::InfinitePast();  // event interval; InfinitePast = the call's now
  absl::Time latest = absl::InfinitePast();
  std::vector<std::string> media;  // SHA-256 each, 32 bytes
  std::string rule_version;
  std::string request_id;  // text of the request that caused it; may be empty for the system
};

// An entry ready to be staged, and the subject's new end of chain to be saved with its row.
struct Sealed {
  Subject after;
  Uuid entry_id;
  std::string request_id;  // 16 bytes, or ""
  std::string body;
};

// Touches no database. INVALID_ARGUMENT / MESSAGE_TOO_LARGE when the entry is larger than 60 KiB,
// INVALID_FIELD when the request id is no UUID.
absl::StatusOr<Sealed> Seal(const rpc::Call& call, const Draft& draft);

// ABORTED / LOST_RACE when somebody else staged the same (subject, seq): the row was not locked. Wakes a
// sequencer in this process once the transaction has committed.
absl::Status Stage(db::Transaction& tx, const Sealed& sealed);

// SHA-256(0x00 || body), RFC 6962.
std::string LeafHash(std::string_view body);

}  // namespace gridwarden::journal
