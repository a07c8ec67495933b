#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Passwords: which are accepted, and how they are kept (guarantees.md 5.1). Never logged, never stored but as
// Argon2id.
namespace gridwarden::identity {

inline constexpr int kPasswordCharactersMin = 12;
inline constexpr int kPasswordBytesMax = 1024;

// INVALID_ARGUMENT / PASSWORD_TOO_WEAK naming the rule, unless the password has at least 12
// characters, is none of the common ones and does not consist of the login or the phone number.
absl::Status CheckPassword(std::string_view password, std::string_view login, std::string_view phone);

// What one hash costs. The full cost takes about 136 ms and 64 MiB here.
enum class HashCost { kFull, kDemo };

// The PHC string "$argon2id$...". RESOURCE_EXHAUSTED when the memory cannot be had.
absl::StatusOr<std::string> HashPassword(std::string_view password, HashCost cost);
bool VerifyPassword(std::string_view phc, std::string_view password);
// The PHC of a password nobody knows, of that cost: what is verified when there is no such account.
const std::string& PhcOfNobody(HashCost cost);

// Lets two hash at once and a few wait; the others are told to come again (OVERLOADED), so that signing in
// can take neither the processors nor the executor's threads away from field work.
class HashGate {
 public:
  static constexpr int kRunningMax = 2;
  static constexpr int kWaitingMax = 6;
  static constexpr int kWaitMsMax = 2000;

  // Held while hashing.
  class Pass {
   public:
    explicit Pass(HashGate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(other.gate_) { other.gate_ = nullptr; }
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->Leave();
    }

   private:
    HashGate* gate_;
  };

  absl::StatusOr<Pass> Enter();

 private:
  void Leave();

  std::mutex mutex_;  // guards running_, waiting_
  std::condition_variable left_;
  int running_ = 0;
  int waiting_ = 0;
};

}  // namespace gridwarden::identity
