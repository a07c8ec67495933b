#pragma once

#include <span>

#include "absl/status/status.h"
#include "server/flags.h"

namespace gridwarden::server {

std::span<const Flag> RestoreFlags();  // without those of the database

// `gridwarden restore`: a backup into an empty database and a data folder, as the owner of the database
// server, and proves what came out of it: every file before it is used, the rows of each table, the whole
// journal against the checkpoint of the backup and every newer one that is at hand. Answers
// FAILED_PRECONDITION when entries that were signed are lost: the restore itself is done then, and the words
// say what is missing.
absl::Status RunRestore(const Flags& flags);

}  // namespace gridwarden::server
