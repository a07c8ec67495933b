#pragma once

#include <span>

#include "absl/status/status.h"
#include "server/flags.h"

namespace gridwarden::server {

std::span<const Flag> CertificateFlags();

// Makes or renews the certificates of an installation under --dir, only what is missing or near its end:
//   internal/authority.{pem,key}  the authority of the processes; its key is needed here only
//   internal/TARGET.{pem,key}     one for each target, for `gridwarden serve --tls-dir`
// With --edge: authority.{pem,key} and edge.{pem,key} for the gateway (platform/tls/edge_files.h).
// Run it again and again (a loop, cron): running processes take the new files up by themselves.
absl::Status RunCertificates(const Flags& flags);

}  // namespace gridwarden::server
