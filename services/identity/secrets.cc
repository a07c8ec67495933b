#include "identity/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "identity/session_repository.h"
#include "platform/crypto/digest.h"

namespace gridwarden::identity {
namespace {

constexpr size_t kSecretSize = 32;
// How often the table is asked whether a successor is due.
constexpr absl::Duration kLookAgain = absl::Seconds(30);

absl::Status FileError(const std::string& path) {
  return Internal(absl::StrFormat("secret file %s: %s", path, strerror(errno)));
}

std::string FolderOf(const std::string& data_dir) { return data_dir + "/identity"; }

absl::Status MakeFolder(const std::string& data_dir) {
  std::error_code error;
  std::filesystem::create_directories(FolderOf(data_dir), error);
  if (error) return Internal(absl::StrFormat("folder %s: %s", FolderOf(data_dir), error.message()));
  if (chmod(FolderOf(data_dir).c_str(), 0700) != 0) return FileError(FolderOf(data_dir));
  return absl::OkStatus();
}

// The secret in the file; none when there is no such file.
absl::StatusOr<std::optional<std::string>> ReadSecret(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return FileError(path);
  }
  std::string bytes(kSecretSize + 1, '\0');
  const ssize_t size = read(file, bytes.data(), bytes.size());
  close(file);
  if (size != static_cast<ssize_t>(kSecretSize))
    return Internal(absl::StrFormat("secret file %s is damaged", path));
  bytes.resize(kSecretSize);
  return std::optional<std::string>(bytes);
}

// Writes the whole file or none of it; a file that is there already stays.
absl::Status WriteSecret(const std::string& folder, const std::string& path, const std::string& secret) {
  std::string temporary = folder + "/new-XXXXXX";
  const int file = mkostemp(temporary.data(), O_CLOEXEC);  // mode 0600
  if (file < 0) return FileError(temporary);
  const bool written =
      write(file, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size()) && fsync(file) == 0;
  close(file);
  const bool linked = written && (link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const absl::Status status = linked ? absl::OkStatus() : FileError(path);
  unlink(temporary.c_str());
  const int directory = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    fsync(directory);
    close(directory);
  }
  return status;
}

}  // namespace

absl::StatusOr<std::string> LoadServerSecret(const std::string& data_dir) {
  const std::string path = FolderOf(data_dir) + "/server.secret";
  for (int attempt = 0; attempt < 2; ++attempt) {
    GW_ASSIGN_OR_RETURN(const std::optional<std::string> secret, ReadSecret(path));
    if (secret) return *secret;
    GW_RETURN_IF_ERROR(MakeFolder(data_dir));
    GW_RETURN_IF_ERROR(WriteSecret(FolderOf(data_dir), path, crypto::RandomBytes(kSecretSize)));
  }
  return Internal(absl::StrFormat("secret file %s vanished", path));
}

std::string KeyRing::FileOf(const std::string& key_id) const {
  return FolderOf(data_dir_) + "/" + key_id + ".key";
}

absl::StatusOr<access::SigningKey> KeyRing::Current(db::Database& database, absl::Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (now < good_until_) return key_;
  GW_ASSIGN_OR_RETURN(key_, Choose(database, now));
  good_until_ = now + kLookAgain;
  return key_;
}

absl::StatusOr<access::SigningKey> KeyRing::Choose(db::Database& database, absl::Time now) {
  std::vector<SigningKeyRow> rows;
  GW_RETURN_IF_ERROR(database.Read(absl::InfiniteFuture(), [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(rows, ListSigningKeys(tx, now));
    return absl::OkStatus();
  }));
  // Only keys whose private half is here: another process of this area may have its own.
  std::optional<SigningKeyRow> current, newest;
  std::string seed;
  for (const SigningKeyRow& row : rows) {  // oldest first
    GW_ASSIGN_OR_RETURN(const std::optional<std::string> found, ReadSecret(FileOf(row.id)));
    if (!found) continue;
    newest = row;
    if (row.active > now) continue;
    current = row;
    seed = *found;
  }
  if (!current) return MakeKey(database, now, now);
  if (newest->created + kKeyLife <= now) {
    GW_RETURN_IF_ERROR(MakeKey(database, now, now + kPublishAhead).status());
    const absl::Time retired =
        now + kPublishAhead + kLookAgain + access::kAccessTokenLife + access::kClockSkewMax;
    GW_RETURN_IF_ERROR(
        database.Run([&](db::Transaction& tx) { return RetireSigningKey(tx, current->id, retired); }));
  }
  return access::SigningKey{.id = current->id, .seed = seed};
}

absl::StatusOr<access::SigningKey> KeyRing::MakeKey(db::Database& database, absl::Time now,
                                                    absl::Time active) {
  const crypto::KeyPair pair = crypto::MakeKeyPair();
  const access::SigningKey key{.id = Uuid::Make(now).ToString(), .seed = pair.private_key};
  GW_RETURN_IF_ERROR(MakeFolder(data_dir_));
  GW_RETURN_IF_ERROR(WriteSecret(FolderOf(data_dir_), FileOf(key.id), key.seed));
  const SigningKeyRow row{.id = key.id, .public_key = pair.public_key, .created = now, .active = active};
  GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) { return InsertSigningKey(tx, row); }));
  return key;
}

}  // namespace gridwarden::identity
