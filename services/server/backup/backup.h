#pragma once

#include <span>

#include "absl/status/status.h"
#include "server/flags.h"

namespace gridwarden::server {

std::span<const Flag> BackupFlags();  // without those of the database

// `gridwarden backup`: a consistent dump while the server goes on, the photos that are new, and a manifest;
// or with --log-only the binary log since the newest backup. Reads as the account "backup". Says on standard
// output what it did.
absl::Status RunBackup(const Flags& flags);

std::span<const Flag> VerifyBackupFlags();
// `gridwarden verify-backup`: every file is what was backed up. No database.
absl::Status RunVerifyBackup(const Flags& flags);

}  // namespace gridwarden::server
