#include "journal/sealer.h"

#include <chrono>
#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "journal/journal_repository.h"
#include "journal/log.h"
#include "platform/crypto/digest.h"
#include "platform/journal/anchor.h"
#include "platform/journal/consumer.h"
#include "platform/runtime/instruments.h"
#include "platform/runtime/log.h"

namespace gridwarden::journal {
namespace {

namespace merkle = domain::merkle;

constexpr absl::Duration kTimeout = absl::Seconds(10);

// What is to be signed, read in one snapshot.
struct Proposal {
  merkle::Checkpoint checkpoint;
  merkle::Proof proof;
  uint64_t stored_size = 0;  // of the newest checkpoint in the database
};

absl::StatusOr<Proposal> ReadProposal(db::Transaction& tx, const std::optional<merkle::Checkpoint>& last) {
  GW_ASSIGN_OR_RETURN(const std::optional<Head> head, ReadHead(tx));
  if (!head) return FailedPrecondition("JOURNAL_ALTERED", "the head of the journal is gone");
  GW_ASSIGN_OR_RETURN(const auto frontier,
                      merkle::Frontier::Parse(crypto::Sha256, head->size, head->frontier));
  Proposal proposal;
  proposal.checkpoint = {.origin = head->origin, .size = head->size, .root = frontier.Root()};
  GW_ASSIGN_OR_RETURN(const std::optional<StoredCheckpoint> newest, ReadNewestCheckpoint(tx));
  if (newest) proposal.stored_size = newest->size;
  if (newest && !last) {
    return FailedPrecondition(
        "JOURNAL_ALTERED",
        "the journal has checkpoints, but the signer's memory is gone; restore signer.key and signer.note");
  }
  if (last && last->size < head->size) {
    GW_ASSIGN_OR_RETURN(proposal.proof,
                        merkle::ConsistencyProof(crypto::Sha256, last->size, head->size, HashesIn(tx)));
  }
  return proposal;
}

}  // namespace

Sealer::Sealer(db::Database& database, const Clock& clock, std::string folder, bool demo,
               std::function<bool()> leading, absl::Duration interval)
    : database_(database),
      clock_(clock),
      folder_(std::move(folder)),
      demo_(demo),
      leading_(std::move(leading)),
      interval_(interval) {}

Sealer::~Sealer() { Stop(); }

void Sealer::Start() {
  if (thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  thread_ = std::thread([this] { Loop(); });
}

void Sealer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string Sealer::VerifierKey() const {
  const std::lock_guard lock(mutex_);
  return verifier_key_;
}

absl::Status Sealer::Health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

// A process that waits for its turn to lead, after a restart say, tells the log's key all the same. The
// signer itself is opened when it leads, so that it starts from what was signed last.
void Sealer::LearnKey() {
  if (folder_.empty() || !VerifierKey().empty() || !std::filesystem::exists(folder_ + "/signer.key")) return;
  const absl::StatusOr<LogIdentity> log = OpenLog(database_, "", demo_);
  if (!log.ok()) return;
  const auto signer = Signer::Open(folder_, log->origin);
  if (!signer.ok()) return;  // SealOnce says what is wrong
  const std::lock_guard lock(mutex_);
  verifier_key_ = (*signer)->VerifierKey();
}

void Sealer::Loop() {
  while (true) {
    LearnKey();
    const absl::Status status = leading_() ? SealOnce().status() : absl::OkStatus();
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    const bool changed = health_.message() != status.message() || health_.ok() != status.ok();
    health_ = status;
    if (changed) NoteHealth("journal.sealer", status);
    if (changed && !status.ok()) {
      Log(IsPassing(status) ? LogLevel::kWarning : LogLevel::kError, "journal_unsealed",
          {{"error", status.ToString(absl::StatusToStringMode::kWithNoExtraData)}});
    }
    wake_.wait_for(lock, absl::ToChronoMicroseconds(interval_), [&] { return stopping_; });
    if (stopping_) return;
  }
}

absl::Status Sealer::OpenSigner() {
  if (signer_ != nullptr) return absl::OkStatus();
  if (folder_.empty())
    return absl::FailedPreconditionError("no data folder for the journal's key: nothing is sealed");
  GW_ASSIGN_OR_RETURN(const LogIdentity log, OpenLog(database_, "", demo_));
  GW_ASSIGN_OR_RETURN(signer_, Signer::Open(folder_, log.origin));
  const std::lock_guard lock(mutex_);
  verifier_key_ = signer_->VerifierKey();
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Sealer::SealOnce() {
  const std::lock_guard lock(seal_mutex_);
  GW_RETURN_IF_ERROR(OpenSigner());
  Proposal proposal;
  GW_RETURN_IF_ERROR(database_.Read(absl::Now() + kTimeout, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(proposal, ReadProposal(tx, signer_->last()));
    return absl::OkStatus();
  }));
  const merkle::Checkpoint& checkpoint = proposal.checkpoint;
  const bool unchanged = signer_->last() == checkpoint && proposal.stored_size == checkpoint.size;
  if (!unchanged && !(checkpoint.size == 0 && !signer_->last())) {
    GW_ASSIGN_OR_RETURN(std::string note, signer_->Sign(checkpoint, proposal.proof));
    const StoredCheckpoint stored{checkpoint.size, checkpoint.root, clock_.Now(), std::move(note)};
    const absl::Status inserted =
        database_.Run(db::RunOptions{.deadline = absl::Now() + kTimeout},
                      [&](db::Transaction& tx) { return InsertCheckpoint(tx, stored); });
    // Stored before a crash, or by the same key in another process.
    if (!inserted.ok() && !db::IsDuplicateKey(inserted)) return inserted;
  }
  if (checkpoint.size > 0) NoteCheckpoint(checkpoint.size, checkpoint.root);
  return checkpoint.size;
}

}  // namespace gridwarden::journal
