#include "platform/tls/pair_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::tls {
namespace {

constexpr absl::Duration kAuthorityOverlap = absl::Hours(24 * 30);
constexpr absl::Duration kClockDifference = absl::Minutes(5);  // between the machines of an installation
constexpr char kBegin[] = "-----BEGIN CERTIFICATE-----";

absl::Status Bad(const std::string& path, std::string_view why) {
  return FailedPrecondition("INTERNAL_FAULT", absl::StrCat(path, ": ", std::string(why)));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad()) return Bad(path, std::strerror(errno));
  return text;
}

absl::Status WriteFile(const std::string& path, const std::string& text, mode_t mode) {
  const std::string aside = absl::StrCat(path, ".", getpid());
  const int file = open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return Bad(path, std::strerror(errno));
  const bool written = fchmod(file, mode) == 0 &&
                       write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fsync(file) == 0;
  const int why = errno;
  close(file);
  if (written && rename(aside.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const int then = written ? errno : why;
  unlink(aside.c_str());
  return Bad(path, std::strerror(then));
}

bool IsMissing(const std::string& stem) {
  return !std::filesystem::exists(stem + ".pem") && !std::filesystem::exists(stem + ".key");
}

// The certificates of a bundle that have not ended.
std::string StillAlive(const std::string& bundle, absl::Time now) {
  std::string alive;
  for (size_t at = bundle.find(kBegin); at != std::string::npos;) {
    const size_t next = bundle.find(kBegin, at + 1);
    const std::string one = bundle.substr(at, next == std::string::npos ? next : next - at);
    if (const auto described = Describe(one); described.ok() && described->subject.not_after > now)
      alive += one;
    at = next;
  }
  return alive;
}

// The one that signs.
std::string FirstOf(const std::string& bundle) { return bundle.substr(0, bundle.find(kBegin, 1)); }

bool SameNames(const Subject& a, const Subject& b) {
  return a.common_name == b.common_name && a.dns_names == b.dns_names && a.addresses == b.addresses &&
         a.uris == b.uris;
}

bool MustBeRenewed(const absl::StatusOr<KeyPair>& pair, const KeyPair& authority, const Subject& want,
                   absl::Time now) {
  if (!pair.ok() || !CheckPair(*pair, now).ok() ||
      !CheckSignedBy(pair->certificate, FirstOf(authority.certificate), now).ok()) {
    return true;
  }
  const auto described = Describe(pair->certificate);
  if (!described.ok() || !SameNames(described->subject, want)) return true;
  const absl::Duration life = described->subject.not_after - described->subject.not_before;
  return described->subject.not_after - now < life / 3;
}

}  // namespace

absl::StatusOr<KeyPair> ReadPair(const std::string& stem) {
  KeyPair pair;
  GW_ASSIGN_OR_RETURN(pair.certificate, ReadFile(stem + ".pem"));
  GW_ASSIGN_OR_RETURN(pair.key, ReadFile(stem + ".key"));
  return pair;
}

absl::Status WritePair(const std::string& stem, const KeyPair& pair) {
  const std::string folder = std::filesystem::path(stem).parent_path().string();
  std::error_code error;
  if (!folder.empty() && std::filesystem::create_directories(folder, error)) chmod(folder.c_str(), 0700);
  if (error) return Bad(folder, error.message());
  GW_RETURN_IF_ERROR(WriteFile(stem + ".key", pair.key, 0600));
  return WriteFile(stem + ".pem", pair.certificate, 0644);
}

absl::StatusOr<AuthorityCare> KeepAuthority(const std::string& stem, const std::string& common_name,
                                            absl::Duration life, absl::Time now) {
  const Subject subject{
      .common_name = common_name, .not_before = now - kClockDifference, .not_after = now + life};
  AuthorityCare answer;
  if (IsMissing(stem)) {
    GW_ASSIGN_OR_RETURN(answer.authority, MakeAuthority(subject));
    answer.care = Care::kMade;
    GW_RETURN_IF_ERROR(WritePair(stem, answer.authority));
    return answer;
  }
  // What is there and cannot be used is a person's to judge: a new authority would lock out all that trust
  // this one.
  GW_ASSIGN_OR_RETURN(answer.authority, ReadPair(stem));
  GW_ASSIGN_OR_RETURN(const Described described, Describe(answer.authority.certificate));
  const absl::Status usable =
      CheckPair(answer.authority, std::min(now, described.subject.not_after - absl::Seconds(1)));
  if (!usable.ok()) return Bad(stem + ".pem", std::string(usable.message()));
  if (described.subject.not_after - now >= std::min(kAuthorityOverlap, life / 3)) return answer;
  const std::string before = StillAlive(answer.authority.certificate, now);
  GW_ASSIGN_OR_RETURN(answer.authority, MakeAuthority(subject));
  answer.authority.certificate += before;
  answer.care = Care::kRenewed;
  GW_RETURN_IF_ERROR(WritePair(stem, answer.authority));
  return answer;
}

absl::StatusOr<Care> KeepLeaf(const std::string& stem, const KeyPair& authority, Subject subject,
                              absl::Time now) {
  const bool missing = IsMissing(stem);
  if (!missing && !MustBeRenewed(ReadPair(stem), authority, subject, now)) return Care::kKept;
  GW_ASSIGN_OR_RETURN(const Described by, Describe(authority.certificate));
  subject.not_after = std::min(subject.not_after, by.subject.not_after);
  GW_ASSIGN_OR_RETURN(const KeyPair pair, IssueLeaf(authority, subject));
  GW_RETURN_IF_ERROR(WritePair(stem, pair));
  return missing ? Care::kMade : Care::kRenewed;
}

}  // namespace gridwarden::tls
