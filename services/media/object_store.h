#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

// Where the bytes of photos and documents lie, each under its SHA-256 as 64 hex digits, and beside them what
// is no evidence: pieces of uploads and thumbnails. Two kinds: a folder of this machine (file_store.h) and a
// bucket of an S3-compatible store (s3_store.h).
namespace gridwarden::media {

struct ObjectSize {
  std::string sha256_hex;
  int64_t size = 0;
};

// Safe to use from many threads. No call outlasts `deadline`, a real time, by more than a moment. What cannot
// be reached is UNAVAILABLE / MEDIA_STORE_UNAVAILABLE and never said to be missing.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // Stores the content and does not answer OK before it would survive a power cut. Safe to repeat and to do
  // at the same time elsewhere; a damaged object of that name is replaced. After an error nothing was
  // promised: the content may or may not be there.
  virtual absl::Status Put(const std::string& sha256_hex, std::string_view content, absl::Time deadline) = 0;

  // The content, checked against its name. DATA_LOSS / MEDIA_DIGEST_MISMATCH when it is missing or damaged:
  // uploading it again heals.
  virtual absl::StatusOr<std::string> Get(const std::string& sha256_hex, absl::Time deadline) = 0;

  // For each object whether it is there in its full size, in the order asked.
  virtual absl::StatusOr<std::vector<bool>> Has(const std::vector<ObjectSize>& objects,
                                                absl::Time deadline) = 0;

  // Objects that no digest names, for whoever can check or make again what they hold. `name` is one of ours,
  // "uploads/..." or "thumbnails/...": lower-case letters, digits, "-" and "/".
  // Replaces what is there; as durable as Put.
  virtual absl::Status PutNamed(const std::string& name, std::string_view content, absl::Time deadline) = 0;
  // NOT_FOUND when it is not there, or larger than anything we store.
  virtual absl::StatusOr<std::string> GetNamed(const std::string& name, absl::Time deadline) = 0;
  // OK when it was not there either.
  virtual absl::Status RemoveNamed(const std::string& name, absl::Time deadline) = 0;

  // OK when an upload would be taken now; otherwise why not, in words for the operator.
  virtual absl::Status Check(absl::Time deadline) = 0;

  // Which store this is, for logs and messages: "folder /data/media", "bucket photos at https://s3.example".
  virtual std::string Name() const = 0;
};

// The name below the root of either store: "media/ab/cd/<64 hex digits>". The same in both, so that ordinary
// tools can copy one into the other.
std::string ObjectPath(const std::string& sha256_hex);

bool IsContentOf(std::string_view content, const std::string& sha256_hex);

// The errors of either store.
absl::Status StoreUnavailable(std::string_view why);
absl::Status ContentLost(const std::string& sha256_hex, std::string_view where);

}  // namespace gridwarden::media
