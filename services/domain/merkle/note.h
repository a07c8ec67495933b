#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "domain/merkle/tree.h"

// Checkpoints as signed notes (c2sp.org/tlog-checkpoint, c2sp.org/signed-note): three lines, an empty line,
// signatures. Pure: hash, sign and verify are given.
namespace gridwarden::domain::merkle {

struct Checkpoint {
  std::string origin;  // "gridwarden.411700/journal"
  uint64_t size = 0;
  std::string root;  // 32 bytes
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// Who signs: an Ed25519 key under a name.
struct Verifier {
  std::string name;        // without spaces and plus signs
  std::string public_key;  // 32 bytes
};

using VerifySignature = bool (*)(std::string_view public_key, std::string_view message,
                                 std::string_view signature);

// The lines that are signed: origin, size, base64 root, each with its newline.
std::string CheckpointBody(const Checkpoint& checkpoint);

// First four bytes of SHA-256(name || 0x0A || 0x01 || key).
std::string KeyId(HashBytes hash, const Verifier& verifier);
// "name+keyid in hex+base64(0x01 || key)", as verifiers are told.
std::string VerifierKey(HashBytes hash, const Verifier& verifier);
// INVALID_ARGUMENT when the text is no verifier key or its id does not fit its key.
absl::StatusOr<Verifier> ParseVerifierKey(HashBytes hash, std::string_view text);

// The whole note. `signature` is over CheckpointBody.
std::string MakeNote(HashBytes hash, const Checkpoint& checkpoint, const Verifier& verifier,
                     std::string_view signature);

// Reads a note and proves the verifier's signature; other signatures are ignored.
// INVALID_ARGUMENT: no note. NOT_FOUND: not signed by this key. DATA_LOSS: signed by this name and key id,
// but wrong.
absl::StatusOr<Checkpoint> OpenNote(HashBytes hash, std::string_view note, const Verifier& verifier,
                                    VerifySignature verify);

}  // namespace gridwarden::domain::merkle
