#include "platform/journal/anchor.h"

#include <mutex>

namespace gridwarden::journal {
namespace {

std::mutex mutex;  // guards newest
std::optional<KnownCheckpoint> newest;

}  // namespace

void NoteCheckpoint(uint64_t size, std::string_view root) {
  if (root.size() != 32) return;
  const std::lock_guard lock(mutex);
  if (newest && newest->size >= size) return;
  newest = KnownCheckpoint{size, std::string(root)};
}

std::optional<KnownCheckpoint> NewestCheckpoint() {
  const std::lock_guard lock(mutex);
  return newest;
}

void ForgetCheckpoint() {
  const std::lock_guard lock(mutex);
  newest.reset();
}

}  // namespace gridwarden::journal
