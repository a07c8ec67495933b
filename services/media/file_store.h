#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

// The bytes, as files named by their SHA-256: data_dir/media/ab/cd/<64 hex digits>.
namespace gridwarden::media {

class FileStore {
 public:
  explicit FileStore(const std::string& data_dir) : root_(data_dir + "/media") {}

  // Puts the content on disk and does not answer OK before it would survive a power cut. Safe to repeat and
  // to do at the same time elsewhere; a damaged file of that name is replaced. UNAVAILABLE /
  // DATABASE_UNAVAILABLE when the disk refuses.
  absl::Status Put(const std::string& sha256_hex, std::string_view content) const;

  // The content, checked against its name. DATA_LOSS when the file is missing or damaged: uploading it again
  // heals.
  absl::StatusOr<std::string> Get(const std::string& sha256_hex) const;

  // Whether there is a file of that name and size.
  bool Has(const std::string& sha256_hex, int64_t size) const;

  // Removes what interrupted uploads left behind, when it is older than `age`. Answers how many.
  int RemoveOrphans(absl::Duration age) const;

 private:
  std::string FolderOf(const std::string& sha256_hex) const;

  const std::string root_;
};

}  // namespace gridwarden::media
