#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

// Certificates of an installation's own: an authority, and what it vouches for. ECDSA P-256, SHA-256, PEM.
// For what one machine or one county needs between its processes and at its edge; a real authority's files
// are as welcome everywhere.
namespace gridwarden::tls {

struct KeyPair {
  std::string certificate;  // PEM; the leaf first, then its chain
  std::string key;          // PEM, PKCS#8; secret
};

// What a certificate says.
struct Subject {
  std::string common_name;
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses;  // "192.168.1.7", "::1"
  std::vector<std::string> uris;       // "spiffe://gridwarden.411702/area/casework"
  absl::Time not_before;
  absl::Time not_after;
};

// A new authority that may only sign leaves (pathlen 0).
absl::StatusOr<KeyPair> MakeAuthority(const Subject& subject);
// A leaf for servers and clients alike, signed by `authority` and not outliving it. INVALID_ARGUMENT for a
// name that is none.
absl::StatusOr<KeyPair> IssueLeaf(const KeyPair& authority, const Subject& subject);

// What a certificate in PEM says, the first one of a chain.
struct Described {
  Subject subject;
  std::string sha256;  // of the DER, hex in pairs with colons: what people compare on two screens
};
absl::StatusOr<Described> Describe(std::string_view certificate_pem);
// FAILED_PRECONDITION unless the key belongs to the certificate and `now` lies in its life.
absl::Status CheckPair(const KeyPair& pair, absl::Time now);
// FAILED_PRECONDITION unless one of the authorities signed the certificate and both are alive at `now`.
absl::Status CheckSignedBy(std::string_view certificate_pem, std::string_view authorities_pem,
                           absl::Time now);

}  // namespace gridwarden::tls
