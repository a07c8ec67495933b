#pragma once

#include <string_view>

#include "absl/status/status.h"

// What the driver's error numbers mean to us. Free of the driver, so that every number can be tested.
namespace gridwarden::db {

enum class Fault {
  kConflict,      // deadlock, lock wait, snapshot changed: the transaction starts over
  kDuplicate,     // a unique key refused
  kConstraint,    // a value does not fit its column: ours to have checked before
  kStale,         // a prepared statement must be prepared again
  kStatementCap,  // the server holds too many prepared statements
  kTimeout,       // the statement ran too long
  kUnavailable,   // the server is away or turns connections away
  kLost,          // the connection is gone; what was under way is unknown
  kAlreadyThere,  // a schema statement found its work done
  kBug,           // anything else
};

Fault FaultOf(int code);

// True when a connection that saw this must not be used again.
bool BreaksConnection(Fault fault);

// The status the caller gets: reason and advice, never SQL text nor values. `message` is the driver's own,
// read only for the name of a duplicate key.
absl::Status StatusOf(int code, std::string_view message);

absl::Status DeadlinePassed();

// True for a schema statement that found its work done: the table, column or key exists already, or is gone
// already.
bool IsAlreadyThere(const absl::Status& status);

}  // namespace gridwarden::db
