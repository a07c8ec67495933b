#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "media/object_store.h"

// The bytes, as files named by their SHA-256: data_dir/media/ab/cd/<64 hex digits>. What is no evidence lies
// beside them: data_dir/uploads, data_dir/thumbnails.
namespace gridwarden::media {

class FileStore final : public ObjectStore {
 public:
  explicit FileStore(const std::string& data_dir) : data_dir_(data_dir), root_(data_dir + "/media") {}

  absl::Status Put(const std::string& sha256_hex, std::string_view content, absl::Time deadline) override;
  absl::StatusOr<std::string> Get(const std::string& sha256_hex, absl::Time deadline) override;
  absl::StatusOr<std::vector<bool>> Has(const std::vector<ObjectSize>& objects, absl::Time deadline) override;
  absl::Status PutNamed(const std::string& name, std::string_view content, absl::Time deadline) override;
  absl::StatusOr<std::string> GetNamed(const std::string& name, absl::Time deadline) override;
  absl::Status RemoveNamed(const std::string& name, absl::Time deadline) override;
  absl::Status Check(absl::Time deadline) override;
  std::string Name() const override { return "folder " + root_; }

  // Removes what interrupted uploads left behind, when it is older than `age`. Answers how many.
  int RemoveOrphans(absl::Duration age) const;

 private:
  std::string FolderOf(const std::string& sha256_hex) const;
  absl::Status MakeRoot() const;
  // Writes aside, syncs and renames, so that the file is there whole or not at all.
  absl::Status WriteWhole(const std::string& folder, const std::string& name, std::string_view content) const;

  const std::string data_dir_;
  const std::string root_;
};

}  // namespace gridwarden::media
