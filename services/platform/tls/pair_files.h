#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/tls/certificate.h"

// A certificate and its key as two files, STEM.pem and STEM.key, and their care: made when missing, renewed
// before their end.
namespace gridwarden::tls {

// FAILED_PRECONDITION naming the file that cannot be read.
absl::StatusOr<KeyPair> ReadPair(const std::string& stem);
// Each file is written aside and renamed, so nobody reads half of one; the key (mode 0600) comes first. Makes
// the folder (0700).
absl::Status WritePair(const std::string& stem, const KeyPair& pair);

enum class Care { kKept, kMade, kRenewed };

// The authority at `stem`, made when it is missing. Near its end (30 days) a new one takes its place, and the
// old one stays behind it in STEM.pem as long as it lives, so that what it signed is still believed.
struct AuthorityCare {
  Care care = Care::kKept;
  KeyPair authority;
};
absl::StatusOr<AuthorityCare> KeepAuthority(const std::string& stem, const std::string& common_name,
                                            absl::Duration life, absl::Time now);

// The leaf at `stem`: signed anew when it is missing, damaged, of another authority or of other names, or has
// less than a third of its life left. Its life is from `subject`, cut to the authority's.
absl::StatusOr<Care> KeepLeaf(const std::string& stem, const KeyPair& authority, Subject subject,
                              absl::Time now);

}  // namespace gridwarden::tls
