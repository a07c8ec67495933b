#include "platform/db/errors.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "platform/db/database.h"

namespace gridwarden::db {
namespace {

// Stays inside the process: names of our keys are no business of a caller.
constexpr char kDuplicateUrl[] = "gridwarden/db-duplicate-key";
constexpr char kAlreadyThereUrl[] = "gridwarden/db-already-there";

// "Duplicate entry '…' for key 'stage_subject'" -> stage_subject. The value before it may hold anything,
// quotes too.
std::string KeyNameIn(std::string_view message) {
  constexpr std::string_view kBefore = " for key '";
  const size_t start = message.rfind(kBefore);
  if (start == std::string_view::npos) return "unknown";
  const std::string_view rest = message.substr(start + kBefore.size());
  return std::string(rest.substr(0, rest.find('\'')));
}

}  // namespace

Fault FaultOf(int code) {
  switch (code) {
    case 1213:  // deadlock
    case 1205:  // lock wait timeout
    case 1020:  // record changed since last read (snapshot isolation)
      return Fault::kConflict;
    case 1062:
    case 1169:
    case 1586:
      return Fault::kDuplicate;
    case 1048:  // NULL in NOT NULL
    case 1264:  // out of range
    case 1366:  // incorrect value
    case 1406:  // too long
    case 1451:
    case 1452:  // foreign keys
    case 4025:  // CHECK
      return Fault::kConstraint;
    case 1243:  // unknown prepared statement
    case 1615:  // needs to be re-prepared
    case 2030:  // no prepared statement
    case 2057:  // columns changed since it was prepared
      return Fault::kStale;
    case 1461:
      return Fault::kStatementCap;
    case 1969:  // max_statement_time
    case 3024:
      return Fault::kTimeout;
    case 1040:  // too many connections
    case 1203:
    case 1226:
    case 1045:  // access denied
    case 1044:
    case 1698:
    case 1049:  // unknown database
    case 1047:  // Galera: not ready
    case 1053:  // shutting down
    case 1129:
    case 1130:
    case 1290:  // read only server
    case 1836:
    case 2002:
    case 2003:
    case 2005:
    case 2026:  // TLS
      return Fault::kUnavailable;
    case 1180:  // error during COMMIT
    case 1927:  // connection was killed
    case 1317:  // interrupted
    case 2006:
    case 2012:
    case 2013:
    case 2014:
    case 2027:
    case 2055:
      return Fault::kLost;
    case 1050:  // table exists
    case 1051:  // unknown table in DROP
    case 1060:  // column exists
    case 1061:  // key exists
    case 1091:  // nothing to drop
      return Fault::kAlreadyThere;
    default:
      return Fault::kBug;
  }
}

bool BreaksConnection(Fault fault) { return fault == Fault::kUnavailable || fault == Fault::kLost; }

absl::Status StatusOf(int code, std::string_view message) {
  switch (FaultOf(code)) {
    case Fault::kConflict:
      return MakeError(absl::StatusCode::kAborted, "lost a race with another transaction",
                       {.reason = "LOST_RACE", .retry_after = absl::Milliseconds(100)});
    case Fault::kDuplicate: {
      absl::Status status = AlreadyExists("row");
      status.SetPayload(kDuplicateUrl, absl::Cord(KeyNameIn(message)));
      return status;
    }
    case Fault::kTimeout:
      return DeadlinePassed();
    case Fault::kUnavailable:
    case Fault::kLost:
    case Fault::kStatementCap:
      return Unavailable("DATABASE_UNAVAILABLE", absl::StrFormat("the database is away (%d)", code),
                         absl::Seconds(1));
    case Fault::kConstraint:
      return Internal(absl::StrFormat("a value does not fit its column (%d)", code));
    case Fault::kAlreadyThere: {
      absl::Status status = Internal(absl::StrFormat("database error %d", code));
      status.SetPayload(kAlreadyThereUrl, absl::Cord());
      return status;
    }
    case Fault::kStale:
    case Fault::kBug:
      return Internal(absl::StrFormat("database error %d", code));
  }
  return Internal("database error");
}

absl::Status DeadlinePassed() {
  return MakeError(absl::StatusCode::kDeadlineExceeded, "the deadline passed while working in the database",
                   {.reason = "DEADLINE_PASSED"});
}

bool IsAlreadyThere(const absl::Status& status) { return status.GetPayload(kAlreadyThereUrl).has_value(); }

bool IsDuplicateKey(const absl::Status& status) { return status.GetPayload(kDuplicateUrl).has_value(); }

std::string DuplicateKeyName(const absl::Status& status) {
  const auto name = status.GetPayload(kDuplicateUrl);
  return name ? std::string(*name) : "";
}

}  // namespace gridwarden::db
