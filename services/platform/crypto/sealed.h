#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace gridwarden::crypto {

// Bytes that only who knows the passphrase can read, and nobody can change unseen: Argon2id (256 MiB, so that
// guessing is dear) and XChaCha20-Poly1305, both of libsodium. RESOURCE_EXHAUSTED when there is not that much
// memory.
absl::StatusOr<std::string> SealByPassphrase(std::string_view passphrase, std::string_view bytes);

// DATA_LOSS when the passphrase is another, or a byte was changed; which of the two cannot be told.
absl::StatusOr<std::string> OpenByPassphrase(std::string_view passphrase, std::string_view sealed);

}  // namespace gridwarden::crypto
