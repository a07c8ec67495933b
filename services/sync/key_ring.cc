#include "sync/key_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "domain/merkle/note.h"
#include "platform/crypto/digest.h"

namespace gridwarden::sync {
namespace {

constexpr size_t kKeySize = 32;
constexpr size_t kKeyIdSize = 4;
constexpr size_t kNoteMax = 2048;
constexpr std::string_view kDash = "\xe2\x80\x94 ";  // em dash, space
constexpr std::string_view kJournal = "/journal";
// Notes of unknown keys make nobody read the table more often.
constexpr absl::Duration kLookAgain = absl::Seconds(1);

absl::Status FileError(const std::string& path) {
  return Internal(absl::StrCat("key file ", path, ": ", strerror(errno)));
}

absl::StatusOr<std::optional<std::string>> ReadKey(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return FileError(path);
  }
  struct stat info;
  std::string bytes(kKeySize + 1, '\0');
  const bool stated = fstat(file, &info) == 0;
  const ssize_t size = read(file, bytes.data(), bytes.size());
  close(file);
  if (stated && (info.st_mode & 077) != 0)
    return Internal(absl::StrCat("key file ", path, " can be read by others than its owner; chmod 600 it"));
  if (size != static_cast<ssize_t>(kKeySize)) return Internal(absl::StrCat("key file ", path, " is damaged"));
  bytes.resize(kKeySize);
  return std::optional<std::string>(std::move(bytes));
}

// Writes the whole file or none of it; a file that is there already stays.
absl::Status WriteKey(const std::string& folder, const std::string& path, const std::string& key) {
  std::string temporary = folder + "/new-XXXXXX";
  const int file = mkostemp(temporary.data(), O_CLOEXEC);  // mode 0600
  if (file < 0) return FileError(temporary);
  const bool written =
      write(file, key.data(), key.size()) == static_cast<ssize_t>(key.size()) && fsync(file) == 0;
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

absl::StatusOr<std::string> LoadKey(const std::string& data_dir) {
  if (data_dir.empty()) return crypto::MakeKeyPair().private_key;
  const std::string folder = data_dir + "/sync";
  const std::string path = folder + "/receipts.key";
  for (int attempt = 0; attempt < 2; ++attempt) {
    GW_ASSIGN_OR_RETURN(const std::optional<std::string> key, ReadKey(path));
    if (key) return *key;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return Internal(absl::StrCat("folder ", folder, ": ", error.message()));
    if (chmod(folder.c_str(), 0700) != 0) return FileError(folder);
    GW_RETURN_IF_ERROR(WriteKey(folder, path, crypto::MakeKeyPair().private_key));
  }
  return Internal(absl::StrCat("key file ", path, " vanished"));
}

// "gridwarden.411700/sync" beside the log "gridwarden.411700/journal".
absl::StatusOr<std::string> ReadName(db::Transaction& tx) {
  constexpr std::string_view kSql = "SELECT origin FROM journal_head WHERE log_id = 1";
  GW_ASSIGN_OR_RETURN(std::optional<std::string> origin,
                      tx.QueryOne(kSql, [](const db::Row& row) { return row.Text(0); }));
  std::string name = std::move(origin).value_or("gridwarden");
  if (name.ends_with(kJournal)) name.resize(name.size() - kJournal.size());
  return name + "/sync";
}

}  // namespace

absl::Status KeyRing::ReadPublicKeys(db::Database& database) {
  constexpr std::string_view kSql = "SELECT name, public_key FROM sync_key";
  return database.Read(absl::InfiniteFuture(), [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto rows, tx.Query(kSql, [](const db::Row& row) {
      return domain::merkle::Verifier{row.Text(0), row.Text(1)};
    }));
    for (const domain::merkle::Verifier& row : rows)
      public_keys_[domain::merkle::KeyId(crypto::Sha256, row)] = row.public_key;
    return absl::OkStatus();
  });
}

absl::Status KeyRing::Load(db::Database& database, absl::Time now) {
  constexpr std::string_view kInsert =
      "INSERT IGNORE INTO sync_key (public_key, name, created_us) VALUES (?, ?, ?)";
  if (!private_key_.empty()) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(std::string key, LoadKey(data_dir_));
  const std::string public_key = crypto::PublicKeyOf(key);
  std::string name;
  GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(name, ReadName(tx));
    return tx.Exec(kInsert, public_key, name, now).status();
  }));
  name_ = std::move(name);
  public_keys_[domain::merkle::KeyId(crypto::Sha256, {name_, public_key})] = public_key;
  private_key_ = std::move(key);
  return absl::OkStatus();
}

absl::StatusOr<std::string> KeyRing::Sign(db::Database& database, absl::Time now, std::string_view lines) {
  std::string name, key;
  {
    const std::lock_guard lock(mutex_);
    GW_RETURN_IF_ERROR(Load(database, now));
    name = name_;
    key = private_key_;
  }
  const std::string id = domain::merkle::KeyId(crypto::Sha256, {name, crypto::PublicKeyOf(key)});
  return absl::StrCat(std::string(lines), "\n", std::string(kDash), name, " ",
                      absl::Base64Escape(id + crypto::Sign(key, lines)), "\n");
}

absl::StatusOr<std::optional<std::string>> KeyRing::Open(db::Database& database, std::string_view note) {
  if (note.size() > kNoteMax || note.empty() || note.back() != '\n') return std::nullopt;
  const size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos) return std::nullopt;
  const std::string_view lines = note.substr(0, gap + 1);
  std::string_view signature = note.substr(gap + 2);
  signature.remove_suffix(1);
  const size_t space = signature.rfind(' ');
  if (!signature.starts_with(kDash) || space == std::string_view::npos) return std::nullopt;
  std::string bytes;
  if (!absl::Base64Unescape(std::string(signature.substr(space + 1)), &bytes) || bytes.size() <= kKeyIdSize)
    return std::nullopt;
  const std::string id = bytes.substr(0, kKeyIdSize);
  std::string public_key;
  {
    const std::lock_guard lock(mutex_);
    if (!public_keys_.contains(id) && absl::Now() >= asked_ + kLookAgain) {
      asked_ = absl::Now();
      GW_RETURN_IF_ERROR(ReadPublicKeys(database));
    }
    const auto known = public_keys_.find(id);
    if (known == public_keys_.end()) return std::nullopt;
    public_key = known->second;
  }
  if (!crypto::Verify(public_key, lines, bytes.substr(kKeyIdSize))) return std::nullopt;
  return std::string(lines);
}

absl::StatusOr<std::string> KeyRing::VerifierKey(db::Database& database, absl::Time now) {
  const std::lock_guard lock(mutex_);
  GW_RETURN_IF_ERROR(Load(database, now));
  return domain::merkle::VerifierKey(crypto::Sha256, {name_, crypto::PublicKeyOf(private_key_)});
}

}  // namespace gridwarden::sync
