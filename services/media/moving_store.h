#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "media/object_store.h"

namespace gridwarden::media {

// A store that is being moved into: what is new goes to `next`; what it lacks is read from `former`. So that
// an installation can change its kind of store first and copy afterwards (copy_media.h), and nothing is ever
// out of sight.
class MovingStore final : public ObjectStore {
 public:
  MovingStore(std::shared_ptr<ObjectStore> next, std::shared_ptr<ObjectStore> former)
      : next_(std::move(next)), former_(std::move(former)) {}

  absl::Status Put(const std::string& sha256_hex, std::string_view content, absl::Time deadline) override {
    return next_->Put(sha256_hex, content, deadline);
  }
  // What either has whole: the name proves it. Otherwise the error of `next`.
  absl::StatusOr<std::string> Get(const std::string& sha256_hex, absl::Time deadline) override;
  absl::StatusOr<std::vector<bool>> Has(const std::vector<ObjectSize>& objects, absl::Time deadline) override;
  absl::Status PutNamed(const std::string& name, std::string_view content, absl::Time deadline) override {
    return next_->PutNamed(name, content, deadline);
  }
  absl::StatusOr<std::string> GetNamed(const std::string& name, absl::Time deadline) override;
  absl::Status RemoveNamed(const std::string& name, absl::Time deadline) override;
  absl::Status Check(absl::Time deadline) override { return next_->Check(deadline); }
  std::string Name() const override { return next_->Name() + ", before " + former_->Name(); }

 private:
  const std::shared_ptr<ObjectStore> next_;
  const std::shared_ptr<ObjectStore> former_;
};

}  // namespace gridwarden::media
