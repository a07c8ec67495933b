#include "media/file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "media/photo.h"

namespace gridwarden::media {
namespace {

namespace fs = std::filesystem;

absl::Status DiskError(std::string_view what) {
  return StoreUnavailable(absl::StrFormat("%s: %s", what, strerror(errno)));
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  bool ok() const { return fd_ >= 0; }
  int fd() const { return fd_; }

 private:
  int fd_;
};

absl::Status SyncFolder(const std::string& folder) {
  const File file(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.ok() || fsync(file.fd()) != 0) return DiskError("folder");
  return absl::OkStatus();
}

// Makes a folder whose name survives a power cut.
absl::Status MakeFolder(const std::string& parent, const std::string& name) {
  const std::string folder = parent + "/" + name;
  if (mkdir(folder.c_str(), 0700) == 0) return SyncFolder(parent);
  if (errno != EEXIST) return DiskError("mkdir");
  return absl::OkStatus();
}

absl::Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return DiskError("write");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

// None when the file cannot be read whole, or is larger than anything we store.
std::optional<std::string> ReadAll(const std::string& path) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (!file.ok() || fstat(file.fd(), &status) != 0 || status.st_size > kBytesMax) return std::nullopt;
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t got = read(file.fd(), bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    at += static_cast<size_t>(got);
  }
  return bytes;
}

bool IsIntact(const std::string& path, const std::string& sha256_hex) {
  const std::optional<std::string> bytes = ReadAll(path);
  return bytes && IsContentOf(*bytes, sha256_hex);
}

}  // namespace

std::string FileStore::FolderOf(const std::string& hex) const {
  return root_ + "/" + hex.substr(0, 2) + "/" + hex.substr(2, 2);
}

absl::Status FileStore::MakeRoot() const {
  std::error_code error;
  fs::create_directories(root_, error);
  if (error) return StoreUnavailable(absl::StrFormat("%s: %s", root_, error.message()));
  return SyncFolder(fs::path(root_).parent_path().string());
}

absl::Status FileStore::Put(const std::string& hex, std::string_view content, absl::Time) {
  GW_RETURN_IF_ERROR(MakeRoot());
  GW_RETURN_IF_ERROR(MakeFolder(root_, "tmp"));
  GW_RETURN_IF_ERROR(MakeFolder(root_, hex.substr(0, 2)));
  GW_RETURN_IF_ERROR(MakeFolder(root_ + "/" + hex.substr(0, 2), hex.substr(2, 2)));

  const std::string path = FolderOf(hex) + "/" + hex;
  // Synced again below all the same: who stored it first may not have come that far.
  if (IsIntact(path, hex)) {
    const File stored(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!stored.ok() || fsync(stored.fd()) != 0) return DiskError("sync");
    return SyncFolder(FolderOf(hex));
  }

  return WriteWhole(FolderOf(hex), hex, content);
}

absl::Status FileStore::WriteWhole(const std::string& folder, const std::string& name,
                                   std::string_view content) const {
  const std::string path = folder + "/" + name;
  std::string temporary = root_ + "/tmp/upload-XXXXXX";
  absl::Status status;
  {
    const File file(mkostemp(temporary.data(), O_CLOEXEC));
    if (!file.ok()) return DiskError("temporary file");
    status = WriteAll(file.fd(), content);
    if (status.ok() && fsync(file.fd()) != 0) status = DiskError("sync");
  }
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) status = DiskError("rename");
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  return SyncFolder(folder);
}

absl::Status FileStore::PutNamed(const std::string& name, std::string_view content, absl::Time) {
  GW_RETURN_IF_ERROR(MakeRoot());
  GW_RETURN_IF_ERROR(MakeFolder(root_, "tmp"));
  std::string folder = data_dir_;
  size_t from = 0;
  for (size_t slash; (slash = name.find('/', from)) != std::string::npos; from = slash + 1) {
    GW_RETURN_IF_ERROR(MakeFolder(folder, name.substr(from, slash - from)));
    folder += "/" + name.substr(from, slash - from);
  }
  return WriteWhole(folder, name.substr(from), content);
}

absl::StatusOr<std::string> FileStore::GetNamed(const std::string& name, absl::Time) {
  std::optional<std::string> bytes = ReadAll(data_dir_ + "/" + name);
  if (!bytes) return NotFound(name);
  return *std::move(bytes);
}

absl::Status FileStore::RemoveNamed(const std::string& name, absl::Time) {
  const std::string path = data_dir_ + "/" + name;
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return DiskError("remove");
  rmdir(path.substr(0, path.rfind('/')).c_str());  // the last of an upload; refused while there are others
  return absl::OkStatus();
}

absl::StatusOr<std::string> FileStore::Get(const std::string& hex, absl::Time) {
  std::optional<std::string> bytes = ReadAll(FolderOf(hex) + "/" + hex);
  if (!bytes || !IsContentOf(*bytes, hex)) return ContentLost(hex, "on disk");
  return *std::move(bytes);
}

absl::StatusOr<std::vector<bool>> FileStore::Has(const std::vector<ObjectSize>& objects, absl::Time) {
  std::vector<bool> there;
  for (const ObjectSize& object : objects) {
    struct stat status;
    const std::string path = FolderOf(object.sha256_hex) + "/" + object.sha256_hex;
    there.push_back(stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                    status.st_size == object.size);
  }
  return there;
}

absl::Status FileStore::Check(absl::Time) {
  GW_RETURN_IF_ERROR(MakeRoot());
  if (::access(root_.c_str(), W_OK | X_OK) != 0) return DiskError(root_);
  return absl::OkStatus();
}

int FileStore::RemoveOrphans(absl::Duration age) const {
  int removed = 0;
  std::error_code error;
  const auto limit = fs::file_time_type::clock::now() - absl::ToChronoSeconds(age);
  for (const fs::directory_entry& entry : fs::directory_iterator(root_ + "/tmp", error)) {
    std::error_code gone;  // by its own upload, meanwhile
    if (entry.last_write_time(gone) <= limit && !gone && fs::remove(entry.path(), gone)) ++removed;
  }
  return removed;
}

}  // namespace gridwarden::media
