#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "platform/db/database.h"

// The one log of an installation (architecture.md D7).
namespace gridwarden::journal {

inline constexpr int kLogId = 1;

struct LogIdentity {
  std::string origin;  // "gridwarden.<name>/journal", ".../demo/journal" for a demo log
  bool demo = false;
};

// Finds the log, or founds it when the database has none: `demo` decides for ever what it is. `name`
// ("411700", a division code) is used only then; "" takes a random one. The server calls this at start,
// before anything else writes. FAILED_PRECONDITION / NOT_DEMO when the log is of the other kind: demo mode
// can never be switched on for a log that is not demo, nor off for one that is.
absl::StatusOr<LogIdentity> OpenLog(db::Database& database, std::string_view name, bool demo);

// Finds the log without founding it: for the processes of other areas, whose database account may only read
// the head. UNAVAILABLE while there is none; NOT_DEMO as above.
absl::StatusOr<LogIdentity> FindLog(db::Database& database, bool demo);

}  // namespace gridwarden::journal
