#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/db/database.h"

namespace gridwarden::identity {

// What `gridwarden bootstrap-admin` prints once; the password is stored nowhere else.
struct FirstAdministrator {
  std::string login;
  std::string password;  // 20 random characters, 100 bits
};

// Creates the first administrator of an installation, hashed at full cost also in a demo.
// FAILED_PRECONDITION / ALREADY_EXISTS when there is any administrator, disabled or not; of two at once one
// succeeds.
absl::StatusOr<FirstAdministrator> BootstrapAdministrator(db::Database& database, std::string_view login,
                                                          absl::Time now);

}  // namespace gridwarden::identity
