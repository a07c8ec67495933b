#include "platform/db/pool.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "absl/time/clock.h"

namespace gridwarden::db {
namespace {

// A caller without a deadline does not wait for ever.
constexpr absl::Duration kWaitMax = absl::Seconds(30);
// The server may have closed a connection that slept.
constexpr absl::Duration kPingAfter = absl::Seconds(5);
// Sessions do not grow old with whatever they gathered.
constexpr absl::Duration kLifetimeMax = absl::Minutes(30);

}  // namespace

Pool::Pool(Options options) : options_(std::move(options)) {}

absl::StatusOr<Pool::Lease> Pool::Take(absl::Time deadline) {
  deadline = std::min(deadline, absl::Now() + kWaitMax);
  while (true) {
    std::unique_ptr<Connection> connection;
    {
      std::unique_lock lock(mutex_);
      const bool free = freed_.wait_until(lock, absl::ToChronoTime(deadline),
                                          [&] { return !idle_.empty() || open_ < options_.pool_size; });
      if (!free) return Overloaded("no database connection is free", absl::Milliseconds(500));
      if (!idle_.empty()) {
        connection = std::move(idle_.back());
        idle_.pop_back();
      } else {
        ++open_;
      }
    }
    if (connection == nullptr) {
      Options options = options_;
      options.connect_timeout =
          std::min(options.connect_timeout, std::max(absl::Seconds(1), deadline - absl::Now()));
      absl::StatusOr<std::unique_ptr<Connection>> opened = Connection::Open(options);
      if (!opened.ok()) {
        Release();
        return opened.status();
      }
      // A pooled connection is only used in transactions: each begins by itself with its first statement,
      // which saves a round trip.
      if (absl::Status off = (*opened)->Execute("SET autocommit=0"); !off.ok()) {
        opened->reset();
        Release();
        return off;
      }
      return Lease(this, *std::move(opened));
    }
    const absl::Time now = absl::Now();
    const bool old = now - connection->opened() > kLifetimeMax;
    if (old || (now - connection->last_used() > kPingAfter && !connection->Ping())) {
      connection.reset();
      Release();
      continue;
    }
    return Lease(this, std::move(connection));
  }
}

void Pool::Return(std::unique_ptr<Connection> connection) {
  std::vector<std::unique_ptr<Connection>> closed;  // closed outside the lock
  {
    const std::lock_guard lock(mutex_);
    if (connection->broken()) {
      // The server went away, most likely for the idle ones too.
      --open_;
      closed.push_back(std::move(connection));
      open_ -= static_cast<int>(idle_.size());
      for (auto& idle : idle_) closed.push_back(std::move(idle));
      idle_.clear();
    } else {
      connection->MarkUsed(absl::Now());
      connection->ClearFault();
      idle_.push_back(std::move(connection));
    }
  }
  closed.empty() ? freed_.notify_one() : freed_.notify_all();
}

void Pool::Release() {
  {
    const std::lock_guard lock(mutex_);
    --open_;
  }
  freed_.notify_one();
}

int Pool::idle() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(idle_.size());
}

int Pool::open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

}  // namespace gridwarden::db
