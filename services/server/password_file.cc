#include "server/password_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "platform/crypto/digest.h"
#include "server/flags.h"

namespace gridwarden::server {
namespace {

constexpr size_t kLengthMin = 16;
constexpr int kRandomBytes = 24;

absl::Status Bad(const std::string& path, const char* why) {
  return FailedPrecondition("INTERNAL_FAULT", absl::StrCat("password file ", path, ": ", why));
}

// Written aside, then linked: nobody reads half of it, and of two that make it at once one does.
absl::Status Make(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  std::error_code error;
  if (!folder.empty() && std::filesystem::create_directories(folder, error)) chmod(folder.c_str(), 0700);
  const std::string aside = absl::StrCat(path, ".", getpid());
  const int file = open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return Bad(path, std::strerror(errno));
  const std::string line = absl::WebSafeBase64Escape(crypto::RandomBytes(kRandomBytes)) + "\n";
  const bool written =
      write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && fsync(file) == 0;
  close(file);
  const bool linked = written && (link(aside.c_str(), path.c_str()) == 0 || errno == EEXIST);
  unlink(aside.c_str());
  return linked ? absl::OkStatus() : Bad(path, "cannot be written");
}

}  // namespace

absl::StatusOr<std::string> ReadPassword(const std::string& path) {
  struct stat state {};
  if (stat(path.c_str(), &state) != 0) return Bad(path, std::strerror(errno));
  if ((state.st_mode & S_IRWXO) != 0) return Bad(path, "everybody can read it; want mode 0600");
  GW_ASSIGN_OR_RETURN(std::string password, ReadSecretFile(path));
  if (password.size() < kLengthMin) return Bad(path, "want a password of 16 characters or more");
  return password;
}

absl::StatusOr<std::string> ReadOrMakePassword(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) GW_RETURN_IF_ERROR(Make(path));
  return ReadPassword(path);
}

}  // namespace gridwarden::server
