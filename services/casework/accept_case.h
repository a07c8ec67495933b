#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "casework/case_file.h"
#include "domain/policy/policy.h"
#include "platform/db/database.h"
#include "platform/rpc/call.h"

namespace gridwarden::casework {

// A handler who let the time to answer pass has taken the case on (T9): DISPATCHED -> HANDLING at `when`, the
// end of that time, flagged as nobody's own answer. The case must be locked.
absl::Status AcceptSilently(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                            CaseFile& file, absl::Time when);

}  // namespace gridwarden::casework
