#pragma once

#include <span>
#include <string>

#include "absl/status/status.h"
#include "server/flags.h"

namespace gridwarden::server {

std::span<const Flag> MigrateFlags();  // without those of the database

// Creates the database when it is missing and may be created, applies the migrations, stores the policy, and
// with --accounts-dir makes the database accounts. Says on standard output what it did; doing it again does
// nothing.
absl::Status RunMigrate(const Flags& flags);

}  // namespace gridwarden::server
