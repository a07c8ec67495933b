#pragma once

#include "absl/status/status.h"
#include "casework/case_file.h"
#include "platform/db/database.h"

namespace gridwarden::casework {

// REPORTER_IN_DISPUTE when the closing of a case is disputed that an identified reporter brought (T18): it is
// not ended over that person's head.
absl::Status CheckReporterContent(db::Transaction& tx, const CaseFile& file);

}  // namespace gridwarden::casework
