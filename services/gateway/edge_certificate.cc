#include "gateway/edge_certificate.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "platform/runtime/log.h"
#include "platform/tls/server_context.h"

namespace gridwarden::gateway {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr absl::Duration kWarnBefore = absl::Hours(14 * 24);
constexpr absl::Duration kWarnEvery = absl::Hours(24);

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in.good() && !in.eof()) text.clear();
  if (text.empty() || text.size() > kFileBytesMax) {
    return FailedPrecondition("INTERNAL_FAULT",
                              absl::StrCat("cannot read ", path, text.empty() ? "" : ": too large"));
  }
  return text;
}

std::string TextOf(const absl::Status& status) { return std::string(status.message()); }

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone()); }

}  // namespace

EdgeCertificate::EdgeCertificate(std::string certificate_file, std::string key_file)
    : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}

EdgeCertificate::~EdgeCertificate() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<std::unique_ptr<EdgeCertificate>> EdgeCertificate::Load(const std::string& certificate_file,
                                                                       const std::string& key_file,
                                                                       absl::Time now) {
  std::unique_ptr<EdgeCertificate> edge(new EdgeCertificate(certificate_file, key_file));
  edge->tried_ = edge->seen_ = edge->Stamp();
  if (const absl::Status status = edge->Take(now); !status.ok()) {
    return FailedPrecondition("INTERNAL_FAULT", absl::StrCat("--tls-cert ", certificate_file, ", --tls-key ",
                                                             key_file, ": ", TextOf(status)));
  }
  edge->WarnOfEnd(now);
  return edge;
}

void EdgeCertificate::Watch(const Clock& clock, std::chrono::milliseconds interval) {
  thread_ = std::thread([this, &clock, interval] {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, interval, [this] { return stopping_; })) {
      lock.unlock();
      Look(clock.Now());
      lock.lock();
    }
  });
}

void EdgeCertificate::Look(absl::Time now) {
  WarnOfEnd(now);
  const std::string stamp = Stamp();
  const bool settled = stamp == std::exchange(seen_, stamp);
  if (stamp == tried_ || !settled) return;
  tried_ = stamp;
  if (const absl::Status status = Take(now); !status.ok()) return Refuse(status);
  warned_ = absl::InfinitePast();
  WarnOfEnd(now);
}

void EdgeCertificate::Refuse(const absl::Status& why) {
  std::lock_guard lock(mutex_);
  ++refused_;
  refusal_ = TextOf(why);
  Log(LogLevel::kError, "certificate_refused",
      {{"file", certificate_file_}, {"error", refusal_}, {"serving", described_.sha256}});
}

std::vector<std::string> EdgeCertificate::Notes(absl::Time now) const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> notes;
  const absl::Time end = described_.subject.not_after;
  if (end - now < kWarnBefore) {
    notes.push_back(absl::StrCat("certificate: that of https ", now < end ? "ends" : "ended", " on ",
                                 Day(end), "; put a new one in the place of ", certificate_file_));
  }
  if (!refusal_.empty()) {
    notes.push_back(
        absl::StrCat("certificate: the new files of https do not serve, the one before goes on: ", refusal_));
  }
  return notes;
}

absl::Status EdgeCertificate::Take(absl::Time now) {
  tls::KeyPair pair;
  GW_ASSIGN_OR_RETURN(pair.certificate, ReadFile(certificate_file_));
  GW_ASSIGN_OR_RETURN(pair.key, ReadFile(key_file_));
  GW_RETURN_IF_ERROR(tls::CheckPair(pair, now));
  GW_ASSIGN_OR_RETURN(std::shared_ptr<tls::ServerContext> context, tls::MakeServerContext(pair));
  GW_ASSIGN_OR_RETURN(tls::Described described, tls::Describe(pair.certificate));
  struct stat state {};
  if (stat(key_file_.c_str(), &state) == 0 && (state.st_mode & S_IROTH) != 0) {
    Log(LogLevel::kWarning, "certificate_key_readable", {{"file", key_file_}, {"want", "mode 0600 or 0640"}});
  }
  std::lock_guard lock(mutex_);
  Log(LogLevel::kInfo, "certificate",
      {{"use", "edge"}, {"sha256", described.sha256}, {"ends", Day(described.subject.not_after)}});
  context_ = std::move(context);
  described_ = std::move(described);
  refusal_.clear();
  return absl::OkStatus();
}

// Once a day is enough to be heard and rare enough to be read.
void EdgeCertificate::WarnOfEnd(absl::Time now) {
  const absl::Time end = subject().not_after;
  if (end - now >= kWarnBefore || now - warned_ < kWarnEvery) return;
  warned_ = now;
  Log(now < end ? LogLevel::kWarning : LogLevel::kError,
      now < end ? "certificate_ends_soon" : "certificate_ended",
      {{"use", "edge"}, {"file", certificate_file_}, {"ends", Day(end)}});
}

// Changes whenever a file is replaced, written to or gone; through links, as Kubernetes places them.
std::string EdgeCertificate::Stamp() const {
  std::string stamp;
  for (const std::string& path : {certificate_file_, key_file_}) {
    struct stat state {};
    if (stat(path.c_str(), &state) != 0) {
      absl::StrAppend(&stamp, "gone;");
      continue;
    }
    absl::StrAppend(&stamp, state.st_dev, ".", state.st_ino, ".", state.st_size, ".", state.st_mtim.tv_sec,
                    ".", state.st_mtim.tv_nsec, ";");
  }
  return stamp;
}

std::shared_ptr<tls::ServerContext> EdgeCertificate::context() const {
  std::lock_guard lock(mutex_);
  return context_;
}

tls::Subject EdgeCertificate::subject() const {
  std::lock_guard lock(mutex_);
  return described_.subject;
}

std::string EdgeCertificate::sha256() const {
  std::lock_guard lock(mutex_);
  return described_.sha256;
}

int EdgeCertificate::refused() const {
  std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace gridwarden::gateway
