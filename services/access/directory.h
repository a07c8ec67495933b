#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "domain/ground/ground.h"
#include "platform/rpc/channel.h"

// What every process keeps in memory so that permission needs no network (decision 4): the ground from the
// grid area, and which accounts and sessions may no longer call from the identity area. Refreshed every
// second; a removed post acts within 5 s.
namespace gridwarden::access {

// Accounts and sessions as the identity area last told.
struct AccessState {
  struct Account {
    Uuid person;
    bool administrator = false;
    bool disabled = false;
  };
  absl::flat_hash_map<Uuid, Account> accounts;
  absl::flat_hash_set<Uuid> ended_sessions;
  absl::flat_hash_map<std::string, std::string> token_keys;  // key id -> Ed25519 public key
};

class Directory {
 public:
  // `grid` and `identity` reach those areas (GridInternalService, IdentityInternalService).
  Directory(rpc::Channel& grid, rpc::Channel& identity);
  // A directory that never changes, for tests.
  Directory(std::shared_ptr<const domain::Ground> ground, std::shared_ptr<const AccessState> access);
  ~Directory();

  // Fetches what changed, now. UNAVAILABLE while an area cannot be reached; the last snapshot stays.
  absl::Status Refresh();
  // Refreshes every second on a thread of its own until destroyed.
  void Start();
  // False until the first refresh came through: not ready.
  bool loaded() const;

  std::shared_ptr<const domain::Ground> ground() const;
  std::shared_ptr<const AccessState> access() const;

 private:
  struct Source;
  absl::Status RefreshGround();
  absl::Status RefreshAccess();

  std::unique_ptr<Source> source_;  // null for a directory that never changes
  mutable std::mutex mutex_;        // guards ground_, access_, loaded_, stopping_
  std::shared_ptr<const domain::Ground> ground_;
  std::shared_ptr<const AccessState> access_;
  std::condition_variable wake_;
  bool loaded_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden::access
