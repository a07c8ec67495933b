#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/db/database.h"

// The explicit way on after entries that were signed are lost for good (guarantees.md 4.6).
namespace gridwarden::journal {

struct SuccessorRequest {
  std::string folder;                 // of the signer: its key and memory
  std::string reason;                 // why the rest cannot be found
  std::vector<std::string> officers;  // logins of two different people's accounts
};

struct Successor {
  std::string origin;  // of the new log
  std::string former_origin;
  uint64_t size = 0;       // entries it begins with
  uint64_t lost_from = 0;  // [lost_from, lost_until) are lost
  uint64_t lost_until = 0;
  bool altered = false;
  std::string verifier_key;  // of the new log: to be told to everybody who checks
};

// Ends the log under its name and goes on under the next one ("gridwarden.4117/journal" becomes
// "gridwarden.4117-2/journal"): the first new entry says which log ended with which checkpoint, what is lost,
// why and who decided. The signer's old memory stays beside the new one. Done again after a crash it
// finishes. FAILED_PRECONDITION while a sequencer runs, when nothing is lost (the log can simply go on), when
// the signer's memory is not of this log, or without two officers and a reason.
absl::StatusOr<Successor> OpenSuccessor(db::Database& database, const SuccessorRequest& request,
                                        absl::Time now);

}  // namespace gridwarden::journal
