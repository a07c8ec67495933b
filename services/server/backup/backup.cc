#include "server/backup/backup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "domain/merkle/note.h"
#include "platform/crypto/digest.h"
#include "platform/db/database.h"
#include "platform/runtime/program.h"
#include "server/backup/backup_files.h"
#include "server/backup/client_options.h"
#include "server/backup/dump_reader.h"
#include "server/serve.h"
#include "server/version.h"

namespace gridwarden::server {
namespace {

namespace fs = std::filesystem;
namespace merkle = domain::merkle;

constexpr Flag kBackupFlags[] = {
    {"--into", "FOLDER", "", "where backups are kept; one folder for all of an installation's"},
    {"--data-dir", "PATH", ".run/data", "photos of this installation, and the public half of its log's key"},
    {"--log-only", "", "false", "only fetch the binary log since the newest backup: every few minutes"},
    {"--without-photos", "", "false", "photos are kept elsewhere (an S3 store) and backed up there"},
};
constexpr Flag kVerifyFlags[] = {
    {"--from", "FOLDER", "", "a backup, or the folder of all: then the newest"},
};

constexpr std::string_view kNewestCheckpoint =
    "SELECT note FROM journal_checkpoint WHERE log_id = 1 ORDER BY size DESC LIMIT 1";
constexpr std::string_view kHasBinaryLog = "SELECT @@GLOBAL.log_bin";

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }

absl::Status Failed(const std::string& what) { return absl::FailedPreconditionError(what); }

// The newest signed checkpoint, read before the dump begins: everything it covers is in the dump.
absl::StatusOr<std::string> ReadNote(db::Database& database) {
  std::string note;
  GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto found,
                        tx.QueryOne(kNewestCheckpoint, [](const db::Row& row) { return row.Text(0); }));
    note = found.value_or("");
    return absl::OkStatus();
  }));
  return note;
}

// The log's verifier key, when the signing key is at hand. The key itself stays where it is.
std::string VerifierKeyOf(const std::string& data_dir, const std::string& note) {
  const absl::StatusOr<std::string> text = ReadWhole(data_dir + "/journal/signer.key");
  std::string key;
  if (!text.ok() || !absl::Base64Unescape(*text, &key) || key.size() != 32) return "";
  return merkle::VerifierKey(crypto::Sha256, {note.substr(0, note.find('\n')), crypto::PublicKeyOf(key)});
}

absl::Status WriteDump(const db::Options& options, bool binary_log, const std::string& path,
                       Manifest& manifest) {
  GW_ASSIGN_OR_RETURN(const ClientOptions client, ClientOptions::Write(options));
  std::vector<std::string> arguments = {
      "--single-transaction",    "--skip-lock-tables", "--hex-blob",
      "--no-tablespaces",        "--skip-triggers",    "--default-character-set=utf8mb4",
      "--max-allowed-packet=64M"};
  // With --single-transaction MariaDB tells the position of its snapshot; nothing is locked.
  if (binary_log) arguments.emplace_back("--master-data=2");
  arguments.push_back(options.database);
  Program dump;
  GW_RETURN_IF_ERROR(dump.Start(client.Command("mariadb-dump", arguments)));
  gzFile file = gzopen(path.c_str(), "wb1");
  if (file == nullptr) return Failed(absl::StrCat("cannot write ", path));
  DumpReader reader;
  absl::Status status;
  while (status.ok()) {
    const absl::StatusOr<std::string> part = dump.Read();
    status = part.status();
    if (!status.ok() || part->empty()) break;
    reader.Take(*part);
    if (gzwrite(file, part->data(), static_cast<unsigned>(part->size())) != static_cast<int>(part->size()))
      status = Failed(absl::StrCat(path, " cannot be written; is the disk full?"));
  }
  if (gzclose(file) != Z_OK && status.ok()) status = Failed(absl::StrCat(path, " cannot be written"));
  GW_RETURN_IF_ERROR(status);
  GW_RETURN_IF_ERROR(dump.Finish());
  if (!reader.complete()) return Failed("the dump ended before its end");
  GW_RETURN_IF_ERROR(Sync(path));
  if (binary_log && !reader.log_start()) return Failed("the dump does not say where the binary log stood");
  manifest.rows = reader.rows();
  manifest.log_start = reader.log_start();
  return absl::OkStatus();
}

// Copies one photo unless the store has it. False when it was damaged at its source: kept out, and told.
absl::StatusOr<bool> CopyPhoto(const fs::path& from, const std::string& store, const std::string& digest,
                               uint64_t size) {
  const std::string to = PhotoPath(store, digest);
  std::error_code error;
  if (fs::file_size(to, error) == size && !error) return true;
  GW_ASSIGN_OR_RETURN(const std::string bytes, ReadWhole(from.string()));
  if (Hex(crypto::Sha256(bytes)) != digest) return false;
  fs::create_directories(fs::path(to).parent_path(), error);
  GW_RETURN_IF_ERROR(WriteWhole(to, bytes));
  return true;
}

// What CopyPhotos found.
struct Photos {
  uint64_t count = 0;
  std::vector<std::string> damaged;
};

// Everything that was uploaded, after the rows were read: a photo is on disk before its row is committed, so
// every row has its photo.
absl::StatusOr<Photos> CopyPhotos(const std::string& data_dir, const std::string& store,
                                  const std::string& list_path) {
  Photos found;
  std::vector<ListedPhoto> photos;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(data_dir + "/media", error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!entry->is_regular_file() || name.size() != 64)
      continue;  // an upload that is not done has another name
    const uint64_t size = entry->file_size();
    GW_ASSIGN_OR_RETURN(const bool whole, CopyPhoto(entry->path(), store, name, size));
    if (whole) {
      photos.push_back({name, size});
    } else {
      found.damaged.push_back(name);
    }
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return Failed(absl::StrCat("photos: ", error.message()));
  std::sort(photos.begin(), photos.end(),
            [](const ListedPhoto& a, const ListedPhoto& b) { return a.sha256 < b.sha256; });
  std::string list;
  for (const ListedPhoto& photo : photos) absl::StrAppend(&list, photo.sha256, " ", photo.size, "\n");
  found.count = photos.size();
  GW_RETURN_IF_ERROR(WriteWhole(list_path, list));
  return found;
}

void TellDamaged(const std::vector<std::string>& photos) {
  for (const std::string& photo : photos)
    std::printf("DAMAGED in the store already, not backed up: photo %s\n", photo.c_str());
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Failed(absl::StrCat("cannot make ", path, ": ", error.message()));
  chmod(path.c_str(), 0700);
  return absl::OkStatus();
}

// One backup at a time: a fetch of the log that starts while one is at work would meet its half-written
// files.
class OnlyOne {
 public:
  ~OnlyOne() {
    if (file_ >= 0) close(file_);
  }
  absl::Status Take(const std::string& folder) {
    file_ = open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ >= 0 && flock(file_, LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
    return Failed(absl::StrCat("another backup is at work in ", folder, ", or it cannot be written"));
  }

 private:
  int file_ = -1;
};

absl::Status FullBackup(const Flags& flags, const db::Options& options, db::Database& database,
                        bool binary_log) {
  const std::string into = flags.Text("--into");
  const absl::Time now = absl::Now();
  const std::string name = absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone());
  const std::string done = absl::StrCat(into, "/", name);
  const std::string part = done + ".part";
  if (fs::exists(done)) return Failed(absl::StrCat(done, " is there already"));
  GW_RETURN_IF_ERROR(MakeFolder(part));
  Manifest manifest{.made = now,
                    .program = kVersion,
                    .database = options.database,
                    .photos = !flags.IsOn("--without-photos")};
  GW_ASSIGN_OR_RETURN(manifest.checkpoint_note, ReadNote(database));
  if (!manifest.checkpoint_note.empty()) {
    manifest.verifier_key = VerifierKeyOf(flags.Text("--data-dir"), manifest.checkpoint_note);
    GW_RETURN_IF_ERROR(WriteWhole(part + "/signer.note", manifest.checkpoint_note));
  }
  GW_RETURN_IF_ERROR(WriteDump(options, binary_log, part + "/database.sql.gz", manifest));
  std::vector<std::string> names = {"database.sql.gz"};
  if (!manifest.checkpoint_note.empty()) names.emplace_back("signer.note");
  if (manifest.photos) {
    GW_ASSIGN_OR_RETURN(Photos photos,
                        CopyPhotos(flags.Text("--data-dir"), into + "/photos", part + "/photos.list"));
    manifest.photo_count = photos.count;
    manifest.damaged_photos = std::move(photos.damaged);
    names.emplace_back("photos.list");
  }
  for (const std::string& file : names) {
    GW_ASSIGN_OR_RETURN(BackedUpFile described, Describe(part, file));
    manifest.files.push_back(std::move(described));
  }
  GW_RETURN_IF_ERROR(WriteManifest(part, manifest));
  GW_ASSIGN_OR_RETURN(const BackedUpFile described, Describe(part, "manifest.json"));
  std::error_code error;
  fs::rename(part, done, error);
  if (error) return Failed(absl::StrCat("cannot rename ", part, ": ", error.message()));
  GW_RETURN_IF_ERROR(Sync(into));
  uint64_t rows = 0;
  for (const auto& [table, count] : manifest.rows) rows += count;
  std::printf("backed up: %s, %zu tables, %llu rows, %llu photos\n", done.c_str(), manifest.rows.size(),
              static_cast<unsigned long long>(rows), static_cast<unsigned long long>(manifest.photo_count));
  std::printf("manifest SHA-256: %s  (keep it apart: it vouches for the rest)\n", described.sha256.c_str());
  if (!manifest.log_start)
    std::printf("note: the database keeps no binary log; what happens after this backup is in none\n");
  std::printf("note: keys are not in it; gridwarden backup-keys seals them for a safe of their own\n");
  TellDamaged(manifest.damaged_photos);
  return absl::OkStatus();
}

// Fetches again from the file it came to last time, because that one has grown.
absl::Status LogBackup(const Flags& flags, const db::Options& options) {
  const std::string into = flags.Text("--into");
  const std::string backup = NewestBackup(into);
  if (backup.empty()) return Failed(absl::StrCat("no backup in ", into, " yet; make a full one first"));
  GW_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(backup));
  if (!manifest.log_start) return Failed("the database kept no binary log when the newest backup was made");
  GW_ASSIGN_OR_RETURN(std::optional<FetchedLog> log, ReadFetchedLog(backup));
  if (!log) log.emplace();
  const std::string first =
      log->files.empty() ? manifest.log_start->file : fs::path(log->files.back().name).filename().string();
  const std::string fresh = backup + "/log.new";
  std::error_code error;
  fs::remove_all(fresh, error);
  GW_RETURN_IF_ERROR(MakeFolder(fresh));
  GW_RETURN_IF_ERROR(MakeFolder(backup + "/log"));
  const absl::Time now = absl::Now();
  GW_ASSIGN_OR_RETURN(const ClientOptions client, ClientOptions::Write(options));
  Program fetch;
  GW_RETURN_IF_ERROR(
      fetch.Start(client.Command("mariadb-binlog", {"--read-from-remote-server", "--raw", "--to-last-log",
                                                    "--result-file=" + fresh + "/", first})));
  GW_RETURN_IF_ERROR(fetch.Read().status());
  GW_RETURN_IF_ERROR(fetch.Finish());
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fresh, error))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  if (names.empty() || names[0] != first)
    return Failed(absl::StrCat("the database no longer has its binary log ", first, "; make a full backup"));
  if (!log->files.empty()) log->files.pop_back();
  for (const std::string& name : names) {
    fs::rename(fresh + "/" + name, backup + "/log/" + name, error);
    if (error) return Failed(absl::StrCat("cannot rename ", name, ": ", error.message()));
    GW_RETURN_IF_ERROR(Sync(backup + "/log/" + name));
    GW_ASSIGN_OR_RETURN(BackedUpFile described, Describe(backup, "log/" + name));
    log->files.push_back(std::move(described));
  }
  fs::remove(fresh, error);
  if (manifest.photos) {
    GW_ASSIGN_OR_RETURN(const Photos photos,
                        CopyPhotos(flags.Text("--data-dir"), into + "/photos", backup + "/log/photos.list"));
    TellDamaged(photos.damaged);
    GW_ASSIGN_OR_RETURN(log->photos, Describe(backup, "log/photos.list"));
  }
  log->made = now;
  GW_RETURN_IF_ERROR(WriteFetchedLog(backup, *log));
  std::printf("binary log up to %s: %zu files in %s/log\n", absl::FormatTime(now).c_str(), log->files.size(),
              backup.c_str());
  return absl::OkStatus();
}

}  // namespace

std::span<const Flag> BackupFlags() { return kBackupFlags; }
std::span<const Flag> VerifyBackupFlags() { return kVerifyFlags; }

absl::Status RunBackup(const Flags& flags) {
  if (flags.Text("--into").empty()) return InvalidField("--into", "want the folder of the backups");
  GW_ASSIGN_OR_RETURN(db::Options options, ReadDatabaseFlags(flags));
  options.pool_size = 1;
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Database> database, db::Database::Open(options));
  int64_t binary_log = 0;
  GW_RETURN_IF_ERROR(database->Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto on,
                        tx.QueryOne(kHasBinaryLog, [](const db::Row& row) { return row.Int(0); }));
    binary_log = on.value_or(0);
    return absl::OkStatus();
  }));
  GW_RETURN_IF_ERROR(MakeFolder(flags.Text("--into")));
  OnlyOne only;
  GW_RETURN_IF_ERROR(only.Take(flags.Text("--into")));
  if (!flags.IsOn("--log-only")) return FullBackup(flags, options, *database, binary_log != 0);
  if (binary_log == 0) return Failed("the database keeps no binary log: switch log_bin on");
  return LogBackup(flags, options);
}

absl::Status RunVerifyBackup(const Flags& flags) {
  std::string backup = flags.Text("--from");
  if (backup.empty()) return InvalidField("--from", "want a backup, or the folder of all");
  if (!fs::exists(backup + "/manifest.json")) backup = NewestBackup(backup);
  if (backup.empty()) return Failed(absl::StrCat("no backup in ", flags.Text("--from")));
  GW_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(backup));
  GW_ASSIGN_OR_RETURN(const std::optional<FetchedLog> log, ReadFetchedLog(backup));
  GW_RETURN_IF_ERROR(VerifyFiles(backup, manifest, log));
  std::printf("%s: every file is what was backed up: %zu files, %llu photos, %zu files of the binary log\n",
              backup.c_str(), manifest.files.size(), static_cast<unsigned long long>(manifest.photo_count),
              log ? log->files.size() : 0);
  GW_ASSIGN_OR_RETURN(const BackedUpFile described, Describe(backup, "manifest.json"));
  std::printf("manifest SHA-256: %s\n", described.sha256.c_str());
  return absl::OkStatus();
}

}  // namespace gridwarden::server
