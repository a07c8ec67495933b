#include "casework/timer_scheduler.h"

#include <chrono>

#include "absl/time/clock.h"
#include "base/status.h"
#include "casework/accept_case.h"
#include "casework/case_repository.h"
#include "casework/rung.h"
#include "casework/vacancy.h"
#include "platform/journal/consumer.h"
#include "platform/runtime/instruments.h"
#include "platform/runtime/log.h"

namespace gridwarden::casework {
namespace {

constexpr const char* kPart = "casework.timers";
// Timers whose rungs share one commit; a lock is held as long.
constexpr int kBatch = 64;
constexpr auto kPoll = std::chrono::milliseconds(500);
constexpr auto kPollAfterError = std::chrono::seconds(1);
constexpr absl::Duration kVacanciesEvery = absl::Seconds(5);
constexpr absl::Duration kTimeout = absl::Seconds(30);
constexpr absl::Duration kPutOff = absl::Hours(1);
// Behind by so much it is in trouble, whatever the reason.
constexpr absl::Duration kLagMax = absl::Minutes(1);
constexpr int kTroubleAfter = 10;

struct Numbers {
  Gauge lag{"gridwarden_timer_lag_seconds",
            "How long the timer that waits longest has been due; 0 when none is due."};
  Gauge apart{"gridwarden_timer_clocks_apart_seconds", "How far the own clock and the database's are apart."};
  Counter looked{"gridwarden_timers_looked_at_total", "Timers that were due and looked at."};
  Counter put_off{"gridwarden_timers_put_off_total", "Timers that could not be fired and were put off."};
};
Numbers& NumbersOfProcess() {
  static Numbers numbers;
  return numbers;
}

// Firing the end of this one makes a step of the case.
bool EndsInAcceptance(const Timer& timer, absl::Time now) {
  return timer.kind == TimerSubject::kCase && timer.key.clock == "ACCEPT" && !timer.end && timer.due <= now;
}

}  // namespace

TimerScheduler::TimerScheduler(std::shared_ptr<const Casework> casework, const Clock& clock,
                               rpc::Channel& journal, bool demo)
    : casework_(std::move(casework)),
      clock_(clock),
      demo_(demo),
      agreed_(clock),
      demo_time_(journal, clock) {}

TimerScheduler::~TimerScheduler() { Stop(); }

void TimerScheduler::Start() {
  if (thread_.joinable() || casework_->policy->escalation == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  thread_ = std::thread([this] { Loop(); });
}

void TimerScheduler::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TimerScheduler::Loop() {
  NoteHealth(kPart, absl::OkStatus());
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const absl::StatusOr<int> looked = Step();
    Note(looked.status());
    lock.lock();
    if (looked.ok() && *looked >= kBatch) continue;
    wake_.wait_for(lock, looked.ok() ? kPoll : kPollAfterError, [this] { return stopping_; });
  }
}

absl::StatusOr<std::optional<absl::Time>> TimerScheduler::Now() {
  if (demo_) return demo_time_.Read();
  GW_ASSIGN_OR_RETURN(const absl::Time database_time, DatabaseTime(casework_->database));
  const absl::Time now = agreed_.Agree(database_time);
  NumbersOfProcess().apart.Set(absl::ToDoubleSeconds(agreed_.apart()));
  return std::optional(now);
}

absl::StatusOr<int> TimerScheduler::Step() {
  if (!casework_->directory.loaded()) return 0;
  GW_ASSIGN_OR_RETURN(const std::optional<absl::Time> now, Now());
  if (!now) return 0;
  const rpc::Call call = rpc::Call::System("timer/casework", *now, kTimeout);
  std::vector<TimerKey> left;
  absl::StatusOr<int> looked = FireBatch(call, kBatch, &left);
  if (!looked.ok() && !journal::IsPassing(looked.status())) {
    // One of them cannot be fired: find it alone.
    left.clear();
    looked = FireBatch(call, 1, &left);
    if (!looked.ok() && !journal::IsPassing(looked.status()))
      GW_RETURN_IF_ERROR(PutOff(call, std::nullopt, looked.status()));
    looked = kBatch;
  }
  GW_RETURN_IF_ERROR(looked.status());
  for (const TimerKey& key : left) {
    const absl::Status accepted = FireAcceptance(call, key);
    if (!accepted.ok() && journal::IsPassing(accepted)) return accepted;
    if (!accepted.ok()) GW_RETURN_IF_ERROR(PutOff(call, key, accepted));
  }
  if (absl::AbsDuration(clock_.Now() - vacancies_seen_) >= kVacanciesEvery) {
    GW_RETURN_IF_ERROR(EndVacancies(*casework_, call).status());
    vacancies_seen_ = clock_.Now();
  }
  std::optional<absl::Time> oldest;
  GW_RETURN_IF_ERROR(
      casework_->database.Read(absl::Now() + kTimeout, [&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(oldest, OldestNext(tx));
        return absl::OkStatus();
      }));
  const absl::Duration lag = oldest && *oldest < *now ? *now - *oldest : absl::ZeroDuration();
  NumbersOfProcess().lag.Set(absl::ToDoubleSeconds(lag));
  // In a demo hours pass at once.
  if (lag > kLagMax && !demo_ && *looked < kBatch)
    return Unavailable("DATABASE_UNAVAILABLE", "timers are late", absl::Seconds(1));
  return *looked;
}

absl::StatusOr<int> TimerScheduler::CatchUp(absl::Time now) {
  int total = 0;
  while (true) {
    const rpc::Call call = rpc::Call::System("timer/casework", now, kTimeout);
    std::vector<TimerKey> left;
    GW_ASSIGN_OR_RETURN(const int looked, FireBatch(call, kBatch, &left));
    for (const TimerKey& key : left) GW_RETURN_IF_ERROR(FireAcceptance(call, key));
    total += looked;
    if (looked == 0) return total;
  }
}

absl::StatusOr<int> TimerScheduler::FireBatch(const rpc::Call& call, int limit, std::vector<TimerKey>* left) {
  const std::shared_ptr<const domain::Ground> ground = casework_->directory.ground();
  int looked = 0;
  GW_RETURN_IF_ERROR(casework_->database.Run(
      db::RunOptions{.deadline = absl::Now() + kTimeout}, [&](db::Transaction& tx) -> absl::Status {
        left->clear();
        GW_ASSIGN_OR_RETURN(std::vector<Timer> timers, ClaimTimers(tx, call.now, limit));
        looked = static_cast<int>(timers.size());
        std::erase_if(timers, [&](const Timer& timer) {
          if (!EndsInAcceptance(timer, call.now)) return false;
          left->push_back(timer.key);
          return true;
        });
        if (timers.empty()) return absl::OkStatus();
        GW_ASSIGN_OR_RETURN(const auto facts, ReadEscalationFacts(tx, timers));
        std::vector<OwedRung> owed;
        for (Timer& timer : timers) {
          const auto found = facts.find(timer.key.subject);
          if (found == facts.end())
            timer.next.reset();  // its subject was never committed, or is no more
          else
            TakeOwed(timer, call.now, demo_, found->second, owed);
        }
        GW_RETURN_IF_ERROR(FireRungs(tx, call, *ground, *casework_->policy, owed));
        return SaveFired(tx, timers);
      }));
  NumbersOfProcess().looked.Add(looked);
  return looked;
}

absl::Status TimerScheduler::FireAcceptance(const rpc::Call& call, const TimerKey& key) {
  const std::shared_ptr<const domain::Ground> ground = casework_->directory.ground();
  return casework_->database.Run(
      db::RunOptions{.deadline = absl::Now() + kTimeout}, [&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, key.subject));
        GW_ASSIGN_OR_RETURN(std::optional<Timer> timer, LockTimer(tx, key, call.now));
        if (!timer) return absl::OkStatus();  // another scheduler was faster
        GW_ASSIGN_OR_RETURN(const std::optional<EscalationFacts> facts, ReadCaseFacts(tx, key.subject));
        const bool accepts = EndsInAcceptance(*timer, call.now);
        std::vector<OwedRung> owed;
        TakeOwed(*timer, call.now, demo_, *facts, owed);
        GW_RETURN_IF_ERROR(FireRungs(tx, call, *ground, *casework_->policy, owed));
        GW_RETURN_IF_ERROR(SaveFired(tx, {&*timer, 1}));
        if (!accepts) return absl::OkStatus();
        rpc::Call then = call;
        if (demo_) then.now = timer->due;
        return AcceptSilently(tx, then, *casework_->policy, file, timer->due);
      });
}

absl::Status TimerScheduler::PutOff(const rpc::Call& call, std::optional<TimerKey> key,
                                    const absl::Status& why) {
  GW_RETURN_IF_ERROR(casework_->database.Run([&](db::Transaction& tx) -> absl::Status {
    std::vector<Timer> timers;
    if (key) {
      GW_ASSIGN_OR_RETURN(const std::optional<Timer> timer, LockTimer(tx, *key, call.now));
      if (timer) timers.push_back(*timer);
    } else {
      GW_ASSIGN_OR_RETURN(timers, ClaimTimers(tx, call.now, 1));
    }
    for (Timer& timer : timers) {
      key = timer.key;
      timer.next = call.now + kPutOff;
    }
    return SaveFired(tx, timers);
  }));
  NumbersOfProcess().put_off.Add();
  Log(LogLevel::kError, "timer_put_off",
      {{"subject", key ? key->subject.ToString() : ""},
       {"clock", key ? key->clock : ""},
       {"error", why.ToString(absl::StatusToStringMode::kWithNoExtraData)}});
  return absl::OkStatus();
}

void TimerScheduler::Note(const absl::Status& status) {
  const absl::Status before = std::exchange(health_, status);
  failures_ = status.ok() ? 0 : failures_ + 1;
  if (status.ok()) {
    if (!before.ok()) NoteHealth(kPart, status);
    return;
  }
  if (!journal::IsPassing(status) || failures_ == kTroubleAfter) NoteHealth(kPart, status);
  if (failures_ == 1) {
    Log(LogLevel::kWarning, "timers_wait",
        {{"error", status.ToString(absl::StatusToStringMode::kWithNoExtraData)}});
  }
}

}  // namespace gridwarden::casework
