#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "journal/signer.h"
#include "platform/db/database.h"
#include "platform/runtime/worker.h"

// Seals what has been sequenced: proposes the tree to the signer every second and stores what it signs.
namespace gridwarden::journal {

class Sealer final : public Worker {
 public:
  // `folder` holds the signer's key and memory. Seals only while `leading` says so.
  Sealer(db::Database& database, const Clock& clock, std::string folder, bool demo,
         std::function<bool()> leading, absl::Duration interval = absl::Seconds(1));
  ~Sealer() override;

  void Start() override;
  void Stop() override;

  // Seals now if there is something new; answers the size that is sealed. FAILED_PRECONDITION /
  // JOURNAL_ALTERED when the signer refuses: the journal is not what it signed before. It keeps refusing
  // until a person has dealt with it.
  absl::StatusOr<uint64_t> SealOnce();

  // "" until the signer has been opened.
  std::string VerifierKey() const;
  absl::Status Health() const;

 private:
  void Loop();
  absl::Status OpenSigner();
  void LearnKey();

  db::Database& database_;
  const Clock& clock_;
  const std::string folder_;
  const bool demo_;
  const std::function<bool()> leading_;
  const absl::Duration interval_;
  std::mutex seal_mutex_;     // one seal at a time; guards signer_'s use
  mutable std::mutex mutex_;  // guards stopping_, health_, verifier_key_
  std::condition_variable wake_;
  bool stopping_ = false;
  absl::Status health_;
  std::string verifier_key_;
  std::unique_ptr<Signer> signer_;
  std::thread thread_;
};

}  // namespace gridwarden::journal
