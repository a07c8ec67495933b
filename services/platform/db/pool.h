#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "platform/db/connection.h"

namespace gridwarden::db {

// A bounded set of connections. Whoever finds none free waits until its deadline, then is told OVERLOADED.
class Pool {
 public:
  explicit Pool(Options options);
  ~Pool();
  Pool(const Pool&) = delete;

  // A connection that is given back when this goes away; a broken one is destroyed instead.
  class Lease {
   public:
    Lease(Pool* pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->Return(std::move(connection_));
    }
    Connection& operator*() { return *connection_; }
    Connection* operator->() { return connection_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  absl::StatusOr<Lease> Take(absl::Time deadline);

  int idle() const;
  int open() const;

 private:
  friend class Lease;
  void Return(std::unique_ptr<Connection> connection);
  void Release();

  const Options options_;
  mutable std::mutex mutex_;  // guards idle_, open_
  std::condition_variable freed_;
  std::deque<std::unique_ptr<Connection>> idle_;  // most recently used last
  int open_ = 0;                                  // idle, lent and being opened
};

}  // namespace gridwarden::db
