#include "server/certificates.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "gateway/address_set.h"
#include "platform/runtime/host_names.h"
#include "platform/runtime/log.h"
#include "platform/runtime/stop_signal.h"
#include "platform/tls/edge_files.h"
#include "platform/tls/pair_files.h"
#include "platform/tls/process_name.h"
#include "server/modules.h"

namespace gridwarden::server {
namespace {

constexpr Flag kCertificateFlags[] = {
    {"--dir", "PATH", "", "folder of the certificates; made when missing"},
    {"--edge", "", "false",
     "for the gateway, not for the processes: a local authority for people to trust, and edge.pem for this "
     "machine's "
     "names and addresses"},
    {"--edge-name", "NAME", "", "with --edge: a further name or address people use; repeat it"},
    {"--name", "NAME", "", "the installation (a division code: 411702): the processes know each other by it"},
    {"--targets", "NAMES", "", "for which targets, by comma; none: every one"},
    {"--hours", "N", "24", "life of a process's certificate, 1 to 8784; renewed when a third is left"},
    {"--stay", "", "false", "stay and renew what comes near its end, until asked to stop"},
    {"--authority-days", "N", "3650", "life of a new authority, 1 to 7300"},
};

constexpr std::chrono::minutes kLookAgain{15};
constexpr absl::Duration kClockDifference = absl::Minutes(5);  // between the machines of an installation
// Processes look at their files every few seconds; all must have read a new authority before anybody shows
// what it signed.
constexpr absl::Duration kUntilAllKnow = absl::Seconds(15);

// One run at a time in a folder: two would sign with two authorities.
class Lock {
 public:
  explicit Lock(const std::string& folder)
      : file_(open(absl::StrCat(folder, "/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    held_ = file_ >= 0 && flock(file_, LOCK_EX) == 0;
  }
  ~Lock() {
    if (file_ >= 0) close(file_);
  }
  bool held() const { return held_; }

 private:
  const int file_;
  bool held_ = false;
};

const char* WordOf(tls::Care care) {
  switch (care) {
    case tls::Care::kKept:
      return "kept";
    case tls::Care::kMade:
      return "made";
    case tls::Care::kRenewed:
      return "renewed";
  }
  return "";
}

absl::Status Say(tls::Care care, const std::string& stem) {
  GW_ASSIGN_OR_RETURN(const tls::KeyPair pair, tls::ReadPair(stem));
  GW_ASSIGN_OR_RETURN(const tls::Described described, tls::Describe(pair.certificate));
  std::printf(
      "%-8s %s.pem, until %s\n", WordOf(care), stem.c_str(),
      absl::FormatTime("%Y-%m-%d %H:%M UTC", described.subject.not_after, absl::UTCTimeZone()).c_str());
  std::fflush(stdout);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> TargetsOf(const Flags& flags) {
  std::vector<std::string> known = {"gateway", "all"};
  for (const Module& module : Modules()) known.emplace_back(module.name);
  std::vector<std::string> targets = absl::StrSplit(flags.Text("--targets"), ',', absl::SkipEmpty());
  if (targets.empty()) return known;
  for (const std::string& target : targets) {
    if (std::find(known.begin(), known.end(), target) == known.end()) {
      return InvalidField("--targets", absl::StrCat("no such target: ", target));
    }
  }
  return targets;
}

absl::Status KeepInternal(const Flags& flags, const std::string& folder) {
  const std::string installation = flags.Text("--name");
  if (!tls::IsInstallationName(installation)) {
    return InvalidField("--name", absl::StrCat("got \"", installation,
                                               "\", want the name of the installation: lower-case letters, "
                                               "digits, '-' and '.'"));
  }
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> targets, TargetsOf(flags));
  GW_ASSIGN_OR_RETURN(const int hours, flags.Number("--hours", 1, 8784));
  GW_ASSIGN_OR_RETURN(const int days, flags.Number("--authority-days", 1, 7300));
  const absl::Time now = absl::Now();
  const std::string stem = folder + "/authority";
  GW_ASSIGN_OR_RETURN(
      const tls::AuthorityCare authority,
      tls::KeepAuthority(stem, absl::StrCat("Gridwarden ", installation.substr(0, 40), " processes"),
                         absl::Hours(24) * days, now));
  GW_RETURN_IF_ERROR(Say(authority.care, stem));
  if (authority.care == tls::Care::kRenewed) absl::SleepFor(kUntilAllKnow);
  for (const std::string& target : targets) {
    const tls::Subject subject{.common_name = target,
                               .dns_names = {target},
                               .uris = {tls::SpiffeId({installation, target})},
                               .not_before = now - kClockDifference,
                               .not_after = now + absl::Hours(hours)};
    const std::string leaf = absl::StrCat(folder, "/", target);
    GW_ASSIGN_OR_RETURN(const tls::Care care, tls::KeepLeaf(leaf, authority.authority, subject, now));
    GW_RETURN_IF_ERROR(Say(care, leaf));
  }
  return absl::OkStatus();
}

// This machine's names and whatever others people use.
absl::StatusOr<tls::EdgeNames> EdgeNamesOf(const Flags& flags) {
  const HostNames own = OwnHostNames();
  tls::EdgeNames names{.host = own.host, .dns_names = own.dns_names, .addresses = own.addresses};
  for (const std::string& more : flags.All("--edge-name")) {
    std::vector<std::string>& into =
        gateway::AddressSet::Parse({more}).ok() ? names.addresses : names.dns_names;
    if (std::find(into.begin(), into.end(), more) == into.end()) into.push_back(more);
  }
  return names;
}

absl::Status KeepForEdge(const Flags& flags, const std::string& folder) {
  GW_ASSIGN_OR_RETURN(const tls::EdgeNames names, EdgeNamesOf(flags));
  GW_ASSIGN_OR_RETURN(const tls::EdgeCare care, tls::KeepEdge(folder, names, absl::Now()));
  if (care.foreign) {
    std::printf("left     %s/edge.pem, not made here\n", folder.c_str());
    return absl::OkStatus();
  }
  GW_RETURN_IF_ERROR(Say(care.authority, folder + "/authority"));
  GW_RETURN_IF_ERROR(Say(care.edge, folder + "/edge"));
  GW_ASSIGN_OR_RETURN(const tls::KeyPair authority, tls::ReadPair(folder + "/authority"));
  GW_ASSIGN_OR_RETURN(const tls::Described described, tls::Describe(authority.certificate));
  std::printf("fingerprint of the authority, SHA-256: %s\n", described.sha256.c_str());
  return absl::OkStatus();
}

}  // namespace

std::span<const Flag> CertificateFlags() { return kCertificateFlags; }

absl::Status RunCertificates(const Flags& flags) {
  const std::string folder = flags.Text("--dir");
  if (folder.empty()) return InvalidField("--dir", "want the folder of the certificates");
  const bool edge = flags.IsOn("--edge");
  const std::string internal = edge ? folder : folder + "/internal";
  std::error_code error;
  if (std::filesystem::create_directories(internal, error)) chmod(internal.c_str(), 0700);
  const auto keep = [&] {
    const Lock lock(folder);
    if (error || !lock.held()) {
      return FailedPrecondition("INTERNAL_FAULT", absl::StrCat("cannot write in ", folder));
    }
    return edge ? KeepForEdge(flags, folder) : KeepInternal(flags, internal);
  };
  if (!flags.IsOn("--stay")) return keep();
  const StopSignal stop;
  GW_RETURN_IF_ERROR(keep());
  while (stop.WaitFor(kLookAgain) == 0) {
    // What fails now is tried again long before anything ends.
    if (const absl::Status status = keep(); !status.ok()) {
      Log(LogLevel::kError, "certificates", {{"error", std::string(status.message())}});
    }
  }
  return absl::OkStatus();
}

}  // namespace gridwarden::server
