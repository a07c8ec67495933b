#include "server/backup/keys.h"

#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "platform/crypto/sealed.h"
#include "server/backup/backup_files.h"
#include "server/password_file.h"

namespace gridwarden::server {
namespace {

namespace fs = std::filesystem;

constexpr Flag kBackupKeysFlags[] = {
    {"--into", "FILE", "", "the sealed file; not where the backups are"},
    {"--data-dir", "PATH", ".run/data", "the data folder of the installation"},
    {"--passphrase-file", "PATH", "", "file whose first line is the passphrase, 16 characters or more"},
};
constexpr Flag kRestoreKeysFlags[] = {
    {"--from", "FILE", "", "the sealed file"},
    {"--data-dir", "PATH", ".run/data", "the data folder the keys belong into"},
    {"--passphrase-file", "PATH", "", "file whose first line is the passphrase"},
};
// Files and folders of the data folder that hold keys. journal/signer.note is no key and newer in a backup.
constexpr const char* kKeys[] = {"hop.secret", "journal/signer.key", "identity"};

using KeyFiles = std::map<std::string, std::string>;  // bytes by path in the data folder

absl::StatusOr<KeyFiles> ReadKeys(const std::string& data_dir) {
  KeyFiles keys;
  for (const std::string name : kKeys) {
    const fs::path path = fs::path(data_dir) / name;
    if (fs::is_directory(path)) {
      for (const auto& entry : fs::directory_iterator(path)) {
        if (!entry.is_regular_file()) continue;
        GW_ASSIGN_OR_RETURN(keys[absl::StrCat(name, "/", entry.path().filename().string())],
                            ReadWhole(entry.path().string()));
      }
    } else if (fs::exists(path)) {
      GW_ASSIGN_OR_RETURN(keys[name], ReadWhole(path.string()));
    }
  }
  if (!keys.contains("journal/signer.key"))
    return absl::FailedPreconditionError(
        absl::StrCat(data_dir, "/journal/signer.key is missing: is this the data folder?"));
  return keys;
}

absl::StatusOr<std::string> Passphrase(const Flags& flags) {
  if (flags.Text("--passphrase-file").empty()) return InvalidField("--passphrase-file", "want a file");
  return ReadPassword(flags.Text("--passphrase-file"));
}

// Every path is one of ours: a sealed file that somebody made must not lead us elsewhere.
bool IsKeyPath(const std::string& path) {
  for (const std::string name : kKeys) {
    if (path == name) return true;
    if (path.starts_with(name + "/") && path.find('/', name.size() + 1) == path.npos &&
        path.substr(name.size() + 1) != "..")
      return true;
  }
  return false;
}

}  // namespace

std::span<const Flag> BackupKeysFlags() { return kBackupKeysFlags; }
std::span<const Flag> RestoreKeysFlags() { return kRestoreKeysFlags; }

absl::Status RunBackupKeys(const Flags& flags) {
  if (flags.Text("--into").empty()) return InvalidField("--into", "want a file");
  GW_ASSIGN_OR_RETURN(const std::string passphrase, Passphrase(flags));
  GW_ASSIGN_OR_RETURN(const KeyFiles keys, ReadKeys(flags.Text("--data-dir")));
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [path, bytes] : keys) json[path] = absl::Base64Escape(bytes);
  GW_ASSIGN_OR_RETURN(const std::string sealed, crypto::SealByPassphrase(passphrase, json.dump()));
  GW_RETURN_IF_ERROR(WriteWhole(flags.Text("--into"), sealed));
  std::printf(
      "%zu keys sealed in %s; keep it and its passphrase apart from each other and from the backups\n",
      keys.size(), flags.Text("--into").c_str());
  return absl::OkStatus();
}

absl::Status RunRestoreKeys(const Flags& flags) {
  if (flags.Text("--from").empty()) return InvalidField("--from", "want a file");
  GW_ASSIGN_OR_RETURN(const std::string passphrase, Passphrase(flags));
  GW_ASSIGN_OR_RETURN(const std::string sealed, ReadWhole(flags.Text("--from")));
  GW_ASSIGN_OR_RETURN(const std::string text, crypto::OpenByPassphrase(passphrase, sealed));
  KeyFiles keys;
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return absl::DataLossError("the sealed file holds no keys");
  for (const auto& [path, value] : json.items()) {
    if (!IsKeyPath(path) || !value.is_string() ||
        !absl::Base64Unescape(value.get<std::string>(), &keys[path]))
      return absl::DataLossError(absl::StrCat("the sealed file holds no key: ", path));
  }
  const std::string data_dir = flags.Text("--data-dir");
  for (const auto& [path, bytes] : keys) {
    const std::string there = absl::StrCat(data_dir, "/", path);
    if (!fs::exists(there)) continue;
    GW_ASSIGN_OR_RETURN(const std::string now, ReadWhole(there));
    if (now != bytes)
      return absl::FailedPreconditionError(
          absl::StrCat(there, " is another key: this data folder is of another installation"));
  }
  for (const auto& [path, bytes] : keys) {
    const fs::path there = fs::path(data_dir) / path;
    std::error_code error;
    fs::create_directories(there.parent_path(), error);
    chmod(there.parent_path().c_str(), 0700);
    GW_RETURN_IF_ERROR(WriteWhole(there.string(), bytes));
  }
  std::printf("%zu keys put into %s\n", keys.size(), data_dir.c_str());
  return absl::OkStatus();
}

}  // namespace gridwarden::server
