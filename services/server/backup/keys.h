#pragma once

#include <span>

#include "absl/status/status.h"
#include "server/flags.h"

namespace gridwarden::server {

// The keys of an installation: what signs the log, what signs tokens, what our processes know each other by.
// They are kept apart from the backups; whoever has both could forge the log.
std::span<const Flag> BackupKeysFlags();
std::span<const Flag> RestoreKeysFlags();

// `gridwarden backup-keys`: into one file, sealed by a passphrase.
absl::Status RunBackupKeys(const Flags& flags);
// `gridwarden restore-keys`: back into a data folder; refuses to overwrite a key that is another.
absl::Status RunRestoreKeys(const Flags& flags);

}  // namespace gridwarden::server
