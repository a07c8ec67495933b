#pragma once

#include <string>

#include "absl/status/status.h"
#include "platform/db/database.h"

namespace gridwarden::journal {

// Whether the signer's folder and the database belong together, before anything is served:
// FAILED_PRECONDITION in words when the key is missing though the log was signed before, can be read by
// others, is not the one that signed this log, or its memory is of another log. A fresh folder and a fresh
// log are fine: the key is made then. That the log is shorter than the memory is no matter of settings: the
// signer refuses, and phones fill it.
absl::Status CheckKey(db::Database& database, const std::string& folder);

}  // namespace gridwarden::journal
