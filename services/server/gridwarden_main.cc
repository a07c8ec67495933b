#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "identity/bootstrap.h"
#include "platform/db/database.h"
#include "platform/runtime/stop_signal.h"
#include "server/certificates.h"
#include "server/flags.h"
#include "server/migrate.h"
#include "server/photo_store.h"
#include "server/serve.h"
#include "server/version.h"

// One binary: what a process is, its flags say.
namespace gridwarden::server {
namespace {

constexpr int kOk = 0;
constexpr int kRefused = 1;
constexpr int kUsage = 2;

constexpr Flag kBootstrapFlags[] = {
    {"--login", "NAME", "admin", "login name of the first administrator"},
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

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {"serve", "serves areas, the gateway, or all", {ServeFlags(), PhotoStoreFlags(), DatabaseFlags()}, RunServe},
      {"migrate",
       "brings schema and policy up to this release",
       {MigrateFlags(), DatabaseFlags()},
       RunMigrate},
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
  };
  return commands;
}

int Usage(FILE* out, int code) {
  std::fprintf(out, "%s\nusage: gridwarden COMMAND [flags]\n\n", kVersion);
  for (const Command& command : Commands()) {
    std::fprintf(out, "  %-16s %s\n", std::string(command.name).c_str(), std::string(command.words).c_str());
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
  for (const Command& command : Commands()) {
    if (command.name == arguments[0]) return Run(command, {arguments.begin() + 1, arguments.end()});
  }
  std::fprintf(stderr, "gridwarden: no command %s\n", arguments[0].c_str());
  return Usage(stderr, kUsage);
}

}  // namespace
}  // namespace gridwarden::server

int main(int argc, char** argv) { return gridwarden::server::Main({argv + 1, argv + argc}); }
