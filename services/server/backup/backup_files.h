#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

// What a backup is on disk:
//   FOLDER/20261122T113000Z/manifest.json    what is in it, with the SHA-256 of every file
//                          /database.sql.gz  a consistent dump
//                          /photos.list      SHA-256 and size of every photo
//                          /signer.note      the last checkpoint that was signed before the dump
//                          /log, log.json    the server's binary log since the dump, and the photos since
//   FOLDER/photos/ab/cd/<SHA-256>            the photos of all backups, each once
// No key lies beside the data.
namespace gridwarden::server {

struct BackedUpFile {
  std::string name;
  uint64_t size = 0;
  std::string sha256;  // hex
};

struct LogPosition {
  std::string file;
  uint64_t position = 0;
};

struct Manifest {
  absl::Time made;
  std::string program;
  std::string database;
  std::string verifier_key;              // of the log; "" when it was not at hand
  std::string checkpoint_note;           // "" when nothing was sealed yet
  std::map<std::string, uint64_t> rows;  // by table, counted in the dump
  std::optional<LogPosition> log_start;  // where the binary log stood; none: the server keeps none
  bool photos = true;                    // false: they are kept elsewhere
  uint64_t photo_count = 0;
  std::vector<std::string> damaged_photos;  // were damaged in the store already
  std::vector<BackedUpFile> files;
};

// The binary log that was fetched after the dump.
struct FetchedLog {
  absl::Time made;
  std::vector<BackedUpFile> files;     // in their order
  std::optional<BackedUpFile> photos;  // the list of photos then: all of the backup's and those since
};

absl::StatusOr<std::string> ReadWhole(const std::string& path);
// Written aside, synced and renamed: whole or not at all.
absl::Status WriteWhole(const std::string& path, std::string_view bytes);
// A file or folder that another program or a rename made: on disk before anybody is told.
absl::Status Sync(const std::string& path);
// DATA_LOSS when it cannot be read to its end.
absl::StatusOr<BackedUpFile> Describe(const std::string& folder, const std::string& name);

absl::Status WriteManifest(const std::string& backup, const Manifest& manifest);
absl::StatusOr<Manifest> ReadManifest(const std::string& backup);
absl::Status WriteFetchedLog(const std::string& backup, const FetchedLog& log);
// None when no log was fetched yet.
absl::StatusOr<std::optional<FetchedLog>> ReadFetchedLog(const std::string& backup);

// The newest whole backup of a folder, "" when there is none.
std::string NewestBackup(const std::string& folder);
// When the newest backup, or the log fetched after it, was made: what happened since is in no backup.
std::optional<absl::Time> LastBackedUp(const std::string& folder);

// DATA_LOSS naming every file that is missing, or not what the manifest says. Photos too.
absl::Status VerifyFiles(const std::string& backup, const Manifest& manifest,
                         const std::optional<FetchedLog>& log);

std::string PhotoPath(const std::string& store, const std::string& sha256_hex);
struct ListedPhoto {
  std::string sha256;  // hex
  uint64_t size = 0;
};
// Of the fetched log, or of the backup when no log was fetched.
absl::StatusOr<std::vector<ListedPhoto>> ReadPhotoList(const std::string& backup,
                                                       const std::optional<FetchedLog>& log);

}  // namespace gridwarden::server
