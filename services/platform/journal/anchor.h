#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The newest signed checkpoint this process has heard of. Every entry names it (Entry.known), which proves
// that the entry was written after that checkpoint existed.
namespace gridwarden::journal {

struct KnownCheckpoint {
  uint64_t size = 0;
  std::string root;  // 32 bytes
};

// Told by the signer in its own process and by consumers of the feed elsewhere. An older one than known is
// ignored.
void NoteCheckpoint(uint64_t size, std::string_view root);
std::optional<KnownCheckpoint> NewestCheckpoint();
// For tests that start another log.
void ForgetCheckpoint();

}  // namespace gridwarden::journal
