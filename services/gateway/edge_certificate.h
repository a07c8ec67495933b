#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "platform/tls/certificate.h"

namespace gridwarden::tls {
struct ServerContext;
}

namespace gridwarden::gateway {

// The certificate of the edge, from two PEM files that may be replaced while we serve: new connections get
// the new one, open ones keep theirs. What does not serve is refused with a log line, and the old one stays.
class EdgeCertificate {
 public:
  // FAILED_PRECONDITION in plain words when the files cannot be read, do not belong together or are out of
  // date.
  static absl::StatusOr<std::unique_ptr<EdgeCertificate>> Load(const std::string& certificate_file,
                                                               const std::string& key_file, absl::Time now);
  ~EdgeCertificate();

  // Looks at the files every so often from now on.
  void Watch(const Clock& clock, std::chrono::milliseconds interval = std::chrono::seconds(2));
  // One look. Files that are being written are left until two looks find them the same.
  void Look(absl::Time now);

  std::shared_ptr<tls::ServerContext> context() const;
  tls::Subject subject() const;
  std::string sha256() const;  // hex in pairs with colons
  int refused() const;         // new files since the start that did not serve
  // What an operator should do something about, in words: an end that is near, new files that do not serve.
  std::vector<std::string> Notes(absl::Time now) const;

 private:
  EdgeCertificate(std::string certificate_file, std::string key_file);
  absl::Status Take(absl::Time now);
  void Refuse(const absl::Status& why);
  void WarnOfEnd(absl::Time now);
  std::string Stamp() const;

  const std::string certificate_file_, key_file_;
  std::string tried_, seen_;  // stamps of the files; only the looking thread reads them
  absl::Time warned_ = absl::InfinitePast();
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<tls::ServerContext> context_;
  tls::Described described_;
  int refused_ = 0;
  std::string refusal_;  // of the files as they are now; "": they serve
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace gridwarden::gateway
