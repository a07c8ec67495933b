#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gateway/qr_code.h"
#include "identity/bootstrap.h"
#include "identity/identity.h"
#include "journal/successor.h"
#include "media/thumbnail_program.h"
#include "platform/db/database.h"
#include "platform/runtime/stop_signal.h"
#include "server/backup/backup.h"
#include "server/backup/keys.h"
#include "server/backup/restore.h"
#include "server/certificates.h"
#include "server/flags.h"
#include "server/migrate.h"
#include "server/network.h"
#include "server/photo_store.h"
#include "server/serve.h"
#include "server/version.h"
#include "server/webhook_flags.h"

// One binary: what a process is, its flags say.
namespace gridwarden::server {
namespace {

constexpr int kOk = 0;
constexpr int kRefused = 1;
constexpr int kUsage = 2;

constexpr Flag kBootstrapFlags[] = {
    {"--login", "NAME", "admin", "login name of the first administrator"},
};

constexpr Flag kSuccessorFlags[] = {
    {"--data-dir", "PATH", ".run/data", "where the journal's signer keeps its key and its memory"},
    {"--officer", "LOGIN", "", "who decided it; twice, two different people"},
    {"--reason", "TEXT", "", "why the lost entries cannot be found"},
};

constexpr Flag kQrFlags[] = {
    {"--text", "TEXT", "", "what the code says: an address"},
};

struct Command {
  std::string_view name;
  std::string_view words;
  std::vector<std::span<const Flag>> flags;
  absl::Status (*run)(const Flags& flags);
};

absl::Status RunServe(const Flags& flags) {
  const StopSignal stop;  // before any thread
  GW_ASSIGN_OR_RETURN(const ServeOptions options, ReadServeFlags(flags));
  return Serve(options, stop);
}

absl::Status RunBootstrap(const Flags& flags) {
  GW_ASSIGN_OR_RETURN(db::Options options, ReadDatabaseFlags(flags));
  options.pool_size = 1;
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Database> database, db::Database::Open(options));
  GW_ASSIGN_OR_RETURN(const identity::FirstAdministrator first,
                      identity::BootstrapAdministrator(*database, flags.Text("--login"), absl::Now()));
  std::printf("login: %s\npassword: %s\n", first.login.c_str(), first.password.c_str());
  return absl::OkStatus();
}

absl::Status RunSuccessor(const Flags& flags) {
  GW_ASSIGN_OR_RETURN(db::Options options, ReadDatabaseFlags(flags));
  options.pool_size = 1;
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Database> database, db::Database::Open(options));
  std::vector<std::string> officers;
  for (const std::string& login : flags.All("--officer")) officers.push_back(identity::NormaliseLogin(login));
  GW_ASSIGN_OR_RETURN(const journal::Successor next,
                      journal::OpenSuccessor(*database,
                                             {.folder = flags.Text("--data-dir") + "/journal",
                                              .reason = flags.Text("--reason"),
                                              .officers = officers},
                                             absl::Now()));
  std::printf("%s has ended; %s goes on with its first %llu entries\n", next.former_origin.c_str(),
              next.origin.c_str(), static_cast<unsigned long long>(next.size));
  if (next.altered) std::printf("they are not what was signed; the first new entry says so\n");
  if (next.lost_until > next.lost_from) {
    std::printf("lost: entries %llu to %llu; the first new entry says so\n",
                static_cast<unsigned long long>(next.lost_from),
                static_cast<unsigned long long>(next.lost_until - 1));
  }
  std::printf("verifier key, for everybody who checks: %s\n", next.verifier_key.c_str());
  return absl::OkStatus();
}

absl::Status RunQr(const Flags& flags) {
  GW_ASSIGN_OR_RETURN(const std::string lines, gateway::QrLines(flags.Text("--text")));
  std::fputs(lines.c_str(), stdout);
  return absl::OkStatus();
}

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {"serve",
       "serves areas, the gateway, or all",
       {ServeFlags(), NetworkFlags(), EdgeFlags(), PhotoStoreFlags(), WebhookFlags(), DatabaseFlags()},
       RunServe},
      {"migrate",
       "brings schema and policy up to this release",
       {MigrateFlags(), DatabaseFlags()},
       RunMigrate},
      {"backup", "makes a backup while the server goes on", {BackupFlags(), DatabaseFlags()}, RunBackup},
      {"verify-backup", "checks every file of a backup", {VerifyBackupFlags()}, RunVerifyBackup},
      {"restore",
       "restores a backup into an empty database and proves it",
       {RestoreFlags(), DatabaseFlags()},
       RunRestore},
      {"backup-keys",
       "seals the keys, which are in no backup, by a passphrase",
       {BackupKeysFlags()},
       RunBackupKeys},
      {"restore-keys", "puts sealed keys into a data folder", {RestoreKeysFlags()}, RunRestoreKeys},
      {"open-successor-log",
       "goes on under a new name after signed entries were lost for good",
       {kSuccessorFlags, DatabaseFlags()},
       RunSuccessor},
      {"bootstrap-admin",
       "creates the first administrator and prints the password, once",
       {kBootstrapFlags, DatabaseFlags()},
       RunBootstrap},
      {"copy-media",
       "copies photos between the data folder and a bucket, checking each; safe to repeat",
       {CopyMediaFlags(), PhotoStoreFlags(), DatabaseFlags()},
       RunCopyMedia},
      {"certificates",
       "makes and renews the certificates of an installation's own",
       {CertificateFlags()},
       RunCertificates},
      {"qr", "draws an address as a QR code for a phone's camera", {kQrFlags}, RunQr},
  };
  return commands;
}

int Usage(FILE* out, int code) {
  std::fprintf(out, "%s\nusage: gridwarden COMMAND [flags]\n\n", kVersion);
  for (const Command& command : Commands()) {
    std::fprintf(out, "  %-18s %s\n", std::string(command.name).c_str(), std::string(command.words).c_str());
  }
  std::fprintf(out, "\ngridwarden COMMAND --help lists its flags with their defaults.\n");
  return code;
}

int Run(const Command& command, const std::vector<std::string>& arguments) {
  std::vector<Flag> known;
  for (const std::span<const Flag> group : command.flags)
    known.insert(known.end(), group.begin(), group.end());
  for (const std::string& argument : arguments) {
    if (argument != "--help") continue;
    std::printf("gridwarden %s: %s\n\n%s", std::string(command.name).c_str(),
                std::string(command.words).c_str(), HelpOf(known).c_str());
    return kOk;
  }
  const absl::StatusOr<Flags> flags = Flags::Parse(known, arguments);
  const absl::Status status = flags.ok() ? command.run(*flags) : flags.status();
  if (status.ok()) return kOk;
  std::fprintf(stderr, "gridwarden %s: %s\n", std::string(command.name).c_str(),
               std::string(status.message()).c_str());
  return status.code() == absl::StatusCode::kInvalidArgument ? kUsage : kRefused;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return Usage(stderr, kUsage);
  if (arguments[0] == "--help" || arguments[0] == "help") return Usage(stdout, kOk);
  if (arguments[0] == "--version") {
    std::printf("%s\n", kVersion);
    return kOk;
  }
  // Not for people: it does one thing for the server, which starts it.
  if (arguments[0] == media::kThumbnailCommand) return media::RunThumbnailProgram();
  for (const Command& command : Commands()) {
    if (command.name == arguments[0]) return Run(command, {arguments.begin() + 1, arguments.end()});
  }
  std::fprintf(stderr, "gridwarden: no command %s\n", arguments[0].c_str());
  return Usage(stderr, kUsage);
}

}  // namespace
}  // namespace gridwarden::server

int main(int argc, char** argv) {
  const int code = gridwarden::server::Main({argv + 1, argv + argc});
  std::fflush(nullptr);
  // At once: gRPC's own threads may still be closing connections, and what OpenSSL cleans up at an ordinary
  // exit they would miss.
  std::_Exit(code);
}
