#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "access/area.h"
#include "access/permission.h"
#include "source/source_repository.h"

// The last steps of every change of the ledger: seal, save, append.
namespace gridwarden::source {

// What was done to a source, and by whom.
struct Change {
  v1::SourceChange::Action action = v1::SourceChange::ACTION_UNSPECIFIED;
  v1::Source::State from = v1::Source::STATE_UNSPECIFIED;
  std::vector<std::string> changed_fields;
  std::string reason;
  absl::Time event_time;
  access::Acting acting;
  std::string request_id;
};

// Writes `source` as it stands after the change (inserted when its subject_seq is 0), its history row and its
// journal entry. Answers it with the new etag and times.
absl::StatusOr<v1::Source> RecordChange(const AreaContext& context, const rpc::Call& call,
                                        db::Transaction& tx, const Change& change, LedgerSource source);

// ABORTED / ETAG_MISMATCH unless the etag is empty or current.
absl::Status CheckEtag(const LedgerSource& source, std::string_view etag);

// The number the server gives a source without one: the division's code, or the letter S, and ten characters
// of its id.
std::string MakeSourceNo(const domain::Ground& ground, const Uuid& division, const Uuid& id);

}  // namespace gridwarden::source
