#include "server/backup/restore.h"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "domain/merkle/note.h"
#include "journal/recompute.h"
#include "platform/crypto/digest.h"
#include "platform/db/database.h"
#include "platform/runtime/program.h"
#include "server/backup/backup_files.h"
#include "server/backup/client_options.h"
#include "server/serve.h"

namespace gridwarden::server {
namespace {

namespace fs = std::filesystem;
namespace merkle = domain::merkle;

constexpr Flag kRestoreFlags[] = {
    {"--from", "FOLDER", "", "a backup, or the folder of all: then the newest"},
    {"--data-dir", "PATH", ".run/data",
     "where photos and the signer's memory go; keys are put there by you, before or after"},
    {"--checkpoint", "FILE", "",
     "a newer signed checkpoint you hold (gridctl journal checkpoint, a phone, paper): says which entries "
     "are lost"},
    {"--without-log", "", "false",
     "only the dump, not what was fetched since: when that was cut off or altered"},
    {"--key", "VERIFIER_KEY", "", "the log's key as you know it; none: the one the backup names"},
};

constexpr std::string_view kCountTables =
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()";
constexpr std::string_view kNewestNote =
    "SELECT note FROM journal_checkpoint WHERE log_id = 1 ORDER BY size DESC LIMIT 1";
constexpr size_t kPartSize = 1 << 20;

absl::Status Failed(const std::string& what) { return absl::FailedPreconditionError(what); }

absl::StatusOr<std::unique_ptr<db::Database>> OpenEmpty(db::Options options) {
  const std::string name = std::exchange(options.database, "");
  {
    GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Database> server, db::Database::Open(options));
    // The name was checked to be letters, digits and _ only; a statement cannot bind it.
    GW_RETURN_IF_ERROR(server->Run([&](db::Transaction& tx) {
      return tx
          .ExecValues(absl::StrCat("CREATE DATABASE IF NOT EXISTS `", name, "` CHARACTER SET utf8mb4"), {})
          .status();
    }));
  }
  options.database = name;
  GW_ASSIGN_OR_RETURN(std::unique_ptr<db::Database> database, db::Database::Open(options));
  int64_t tables = 0;
  GW_RETURN_IF_ERROR(database->Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto count,
                        tx.QueryOne(kCountTables, [](const db::Row& row) { return row.Int(0); }));
    tables = count.value_or(0);
    return absl::OkStatus();
  }));
  if (tables > 0)
    return Failed(absl::StrCat("the database ", name, " has ", tables,
                               " tables; a backup is restored into an empty one"));
  return database;
}

absl::Status LoadDump(const ClientOptions& client, const std::string& database, const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return Failed(absl::StrCat("cannot read ", path));
  Program load;
  absl::Status status = load.Start(
      client.Command("mariadb", {"--default-character-set=utf8mb4", "--max-allowed-packet=64M", database}));
  std::string part(kPartSize, '\0');
  while (status.ok()) {
    const int got = gzread(file, part.data(), static_cast<unsigned>(part.size()));
    if (got < 0) status = absl::DataLossError(absl::StrCat(path, " is damaged"));
    if (got <= 0) break;
    status = load.Write(std::string_view(part.data(), static_cast<size_t>(got)));
  }
  gzclose(file);
  GW_RETURN_IF_ERROR(status);
  return load.Finish();
}

// What the server did since the dump, again.
absl::Status ReplayLog(const ClientOptions& client, const std::string& database, const std::string& backup,
                       const LogPosition& start, const FetchedLog& log) {
  std::vector<std::string> read = {"mariadb-binlog", "--no-defaults", "--database=" + database,
                                   absl::StrCat("--start-position=", start.position)};
  for (const BackedUpFile& file : log.files) read.push_back(backup + "/" + file.name);
  Program reader;
  Program writer;
  GW_RETURN_IF_ERROR(reader.Start(read));
  GW_RETURN_IF_ERROR(
      writer.Start(client.Command("mariadb", {"--binary-mode", "--max-allowed-packet=64M", database})));
  while (true) {
    GW_ASSIGN_OR_RETURN(const std::string part, reader.Read());
    if (part.empty()) break;
    GW_RETURN_IF_ERROR(writer.Write(part));
  }
  GW_RETURN_IF_ERROR(reader.Finish());
  return writer.Finish();
}

absl::Status CompareRows(db::Database& database, const Manifest& manifest) {
  std::vector<std::string> wrong;
  for (const auto& [table, want] : manifest.rows) {
    const bool plain = std::all_of(table.begin(), table.end(),
                                   [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (!plain) return absl::DataLossError(absl::StrCat("the manifest names no table: ", table));
    int64_t got = -1;
    const absl::Status counted = database.Run([&](db::Transaction& tx) -> absl::Status {
      GW_RETURN_IF_ERROR(tx.Exec("SET SESSION max_statement_time = 0").status());
      GW_ASSIGN_OR_RETURN(const auto count, tx.QueryOne(absl::StrCat("SELECT COUNT(*) FROM `", table, "`"),
                                                        [](const db::Row& row) { return row.Int(0); }));
      got = count.value_or(-1);
      return absl::OkStatus();
    });
    if (!counted.ok() || got != static_cast<int64_t>(want))
      wrong.push_back(absl::StrCat(table, " has ", got, " rows, want ", want));
  }
  return wrong.empty() ? absl::OkStatus() : absl::DataLossError(absl::StrJoin(wrong, "; "));
}

absl::StatusOr<size_t> CopyPhotosBack(const std::string& backup, const std::optional<FetchedLog>& log,
                                      const std::string& data_dir) {
  const std::string store = fs::path(backup).parent_path().string() + "/photos";
  GW_ASSIGN_OR_RETURN(const std::vector<ListedPhoto> photos, ReadPhotoList(backup, log));
  for (const ListedPhoto& photo : photos) {
    const std::string to = PhotoPath(data_dir + "/media", photo.sha256);
    std::error_code error;
    if (fs::file_size(to, error) == photo.size && !error) continue;
    fs::create_directories(fs::path(to).parent_path(), error);
    GW_ASSIGN_OR_RETURN(const std::string bytes, ReadWhole(PhotoPath(store, photo.sha256)));
    GW_RETURN_IF_ERROR(WriteWhole(to, bytes));
  }
  return photos.size();
}

// A signed checkpoint and where it came from.
struct Held {
  std::string whence;
  std::string note;
  merkle::Checkpoint checkpoint;
};

absl::Status Hold(const std::string& whence, const std::string& note,
                  const std::optional<merkle::Verifier>& key, std::vector<Held>& held) {
  if (note.empty()) return absl::OkStatus();
  if (!key) return Failed("checkpoints cannot be proven: give the log's verifier key with --key");
  absl::StatusOr<merkle::Checkpoint> opened = merkle::OpenNote(&crypto::Sha256, note, *key, &crypto::Verify);
  if (!opened.ok())
    return absl::DataLossError(absl::StrCat("the checkpoint of ", whence, " is not signed by the log's key"));
  held.push_back({whence, note, *std::move(opened)});
  return absl::OkStatus();
}

absl::StatusOr<std::string> NewestNote(db::Database& database) {
  std::string note;
  GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto found,
                        tx.QueryOne(kNewestNote, [](const db::Row& row) { return row.Text(0); }));
    note = found.value_or("");
    return absl::OkStatus();
  }));
  return note;
}

// Every checkpoint at hand, proven by signature.
absl::StatusOr<std::vector<Held>> Checkpoints(const Flags& flags, const Manifest& manifest,
                                              db::Database& database) {
  std::optional<merkle::Verifier> key;
  const std::string key_text = flags.Text("--key").empty() ? manifest.verifier_key : flags.Text("--key");
  if (!key_text.empty()) {
    GW_ASSIGN_OR_RETURN(key, merkle::ParseVerifierKey(&crypto::Sha256, key_text));
  }
  std::vector<Held> held;
  GW_RETURN_IF_ERROR(Hold("the backup", manifest.checkpoint_note, key, held));
  GW_ASSIGN_OR_RETURN(const std::string newest, NewestNote(database));
  GW_RETURN_IF_ERROR(Hold("the restored database", newest, key, held));
  const std::string memory = flags.Text("--data-dir") + "/journal/signer.note";
  if (fs::exists(memory)) {
    GW_ASSIGN_OR_RETURN(const std::string note, ReadWhole(memory));
    GW_RETURN_IF_ERROR(Hold("the signer's memory", note, key, held));
  }
  if (const std::string path = flags.Text("--checkpoint"); !path.empty()) {
    GW_ASSIGN_OR_RETURN(const std::string note, ReadWhole(path));
    GW_RETURN_IF_ERROR(Hold(path, note, key, held));
  }
  return held;
}

// The signer must not forget the newest that was ever signed, or it would cover a loss up
// (guarantees.md 4.6).
absl::Status KeepMemory(const std::string& data_dir, const std::vector<Held>& held) {
  if (held.empty()) return absl::OkStatus();
  const Held& newest = *std::max_element(held.begin(), held.end(), [](const Held& a, const Held& b) {
    return a.checkpoint.size < b.checkpoint.size;
  });
  std::error_code error;
  fs::create_directories(data_dir + "/journal", error);
  chmod((data_dir + "/journal").c_str(), 0700);
  return WriteWhole(data_dir + "/journal/signer.note", newest.note);
}

absl::Status ProveJournal(db::Database& database, const std::vector<Held>& held) {
  std::vector<uint64_t> sizes;
  for (const Held& one : held) sizes.push_back(one.checkpoint.size);
  GW_ASSIGN_OR_RETURN(const journal::Recomputed log, journal::Recompute(database, sizes));
  std::printf("journal: %llu entries of %s recomputed\n", static_cast<unsigned long long>(log.size),
              log.origin.c_str());
  std::vector<std::string> wrong;
  for (const Held& one : held) {
    const merkle::Checkpoint& checkpoint = one.checkpoint;
    if (checkpoint.origin != log.origin) {
      wrong.push_back(
          absl::StrCat("the checkpoint of ", one.whence, " is of another log, ", checkpoint.origin));
    } else if (checkpoint.size > log.size) {
      wrong.push_back(absl::StrCat("entries ", log.size, " to ", checkpoint.size - 1, " (",
                                   checkpoint.size - log.size, ") were signed, as ", one.whence,
                                   " shows, and are lost"));
    } else if (log.roots.at(checkpoint.size) != checkpoint.root) {
      wrong.push_back(absl::StrCat("the first ", checkpoint.size, " entries are not what was signed, as ",
                                   one.whence, " shows"));
    } else {
      std::printf("journal: the first %llu entries are what was signed, as %s shows\n",
                  static_cast<unsigned long long>(checkpoint.size), one.whence.c_str());
    }
  }
  if (wrong.empty()) return absl::OkStatus();
  return Failed(absl::StrCat(absl::StrJoin(wrong, "; "),
                             ". The signer will not sign this log. Look for the rest first (a newer backup, "
                             "the binary log, a replica); when "
                             "it is lost for good: gridwarden open-successor-log"));
}

}  // namespace

std::span<const Flag> RestoreFlags() { return kRestoreFlags; }

absl::Status RunRestore(const Flags& flags) {
  std::string backup = flags.Text("--from");
  if (backup.empty()) return InvalidField("--from", "want a backup, or the folder of all");
  if (!fs::exists(backup + "/manifest.json")) backup = NewestBackup(backup);
  if (backup.empty()) return Failed(absl::StrCat("no backup in ", flags.Text("--from")));
  GW_ASSIGN_OR_RETURN(db::Options options, ReadDatabaseFlags(flags));
  options.pool_size = 2;
  GW_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(backup));
  std::optional<FetchedLog> log;
  if (!flags.IsOn("--without-log")) {
    GW_ASSIGN_OR_RETURN(log, ReadFetchedLog(backup));
  }
  GW_RETURN_IF_ERROR(VerifyFiles(backup, manifest, log));
  std::printf("%s: every file is what was backed up\n", backup.c_str());
  if (options.database != manifest.database)
    return InvalidField("--db-name",
                        absl::StrCat("got ", options.database, ", the backup is of ", manifest.database));
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Database> database, OpenEmpty(options));
  GW_ASSIGN_OR_RETURN(const ClientOptions client, ClientOptions::Write(options));
  GW_RETURN_IF_ERROR(LoadDump(client, options.database, backup + "/database.sql.gz"));
  GW_RETURN_IF_ERROR(CompareRows(*database, manifest));
  std::printf("database: %zu tables, every row there\n", manifest.rows.size());
  if (log && manifest.log_start) {
    GW_RETURN_IF_ERROR(ReplayLog(client, options.database, backup, *manifest.log_start, *log));
    std::printf("binary log: replayed up to %s\n", absl::FormatTime(log->made).c_str());
  }
  const std::string data_dir = flags.Text("--data-dir");
  if (manifest.photos) {
    GW_ASSIGN_OR_RETURN(const size_t photos, CopyPhotosBack(backup, log, data_dir));
    std::printf("photos: %zu\n", photos);
  } else {
    std::printf("photos: kept elsewhere, not in this backup\n");
  }
  GW_ASSIGN_OR_RETURN(const std::vector<Held> held, Checkpoints(flags, manifest, *database));
  GW_RETURN_IF_ERROR(KeepMemory(data_dir, held));
  GW_RETURN_IF_ERROR(ProveJournal(*database, held));
  std::printf(
      "restored. Next: gridwarden restore-keys into %s, gridwarden migrate --accounts-dir, start the "
      "servers\n",
      data_dir.c_str());
  return absl::OkStatus();
}

}  // namespace gridwarden::server
