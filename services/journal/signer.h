#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "domain/merkle/note.h"

// Signs checkpoints, and only ones that grow out of the last one it signed (guarantees.md 4.6). Its key and
// its memory are files of its own, not rows: a restored backup or a rewritten table makes it refuse instead
// of covering the loss up.
namespace gridwarden::journal {

class Signer {
 public:
  // Uses `folder`/signer.key (made with mode 0600 when missing) and `folder`/signer.note, the last note
  // signed. FAILED_PRECONDITION when the key can be read by others, or the memory is of another log or not
  // signed by this key.
  static absl::StatusOr<std::unique_ptr<Signer>> Open(const std::string& folder, const std::string& origin);

  // Signs `proposed`; `proof` shows that it extends last(). The new memory is on disk before the note is
  // given away. FAILED_PRECONDITION / JOURNAL_ALTERED when the tree shrank, changed or the proof does not
  // hold.
  absl::StatusOr<std::string> Sign(const domain::merkle::Checkpoint& proposed,
                                   const domain::merkle::Proof& proof);

  // What it signed last; nullopt for a new key.
  const std::optional<domain::merkle::Checkpoint>& last() const { return last_; }
  std::string VerifierKey() const;

 private:
  Signer(std::string folder, std::string private_key, domain::merkle::Verifier verifier);

  const std::string folder_;
  const std::string private_key_;
  const domain::merkle::Verifier verifier_;
  std::optional<domain::merkle::Checkpoint> last_;
};

// The signer's memory as it stands in `folder`: a signed note. FAILED_PRECONDITION when there is none.
absl::StatusOr<std::string> ReadSignerNote(const std::string& folder);

// The key of `former_origin` begins a new memory with `first`, under a new name; the old memory is kept
// beside it as signer.note.<its size>. Only for OpenSuccessor. Answers the verifier key under the new name.
absl::StatusOr<std::string> SucceedSigner(const std::string& folder, const std::string& former_origin,
                                          const domain::merkle::Checkpoint& first);

}  // namespace gridwarden::journal
