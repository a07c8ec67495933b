#include "platform/tls/edge_files.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::tls {
namespace {

constexpr absl::Duration kAuthorityLife = absl::Hours(24 * 3652);
constexpr absl::Duration kEdgeLife = absl::Hours(24 * 397);
constexpr absl::Duration kClockDifference = absl::Minutes(5);  // between us and a phone
constexpr size_t kHostMax = 35;                                // a common name has 64 characters
constexpr char kBegin[] = "-----BEGIN CERTIFICATE-----";

// Whether one of the authorities in `bundle` signed the certificate, be it out of date by now.
bool SignedByOneOf(const std::string& bundle, const std::string& certificate) {
  const auto described = Describe(certificate);
  if (!described.ok()) return false;
  const absl::Time then = described->subject.not_before + absl::Hours(1);
  for (size_t at = bundle.find(kBegin); at != std::string::npos; at = bundle.find(kBegin, at + 1)) {
    if (CheckSignedBy(certificate, bundle.substr(at), then).ok()) return true;
  }
  return false;
}

bool IsForeign(const std::string& authority, const std::string& edge) {
  if (!std::filesystem::exists(edge + ".pem") && !std::filesystem::exists(edge + ".key")) return false;
  const absl::StatusOr<KeyPair> by = ReadPair(authority), pair = ReadPair(edge);
  return !by.ok() || !pair.ok() || !SignedByOneOf(by->certificate, pair->certificate);
}

}  // namespace

absl::StatusOr<EdgeCare> KeepEdge(const std::string& folder, const EdgeNames& names, absl::Time now) {
  const std::string authority = folder + "/authority", edge = folder + "/edge";
  if (IsForeign(authority, edge)) return EdgeCare{.foreign = true};
  GW_ASSIGN_OR_RETURN(
      const AuthorityCare kept,
      KeepAuthority(authority, absl::StrCat("Gridwarden local authority ", names.host.substr(0, kHostMax)),
                    kAuthorityLife, now));
  const Subject subject{.common_name = names.host,
                        .dns_names = names.dns_names,
                        .addresses = names.addresses,
                        .not_before = now - kClockDifference,
                        .not_after = now - kClockDifference + kEdgeLife};
  GW_ASSIGN_OR_RETURN(const Care care, KeepLeaf(edge, kept.authority, subject, now));
  return EdgeCare{.authority = kept.care, .edge = care};
}

}  // namespace gridwarden::tls
