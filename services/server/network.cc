#include "server/network.h"

#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::server {
namespace {

constexpr char kSeveralAreas[] = "all";
constexpr char kGateway[] = "gateway";

constexpr Flag kNetworkFlags[] = {
    {"--tls-dir", "PATH", "",
     "folder of `gridwarden certificates`: processes prove to each other who they are by its "
     "internal/TARGET.{pem,key}; wanted when gRPC leaves this machine"},
    {"--grpc-cert", "PATH", "",
     "this process's certificate (PEM), in place of --tls-dir; read again when it changes"},
    {"--grpc-key", "PATH", "", "its key"},
    {"--grpc-ca", "PATH", "", "the authority of the other processes' certificates"},
    {"--grpc-reflection", "", "false", "tell any caller which rpcs there are; a demo does"},
};

// "127.0.0.1:7001", "localhost:7001", "[::1]:7001", "unix:/path".
bool StaysOnThisMachine(const std::string& address) {
  for (const char* local : {"unix:", "127.", "localhost:", "[::1]:", "ipv4:127.", "ipv6:[::1]:"}) {
    if (absl::StartsWith(address, local)) return true;
  }
  return false;
}

// What one process with these duties is called.
std::string TargetOf(const std::vector<std::string>& areas, bool gateway) {
  if (areas.empty() && gateway) return kGateway;
  return areas.size() == 1 && !gateway ? areas[0] : kSeveralAreas;
}

absl::StatusOr<std::optional<rpc::CertificateFiles>> ReadFiles(const Flags& flags,
                                                               const std::string& target) {
  const std::string folder = flags.Text("--tls-dir");
  constexpr std::array<const char*, 3> kNames = {"--grpc-cert", "--grpc-key", "--grpc-ca"};
  size_t given = 0;
  for (const char* name : kNames) given += flags.Text(name).empty() ? 0 : 1;
  if (given > 0 && !folder.empty())
    return InvalidField("--tls-dir", "want it or --grpc-cert, --grpc-key and --grpc-ca");
  for (const char* name : kNames) {
    if (given > 0 && flags.Text(name).empty()) return InvalidField(name, "want all three or none");
  }
  if (given > 0) {
    return rpc::CertificateFiles{.certificate = flags.Text(kNames[0]),
                                 .key = flags.Text(kNames[1]),
                                 .authority = flags.Text(kNames[2])};
  }
  if (folder.empty()) return std::nullopt;
  const std::string stem = absl::StrCat(folder, "/internal/", target);
  return rpc::CertificateFiles{
      .certificate = stem + ".pem", .key = stem + ".key", .authority = folder + "/internal/authority.pem"};
}

}  // namespace

std::span<const Flag> NetworkFlags() { return kNetworkFlags; }

absl::StatusOr<NetworkOptions> ReadNetworkFlags(const Flags& flags, const std::vector<std::string>& areas,
                                                bool gateway, const std::string& listen_grpc,
                                                const std::map<std::string, std::string>& peers) {
  NetworkOptions options{.target = TargetOf(areas, gateway)};
  GW_ASSIGN_OR_RETURN(options.certificates, ReadFiles(flags, options.target));
  options.reflection = flags.IsOn("--grpc-reflection");
  if (options.certificates) return options;
  constexpr char kWhy[] =
      " is beyond this machine: want certificates, --tls-dir or --grpc-cert, --grpc-key and --grpc-ca";
  if (!listen_grpc.empty() && !StaysOnThisMachine(listen_grpc)) {
    return InvalidField("--listen-grpc", absl::StrCat(listen_grpc, kWhy));
  }
  for (const auto& [area, address] : peers) {
    if (!StaysOnThisMachine(address)) return InvalidField("--peer", absl::StrCat(area, "=", address, kWhy));
  }
  return options;
}

absl::StatusOr<std::shared_ptr<const rpc::Identity>> LoadIdentity(const NetworkOptions& options,
                                                                  absl::Time now) {
  if (!options.certificates) return nullptr;
  GW_ASSIGN_OR_RETURN(auto identity, rpc::Identity::Load(*options.certificates, now));
  const std::string& got = identity->name().target;
  if (got == options.target || got == kSeveralAreas) return identity;
  return FailedPrecondition("INTERNAL_FAULT",
                            absl::StrCat(options.certificates->certificate, ": got the certificate of ", got,
                                         ", want that of ", options.target));
}

}  // namespace gridwarden::server
