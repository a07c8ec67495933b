#include "platform/rpc/identity.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_certificate_verifier.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "platform/tls/certificate.h"

namespace gridwarden::rpc {
namespace {

constexpr std::string_view kSeveralAreas = "all";

absl::Status Bad(const std::string& path, std::string_view why) {
  return FailedPrecondition("INTERNAL_FAULT", absl::StrCat(path, ": ", std::string(why)));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Bad(path, std::strerror(errno));
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

absl::Status In(const std::string& path, const absl::Status& status) {
  return status.ok() ? status : Bad(path, std::string(status.message()));
}

// What the files hold, once they are known to be usable at `now`.
absl::StatusOr<tls::Subject> ReadUsable(const CertificateFiles& files, absl::Time now) {
  tls::KeyPair pair;
  GW_ASSIGN_OR_RETURN(pair.certificate, ReadFile(files.certificate));
  GW_ASSIGN_OR_RETURN(pair.key, ReadFile(files.key));
  GW_ASSIGN_OR_RETURN(const std::string authority, ReadFile(files.authority));
  GW_RETURN_IF_ERROR(In(files.certificate, tls::CheckPair(pair, now)));
  GW_RETURN_IF_ERROR(In(files.certificate, tls::CheckSignedBy(pair.certificate, authority, now)));
  GW_ASSIGN_OR_RETURN(tls::Described described, tls::Describe(pair.certificate));
  return std::move(described.subject);
}

// Judges the process that answers, once its chain and its life are found good: by its name, not by its
// address.
class ExpectedProcess final : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit ExpectedProcess(std::vector<std::string> ids) : ids_(std::move(ids)) {}

  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)>, grpc::Status* verdict) override {
    const std::vector<grpc::string_ref> uris = request->uri_names();
    if (uris.size() == 1) {
      for (const std::string& id : ids_) {
        if (uris[0] == id) {
          *verdict = grpc::Status::OK;
          return true;
        }
      }
    }
    const std::string got = uris.empty() ? "none" : std::string(uris[0].data(), uris[0].size());
    *verdict = grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                            absl::StrCat("the process there is ", got, ", want ", ids_[0]));
    return true;
  }
  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::vector<std::string> ids_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Identity>> Identity::Load(CertificateFiles files, absl::Time now,
                                                               int refresh_seconds) {
  std::shared_ptr<Identity> identity(new Identity());
  identity->files_ = std::move(files);
  GW_ASSIGN_OR_RETURN(const tls::Subject subject, ReadUsable(identity->files_, now));
  const auto name = subject.uris.size() == 1 ? tls::ReadSpiffeId(subject.uris[0]) : std::nullopt;
  if (!name) {
    return Bad(identity->files_.certificate,
               "want exactly one URI name, spiffe://gridwarden.INSTALLATION/area/TARGET");
  }
  identity->name_ = *name;
  identity->watched_ = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      identity->files_.key, identity->files_.certificate, identity->files_.authority, refresh_seconds);
  return identity;
}

absl::StatusOr<absl::Time> Identity::UsableUntil(absl::Time now) const {
  GW_ASSIGN_OR_RETURN(const tls::Subject subject, ReadUsable(files_, now));
  return subject.not_after;
}

std::shared_ptr<grpc::ServerCredentials> Identity::ForServer() const {
  grpc::experimental::TlsServerCredentialsOptions options(watched_);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> Identity::ForCallsTo(std::string_view target) const {
  std::vector<std::string> ids = {tls::SpiffeId({name_.installation, std::string(target)}),
                                  tls::SpiffeId({name_.installation, std::string(kSeveralAreas)})};
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(watched_);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      grpc::experimental::ExternalCertificateVerifier::Create<ExpectedProcess>(std::move(ids)));
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace gridwarden::rpc
