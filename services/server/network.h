#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/rpc/identity.h"
#include "server/flags.h"

namespace gridwarden::server {

// How this process speaks to the others of its installation.
struct NetworkOptions {
  std::string target;                                 // the name it must carry: an area, "gateway" or "all"
  std::optional<rpc::CertificateFiles> certificates;  // nullopt: plain, on this machine only
  bool reflection = false;
};

std::span<const Flag> NetworkFlags();
// INVALID_ARGUMENT for half a set of files, and for a network beyond this machine without any.
absl::StatusOr<NetworkOptions> ReadNetworkFlags(const Flags& flags, const std::vector<std::string>& areas,
                                                bool gateway, const std::string& listen_grpc,
                                                const std::map<std::string, std::string>& peers);

// Null without certificates. FAILED_PRECONDITION for a certificate that is not this target's, or cannot be
// used.
absl::StatusOr<std::shared_ptr<const rpc::Identity>> LoadIdentity(const NetworkOptions& options,
                                                                  absl::Time now);

}  // namespace gridwarden::server
