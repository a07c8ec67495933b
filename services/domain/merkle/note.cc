#include "domain/merkle/note.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace gridwarden::domain::merkle {
namespace {

constexpr char kEd25519 = '\x01';
constexpr size_t kKeyIdSize = 4;
constexpr std::string_view kDash = "\xe2\x80\x94 ";  // em dash, space
constexpr size_t kNoteMax = 64 * 1024;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes;
  if (!absl::Base64Unescape(View(text), &bytes)) return std::nullopt;
  // One spelling only: Abseil also reads text without padding.
  if (absl::Base64Escape(bytes) != View(text)) return std::nullopt;
  return bytes;
}

std::vector<std::string> Lines(std::string_view text) {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return absl::StrSplit(View(text), '\n');
}

absl::StatusOr<Checkpoint> ParseBody(std::string_view body) {
  const std::vector<std::string> lines = Lines(body);
  Checkpoint checkpoint;
  if (lines.size() < 3 || lines[0].empty()) return absl::InvalidArgumentError("a checkpoint has three lines");
  checkpoint.origin = lines[0];
  if (!absl::SimpleAtoi(lines[1], &checkpoint.size) || std::to_string(checkpoint.size) != lines[1]) {
    return absl::InvalidArgumentError("the second line of a checkpoint is its size");
  }
  const std::optional<std::string> root = FromBase64(lines[2]);
  if (!root || root->size() != kHashSize) {
    return absl::InvalidArgumentError("the third line of a checkpoint is its root in base64");
  }
  checkpoint.root = *root;
  return checkpoint;
}

}  // namespace

std::string CheckpointBody(const Checkpoint& checkpoint) {
  return absl::StrFormat("%s\n%d\n%s\n", checkpoint.origin, checkpoint.size,
                         absl::Base64Escape(checkpoint.root));
}

std::string KeyId(HashBytes hash, const Verifier& verifier) {
  return hash(verifier.name + "\n" + kEd25519 + verifier.public_key).substr(0, kKeyIdSize);
}

std::string VerifierKey(HashBytes hash, const Verifier& verifier) {
  return absl::StrFormat("%s+%s+%s", verifier.name, absl::BytesToHexString(KeyId(hash, verifier)),
                         absl::Base64Escape(std::string(1, kEd25519) + verifier.public_key));
}

absl::StatusOr<Verifier> ParseVerifierKey(HashBytes hash, std::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(View(text), absl::MaxSplits('+', 2));
  if (parts.size() != 3) return absl::InvalidArgumentError("a verifier key is name+id+key");
  const std::optional<std::string> key = FromBase64(parts[2]);
  if (!key || key->size() != 1 + kHashSize || (*key)[0] != kEd25519) {
    return absl::InvalidArgumentError("the verifier key is not an Ed25519 key");
  }
  Verifier verifier{parts[0], key->substr(1)};
  if (absl::BytesToHexString(KeyId(hash, verifier)) != parts[1]) {
    return absl::InvalidArgumentError("the id of the verifier key does not fit its key");
  }
  return verifier;
}

std::string MakeNote(HashBytes hash, const Checkpoint& checkpoint, const Verifier& verifier,
                     std::string_view signature) {
  return absl::StrFormat("%s\n%s%s %s\n", CheckpointBody(checkpoint), kDash, verifier.name,
                         absl::Base64Escape(KeyId(hash, verifier) + std::string(signature)));
}

absl::StatusOr<Checkpoint> OpenNote(HashBytes hash, std::string_view note, const Verifier& verifier,
                                    VerifySignature verify) {
  if (note.size() > kNoteMax || note.empty() || note.back() != '\n')
    return absl::InvalidArgumentError("not a signed note");
  const size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos)
    return absl::InvalidArgumentError("a signed note has an empty line before its signatures");
  const std::string_view body = note.substr(0, gap + 1);
  const std::string before = std::string(kDash) + verifier.name + " ";
  const std::string key_id = KeyId(hash, verifier);
  for (const std::string& line : Lines(note.substr(gap + 2))) {
    if (line.compare(0, before.size(), before) != 0) continue;
    const std::optional<std::string> bytes = FromBase64(std::string_view(line).substr(before.size()));
    if (!bytes) return absl::InvalidArgumentError("a signature of the note is not base64");
    if (bytes->compare(0, kKeyIdSize, key_id) != 0) continue;
    if (!verify(verifier.public_key, body, std::string_view(*bytes).substr(kKeyIdSize))) {
      return absl::DataLossError("the signature of the checkpoint is wrong");
    }
    return ParseBody(body);
  }
  return absl::NotFoundError("the checkpoint is not signed by " + verifier.name);
}

}  // namespace gridwarden::domain::merkle
