#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "server/modules.h"
#include "server/password_file.h"
#include "server/photo_store.h"
#include "server/serve.h"
#include "server/webhook_flags.h"

namespace gridwarden::server {
namespace {

constexpr Flag kDatabaseFlags[] = {
    {"--db-socket", "PATH", "", "MariaDB's unix socket; or --db-host"},
    {"--db-host", "HOST:PORT", "", "MariaDB over TCP; with TLS unless it is on this machine's loopback"},
    {"--db-ca", "PATH", "",
     "PEM file of the authority that vouches for the database's certificate; with --db-host"},
    {"--db-user", "NAME", "gridwarden", "database account"},
    {"--db-password-file", "PATH", "", "file whose first line is its password; none: without a password"},
    {"--db-name", "NAME", "gridwarden", "database"},
    {"--db-pool", "N", "32", "connections this process may hold, 1 to 200"},
};

constexpr Flag kServeFlags[] = {
    {"--target", "NAMES", "all", "what this process is: all, gateway, or areas by comma (casework,grid)"},
    {"--listen-grpc", "ADDRESS:PORT", "127.0.0.1:0", "gRPC of the areas; none: no gRPC"},
    {"--peer", "AREA=ADDRESS", "",
     "where an area listens (gRPC), for those that are not here; repeat it, or separate by commas"},
    {"--data-dir", "PATH", ".run/data", "photos, keys and secrets of this installation; made when missing"},
    {"--hop-secret-file", "PATH", "DATA-DIR/hop.secret",
     "secret by which our processes know each other; the same for all"},
    {"--demo", "", "false", "demo: honour the demo clock of requests; never for a log that is not demo"},
    {"--log-name", "NAME", "", "name of a new log (a division code); none: a random one"},
    {"--web-dir", "PATH", "",
     "folder of the built web applications (inspector, console, review); none: a page that says what runs "
     "here"},
    {"--web-keep", "PATH", "",
     "that folder of the release before: its assets stay for pages that were opened before; with --web-dir"},
    {"--migrations-dir", "PATH", "db/migrations", "the schema this release needs"},
    {"--grants", "PATH", "MIGRATIONS-DIR/../grants/grants.csv",
     "what each database account needs to be allowed"},
    {"--backup-dir", "PATH", "",
     "where `gridwarden backup` puts backups: its age is watched; none: not watched"},
    {"--disk-reserve-mb", "MB", "1024",
     "free space below which only field work is taken in, on the disks of data and of a local database"},
    {"--ready-file", "PATH", "", "file to write the bound ports to, as JSON, once ready"},
    {"--threads", "N", "32", "threads that rpcs run on, 1 to 256"},
    {"--queue", "N", "256", "calls that may wait before some are turned away, 1 to 100000"},
    {"--drain-wait", "SECONDS", "0", "between saying not ready and stopping to take calls, 0 to 60"},
    {"--log-calls", "", "false", "log every call, not only refused and slow ones"},
};

bool IsLoopback(std::string_view host) { return host == "::1" || host.substr(0, 4) == "127."; }

std::vector<std::string> AllParts(const Flags& flags, std::string_view name) {
  std::vector<std::string> parts;
  for (const std::string& value : flags.All(name)) {
    for (const std::string& part : std::vector<std::string>(absl::StrSplit(value, ',', absl::SkipEmpty()))) {
      parts.push_back(part);
    }
  }
  return parts;
}

// Which areas and whether the gateway.
absl::Status ReadTarget(const std::string& text, ServeOptions& options) {
  std::vector<std::string> names = absl::StrSplit(text, ',', absl::SkipEmpty());
  if (names.empty()) return InvalidField("--target", "want all, gateway or areas");
  if (std::find(names.begin(), names.end(), "all") != names.end()) {
    if (names.size() > 1) return InvalidField("--target", "all stands alone");
    names = {"gateway"};
    for (const Module& module : Modules()) names.emplace_back(module.name);
  }
  for (const std::string& name : names) {
    if (name == "gateway") {
      options.gateway = true;
    } else if (FindModule(name) == nullptr) {
      return InvalidField("--target", absl::StrCat("no such area: ", name));
    }
  }
  for (const Module& module : Modules()) {
    if (std::find(names.begin(), names.end(), module.name) != names.end())
      options.areas.emplace_back(module.name);
  }
  return absl::OkStatus();
}

absl::Status ReadPeers(const Flags& flags, ServeOptions& options) {
  for (const std::string& part : AllParts(flags, "--peer")) {
    const size_t equals = part.find('=');
    const std::string area = part.substr(0, equals);
    if (equals == std::string::npos || FindModule(area) == nullptr) {
      return InvalidField("--peer", absl::StrCat("got ", part, ", want AREA=ADDRESS"));
    }
    // One list may serve all processes: what is here needs no peer.
    const bool here = std::find(options.areas.begin(), options.areas.end(), area) != options.areas.end();
    if (!here) options.peers[area] = part.substr(equals + 1);
  }
  std::vector<std::string> unreachable;
  for (const Module& module : Modules()) {
    const std::string name(module.name);
    const bool here = std::find(options.areas.begin(), options.areas.end(), name) != options.areas.end();
    if (!here && options.peers.count(name) == 0) unreachable.push_back(name);
  }
  if (unreachable.empty()) return absl::OkStatus();
  return InvalidField("--peer", absl::StrCat("want --peer for: ", absl::StrJoin(unreachable, " ")));
}

}  // namespace

std::string GrantsPath(const Flags& flags) {
  return flags.All("--grants").empty() ? absl::StrCat(flags.Text("--migrations-dir"), "/../grants/grants.csv")
                                       : flags.Text("--grants");
}

std::span<const Flag> DatabaseFlags() { return kDatabaseFlags; }
std::span<const Flag> ServeFlags() { return kServeFlags; }

absl::StatusOr<db::Options> ReadDatabaseFlags(const Flags& flags) {
  db::Options options;
  options.unix_socket = flags.Text("--db-socket");
  if (const std::string host = flags.Text("--db-host"); !host.empty()) {
    GW_ASSIGN_OR_RETURN(const HostPort parts, ParseHostPort("--db-host", host));
    options.host = parts.host;
    options.port = parts.port;
    // The driver would take a socket of its own choice instead.
    if (parts.host == "localhost") return InvalidField("--db-host", "got localhost, want 127.0.0.1");
  }
  if (options.unix_socket.empty() == options.host.empty()) {
    return InvalidField("--db-socket", "want either --db-socket or --db-host");
  }
  options.tls_ca = flags.Text("--db-ca");
  if (!options.host.empty() && options.tls_ca.empty() && !IsLoopback(options.host)) {
    return InvalidField("--db-ca", absl::StrCat("want it: ", options.host,
                                                " is another machine, and nothing goes there unencrypted"));
  }
  if (!options.tls_ca.empty() && options.host.empty())
    return InvalidField("--db-ca", "goes with --db-host; a socket needs none");
  options.user = flags.Text("--db-user");
  if (const std::string path = flags.Text("--db-password-file"); !path.empty()) {
    GW_ASSIGN_OR_RETURN(options.password, ReadPassword(path));
  }
  options.database = flags.Text("--db-name");
  const bool plain = !options.database.empty() && options.database.size() <= 60 &&
                     std::all_of(options.database.begin(), options.database.end(),
                                 [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  if (!plain) return InvalidField("--db-name", "want letters, digits and _ only");
  GW_ASSIGN_OR_RETURN(options.pool_size, flags.Number("--db-pool", 1, 200));
  return options;
}

absl::StatusOr<ServeOptions> ReadServeFlags(const Flags& flags) {
  ServeOptions options;
  GW_RETURN_IF_ERROR(ReadTarget(flags.Text("--target"), options));
  GW_RETURN_IF_ERROR(ReadPeers(flags, options));
  if (!options.areas.empty()) {
    GW_ASSIGN_OR_RETURN(options.database, ReadDatabaseFlags(flags));
    options.listen_grpc = flags.Text("--listen-grpc");
  }
  GW_ASSIGN_OR_RETURN(options.network, ReadNetworkFlags(flags, options.areas, options.gateway,
                                                        options.listen_grpc, options.peers));
  if (options.gateway || !flags.All("--listen-http").empty()) {
    GW_ASSIGN_OR_RETURN(options.edge, ReadEdgeFlags(flags, options.gateway));
  }
  options.data_dir = flags.Text("--data-dir");
  GW_ASSIGN_OR_RETURN(options.photos, ReadPhotoStoreFlags(flags));
  GW_ASSIGN_OR_RETURN(options.webhook, ReadWebhookFlags(flags));
  options.hop_secret_file = flags.All("--hop-secret-file").empty()
                                ? absl::StrCat(options.data_dir, "/hop.secret")
                                : flags.Text("--hop-secret-file");
  options.demo = flags.IsOn("--demo");
  options.log_name = flags.Text("--log-name");
  options.web_dir = flags.Text("--web-dir");
  options.web_keep = flags.Text("--web-keep");
  if (options.web_dir.empty() && !options.web_keep.empty())
    return InvalidField("--web-keep", "goes with --web-dir");
  options.migrations_dir = flags.Text("--migrations-dir");
  options.grants = GrantsPath(flags);
  options.vitals.data_dir = options.data_dir;
  options.vitals.backup_dir = flags.Text("--backup-dir");
  GW_ASSIGN_OR_RETURN(const int reserve_mb, flags.Number("--disk-reserve-mb", 0, 100'000'000));
  options.vitals.disk_reserve = static_cast<uint64_t>(reserve_mb) << 20;
  options.ready_file = flags.Text("--ready-file");
  GW_ASSIGN_OR_RETURN(options.threads, flags.Number("--threads", 1, 256));
  GW_ASSIGN_OR_RETURN(options.queue, flags.Number("--queue", 1, 100'000));
  GW_ASSIGN_OR_RETURN(const int drain_wait, flags.Number("--drain-wait", 0, 60));
  options.drain_wait = absl::Seconds(drain_wait);
  options.log_calls = flags.IsOn("--log-calls");
  return options;
}

}  // namespace gridwarden::server
