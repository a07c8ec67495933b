#include "notify/delivery_worker.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "domain/notice/timing.h"
#include "notify/numbers.h"
#include "notify/rules.h"
#include "platform/runtime/instruments.h"
#include "platform/runtime/log.h"

namespace gridwarden::notify {
namespace {

constexpr absl::Duration kLease = absl::Minutes(1);
constexpr std::chrono::milliseconds kPoll{500};
constexpr std::chrono::seconds kAfterTrouble{2};
constexpr absl::Duration kStepTimeout = absl::Seconds(30);

std::string NameOf(v1::Delivery::Channel channel) {
  return absl::AsciiStrToLower(v1::Delivery::Channel_Name(channel));
}

// Whether whoever is to be told still stands for the recipient: a post that changed hands is told its new
// holder. Nil: nobody.
Uuid StandsFor(const domain::Ground& ground, const DueDelivery& due, absl::Time now) {
  if (!due.notice.to_post) return due.target;
  for (const domain::Holding& held : ground.HoldingsOf(due.target, now, absl::InfiniteFuture())) {
    if (held.post->id == due.notice.recipient) return due.target;
  }
  const domain::Tenure* tenure = ground.HolderOf(due.notice.recipient, now, absl::InfiniteFuture());
  return tenure == nullptr ? Uuid() : tenure->person;
}

}  // namespace

DeliveryWorker::DeliveryWorker(const AreaContext& context, std::unique_ptr<Channel> channel,
                               std::function<absl::Time()> now)
    : context_(context), channel_(std::move(channel)), now_(std::move(now)) {
  ShowNumbers(channel_->id());
}

DeliveryWorker::~DeliveryWorker() { Stop(); }

void DeliveryWorker::Start() {
  std::lock_guard lock(mutex_);
  if (thread_.joinable()) return;
  stopping_ = false;
  thread_ = std::thread([this] { Loop(); });
}

void DeliveryWorker::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void DeliveryWorker::Loop() {
  const std::string part = absl::StrCat("notify.deliver.", NameOf(channel_->id()));
  absl::Status before;
  while (true) {
    const absl::StatusOr<int> tried = RunOnce(absl::Now() + kStepTimeout);
    if (tried.status() != before) {
      if (!tried.ok())
        Log(LogLevel::kWarning, "notices_wait", {{"part", part}, {"error", tried.status().ToString()}});
      NoteHealth(part, tried.status());
      before = tried.status();
    }
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    if (tried.ok() && *tried > 0) continue;
    wake_.wait_for(lock, tried.ok() ? kPoll : std::chrono::milliseconds(kAfterTrouble),
                   [&] { return stopping_; });
    if (stopping_) return;
  }
}

absl::StatusOr<std::vector<DueDelivery>> DeliveryWorker::Claim(absl::Time deadline) {
  std::vector<DueDelivery> batch;
  const double per_minute = channel_->per_minute();
  GW_RETURN_IF_ERROR(context_.database.Run({.deadline = deadline}, [&](db::Transaction& tx) -> absl::Status {
    batch.clear();
    const absl::Time now = now_();
    std::optional<ChannelGate> gate;
    if (per_minute > 0) {
      // The gate is of real time, whatever time the notices are of.
      GW_ASSIGN_OR_RETURN(gate, LockGate(tx, channel_->id(), per_minute, context_.clock.Now()));
      if (context_.clock.Now() < gate->silent_until) return absl::OkStatus();
      if (!gate->allowance.Take(per_minute, per_minute, context_.clock.Now())) return absl::OkStatus();
    }
    GW_ASSIGN_OR_RETURN(batch, ClaimDue(tx, channel_->id(), now, now + kLease, channel_->batch_max(),
                                        channel_->one_message()));
    // Nothing went out: nothing of the allowance is used.
    if (gate && !batch.empty()) return SaveGate(tx, channel_->id(), *gate);
    return absl::OkStatus();
  }));
  return batch;
}

absl::Status DeliveryWorker::Save(const std::vector<DueDelivery>& batch, const BatchResult& result,
                                  absl::Time deadline) {
  const domain::NoticeRules& rules = RulesOf(*context_.policy);
  const std::shared_ptr<const domain::Ground> ground = context_.directory.ground();
  const absl::Time now = now_();
  absl::BitGen random;
  std::vector<Outcome> outcomes;
  std::vector<NewDelivery> redirected;
  for (size_t i = 0; i < batch.size(); ++i) {
    const DueDelivery& due = batch[i];
    Outcome outcome{.notice = due.notice.id, .target = due.target, .state = v1::Delivery::DELIVERED};
    if (channel_->id() == v1::Delivery::INBOX) {
      const Uuid person = StandsFor(*ground, due, now);
      if (person != due.target) {
        outcome.state = v1::Delivery::NOBODY;
        if (!person.IsNil())
          redirected.push_back(
              {.notice = due.notice.id, .channel = channel_->id(), .target = person, .due = now});
      }
    }
    const Result& said = result.results[i];
    outcome.error = said.error;
    if (outcome.state == v1::Delivery::DELIVERED && said.kind != Result::Kind::kDelivered) {
      const bool again = said.kind == Result::Kind::kRetry && due.attempts < rules.attempts_max;
      outcome.state = again ? v1::Delivery::WAITING : v1::Delivery::GIVEN_UP;
    }
    outcomes.push_back(std::move(outcome));
  }
  // What goes together is tried again together.
  const absl::Duration wait =
      std::max(result.silence.value_or(absl::ZeroDuration()),
               domain::RetryWait(batch.front().attempts, rules.retry_first, rules.retry_max,
                                 absl::Uniform<double>(random, 0, 1)));
  for (Outcome& outcome : outcomes) {
    outcome.next = now + wait;
    CountOutcome(channel_->id(), outcome.state);
    if (outcome.state == v1::Delivery::GIVEN_UP) {
      Log(LogLevel::kError, "notice_given_up",
          {{"notice", ResourceName("notices", outcome.notice)},
           {"channel", NameOf(channel_->id())},
           {"error", outcome.error}});
    }
  }
  return context_.database.Run({.deadline = deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(SaveOutcomes(tx, channel_->id(), batch.front().batch, outcomes, now));
    GW_RETURN_IF_ERROR(InsertDeliveries(tx, redirected));
    if (!result.silence) return absl::OkStatus();
    GW_ASSIGN_OR_RETURN(ChannelGate gate,
                        LockGate(tx, channel_->id(), channel_->per_minute(), context_.clock.Now()));
    gate.silent_until = std::max(gate.silent_until, context_.clock.Now() + *result.silence);
    return SaveGate(tx, channel_->id(), gate);
  });
}

absl::StatusOr<int> DeliveryWorker::RunOnce(absl::Time deadline) {
  std::lock_guard run(run_mutex_);
  GW_ASSIGN_OR_RETURN(const std::vector<DueDelivery> batch, Claim(deadline));
  if (batch.empty()) return 0;
  const BatchResult result = channel_->Deliver(batch);
  GW_RETURN_IF_ERROR(Save(batch, result, deadline));
  return static_cast<int>(batch.size());
}

}  // namespace gridwarden::notify
