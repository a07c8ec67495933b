#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/tls/process_name.h"

namespace grpc {
class ServerCredentials;
class ChannelCredentials;
namespace experimental {
class FileWatcherCertificateProvider;
}
}  // namespace grpc

// How a process proves over the network which one of its installation it is: by a certificate, both ways
// (guarantees.md 5.5).
namespace gridwarden::rpc {

struct CertificateFiles {
  std::string certificate;  // PEM; the leaf with exactly one URI name, a SPIFFE id (tls/process_name.h)
  std::string key;
  std::string authority;  // PEM; whose certificates are believed, one or several
};

// Whether the process `target` ("casework") may call `method`; `system`: for itself rather than for a user.
using AllowPeer = std::function<bool(std::string_view target, std::string_view method, bool system)>;

// The files are looked at every few seconds: new ones are shown to new connections, and what is under way
// goes on.
class Identity {
 public:
  // FAILED_PRECONDITION in plain words unless the files can be used at `now`.
  static absl::StatusOr<std::shared_ptr<const Identity>> Load(CertificateFiles files, absl::Time now,
                                                              int refresh_seconds = 5);

  const tls::ProcessName& name() const { return name_; }
  // Until when what the files hold now can be shown; FAILED_PRECONDITION when it cannot be.
  absl::StatusOr<absl::Time> UsableUntil(absl::Time now) const;

  // Asks every caller for a certificate of the authority.
  std::shared_ptr<grpc::ServerCredentials> ForServer() const;
  // Speaks only to `target` of the same installation, or to a process of several areas ("all").
  std::shared_ptr<grpc::ChannelCredentials> ForCallsTo(std::string_view target) const;

 private:
  Identity() = default;

  CertificateFiles files_;
  tls::ProcessName name_;
  std::shared_ptr<grpc::experimental::FileWatcherCertificateProvider> watched_;
};

}  // namespace gridwarden::rpc
