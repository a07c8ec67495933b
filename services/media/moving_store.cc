#include "media/moving_store.h"

#include "base/status.h"

namespace gridwarden::media {

absl::StatusOr<std::string> MovingStore::Get(const std::string& hex, absl::Time deadline) {
  absl::StatusOr<std::string> content = next_->Get(hex, deadline);
  if (content.ok()) return content;
  absl::StatusOr<std::string> before = former_->Get(hex, deadline);
  return before.ok() ? before : content;
}

absl::StatusOr<std::string> MovingStore::GetNamed(const std::string& name, absl::Time deadline) {
  absl::StatusOr<std::string> content = next_->GetNamed(name, deadline);
  if (content.ok() || !absl::IsNotFound(content.status())) return content;
  return former_->GetNamed(name, deadline);
}

absl::Status MovingStore::RemoveNamed(const std::string& name, absl::Time deadline) {
  GW_RETURN_IF_ERROR(former_->RemoveNamed(name, deadline));
  return next_->RemoveNamed(name, deadline);
}

absl::StatusOr<std::vector<bool>> MovingStore::Has(const std::vector<ObjectSize>& objects,
                                                   absl::Time deadline) {
  GW_ASSIGN_OR_RETURN(std::vector<bool> there, next_->Has(objects, deadline));
  std::vector<ObjectSize> lacking;
  for (size_t i = 0; i < objects.size(); ++i) {
    if (!there[i]) lacking.push_back(objects[i]);
  }
  if (lacking.empty()) return there;
  GW_ASSIGN_OR_RETURN(const std::vector<bool> before, former_->Has(lacking, deadline));
  for (size_t i = 0, at = 0; i < objects.size(); ++i) {
    if (!there[i]) there[i] = before[at++];
  }
  return there;
}

}  // namespace gridwarden::media
