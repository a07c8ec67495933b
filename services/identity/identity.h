#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "access/directory.h"
#include "base/clock.h"
#include "gridwarden/identity/v1/account_event.pb.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "identity/account_repository.h"
#include "identity/password.h"
#include "identity/secrets.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"
#include "platform/rpc/call.h"

// What the area's rpcs share.
namespace gridwarden::identity {

// One per process. Sessions, lock-outs and tokens go by the real clock; the journal by the call's.
struct Identity {
  db::Database& database;
  access::Directory& directory;
  const Clock& clock;
  const bool demo;
  const std::string secret;  // LoadServerSecret
  KeyRing keys;
  HashGate gate;

  HashCost CostOfNobody() const { return demo ? HashCost::kDemo : HashCost::kFull; }
};

// In a demo log the first 300 accounts (the simulated people) are hashed at a lower cost, and marked so.
inline constexpr int kDemoCostAccountsMax = 300;

inline constexpr int kLoginBytesMax = 64;
inline constexpr int kDisplayNameBytesMax = 64;
inline constexpr int kClientBytesMax = 120;

// Lower case (ASCII), without surrounding space.
std::string NormaliseLogin(std::string_view text);
// Digits with an optional leading +, without separators and without China's prefix before a mobile number;
// none when it is no phone number.
std::optional<std::string> NormalisePhone(std::string_view text);
// What SignIn looks for: the phone number, or else the login.
std::string NormaliseLoginOrPhone(std::string_view text);

// Argon2id of `password` behind the gate, at the cost that applies to a new credential of `account`.
absl::StatusOr<Credential> MakeCredential(Identity& identity, const Uuid& account, std::string_view password,
                                          absl::Time now);

// The password keyed by the server secret and the request id: what stands for it where a digest of the
// request is kept.
std::string PasswordStandIn(const Identity& identity, std::string_view request_id, std::string_view password);

// Seals the journal entry of a change and moves the row's chain on; stage it after saving the row.
absl::StatusOr<journal::Sealed> SealAccount(const rpc::Call& call, AccountRow& account,
                                            v1::AccountEvent::Action action, std::string_view request_id);

// PERMISSION_DENIED unless the caller is, in the database now, an enabled administrator. Call with the access
// counter locked: of two administrators who disable each other at once only one succeeds.
absl::Status CheckAdministrator(db::Transaction& tx, const rpc::Call& call);

}  // namespace gridwarden::identity
