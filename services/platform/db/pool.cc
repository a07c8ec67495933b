#include "platform/db/pool.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "absl/time/clock.h"
#include "platform/runtime/instruments.h"

namespace gridwarden::db {
namespace {

// A caller without a deadline does not wait for ever.
constexpr absl::Duration kWaitMax = absl::Seconds(30);
// The server may have closed a connection that slept.
constexpr absl::Duration kPingAfter = absl::Seconds(5);
// Sessions do not grow old with whatever they gathered.
constexpr absl::Duration kLifetimeMax = absl::Minutes(30);

// Of all pools of this process; a server has one.
struct PoolNumbers {
  Gauge size{"gridwarden_db_pool_size", "Database connections this process may hold."};
  Gauge open{"gridwarden_db_pool_open", "Database connections that are open or being opened."};
  Gauge in_use{"gridwarden_db_pool_in_use", "Database connections that are lent."};
  Histogram wait{"gridwarden_db_pool_wait_seconds", "Wait for a free database connection.", WaitBuckets()};
  Counter exhausted{"gridwarden_db_pool_exhausted_total",
                    "Times that no database connection became free before the deadline."};
  Counter failed{"gridwarden_db_connect_errors_total", "Database connections that could not be opened."};
  Counter broken{"gridwarden_db_connections_broken_total", "Database connections that broke while lent."};
};

PoolNumbers& Numbers() {
  static auto* const numbers = new PoolNumbers();
  return *numbers;
}

}  // namespace

Pool::Pool(Options options) : options_(std::move(options)) { Numbers().size.Add(options_.pool_size); }

Pool::~Pool() {
  Numbers().size.Add(-options_.pool_size);
  Numbers().open.Add(-open_);
}

absl::StatusOr<Pool::Lease> Pool::Take(absl::Time deadline) {
  deadline = std::min(deadline, absl::Now() + kWaitMax);
  while (true) {
    std::unique_ptr<Connection> connection;
    {
      const absl::Time came = absl::Now();
      std::unique_lock lock(mutex_);
      const bool free = freed_.wait_until(lock, absl::ToChronoTime(deadline),
                                          [&] { return !idle_.empty() || open_ < options_.pool_size; });
      Numbers().wait.Observe(absl::ToDoubleSeconds(absl::Now() - came));
      if (!free) {
        Numbers().exhausted.Add();
        return Overloaded("no database connection is free", absl::Milliseconds(500));
      }
      if (!idle_.empty()) {
        connection = std::move(idle_.back());
        idle_.pop_back();
      } else {
        ++open_;
        Numbers().open.Add(1);
      }
    }
    if (connection == nullptr) {
      Options options = options_;
      options.connect_timeout =
          std::min(options.connect_timeout, std::max(absl::Seconds(1), deadline - absl::Now()));
      absl::StatusOr<std::unique_ptr<Connection>> opened = Connection::Open(options);
      if (!opened.ok()) {
        Numbers().failed.Add();
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
      Numbers().in_use.Add(1);
      return Lease(this, *std::move(opened));
    }
    const absl::Time now = absl::Now();
    const bool old = now - connection->opened() > kLifetimeMax;
    if (old || (now - connection->last_used() > kPingAfter && !connection->Ping())) {
      connection.reset();
      Release();
      continue;
    }
    Numbers().in_use.Add(1);
    return Lease(this, std::move(connection));
  }
}

void Pool::Return(std::unique_ptr<Connection> connection) {
  std::vector<std::unique_ptr<Connection>> closed;  // closed outside the lock
  {
    const std::lock_guard lock(mutex_);
    Numbers().in_use.Add(-1);
    if (connection->broken()) {
      Numbers().broken.Add();
      Numbers().open.Add(-1 - static_cast<double>(idle_.size()));
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
    Numbers().open.Add(-1);
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
