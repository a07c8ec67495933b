#include "server/hop_secret.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "platform/crypto/digest.h"

namespace gridwarden::server {
namespace {

constexpr int kSize = 32;

absl::Status Bad(const std::string& path, const char* why) {
  return FailedPrecondition("INTERNAL_FAULT", absl::StrCat("hop secret ", path, ": ", why));
}

// Puts a new secret there unless somebody else just did: written aside, then linked, so that nobody reads
// half of one.
absl::Status Make(const std::string& path) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const std::string aside = absl::StrCat(path, ".", getpid());
  const int file = open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0) return Bad(path, std::strerror(errno));
  const std::string secret = crypto::RandomBytes(kSize);
  const bool written = write(file, secret.data(), secret.size()) == kSize && fsync(file) == 0;
  close(file);
  const bool linked = written && (link(aside.c_str(), path.c_str()) == 0 || errno == EEXIST);
  unlink(aside.c_str());
  return linked ? absl::OkStatus() : Bad(path, "cannot be written");
}

}  // namespace

bool KeepsSecret(uid_t owner, mode_t mode, uid_t us) {
  const mode_t others = mode & (S_IRWXG | S_IRWXO);
  return owner == us ? others == 0 : (others & ~static_cast<mode_t>(S_IRGRP)) == 0;
}

absl::StatusOr<std::string> LoadHopSecret(const std::string& path) {
  int file = open(path.c_str(), O_RDONLY);
  if (file < 0 && errno == ENOENT) {
    GW_RETURN_IF_ERROR(Make(path));
    file = open(path.c_str(), O_RDONLY);
  }
  if (file < 0) return Bad(path, std::strerror(errno));
  struct stat state {};
  std::string secret(kSize + 1, '\0');
  const ssize_t got = read(file, secret.data(), secret.size());
  const bool known = fstat(file, &state) == 0;
  close(file);
  if (got != kSize) return Bad(path, "want exactly 32 bytes");
  if (!known || !KeepsSecret(state.st_uid, state.st_mode, geteuid()))
    return Bad(path, "can be read by others; want mode 0600");
  secret.resize(kSize);
  return secret;
}

}  // namespace gridwarden::server
