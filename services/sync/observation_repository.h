#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "gridwarden/sync/v1/sync.pb.h"
#include "platform/db/database.h"
#include "platform/rpc/call.h"

// What was seen or said and changed no state: table observation.
namespace gridwarden::sync {

struct ObservationRow {
  Uuid id;
  Uuid account;
  Uuid person;
  Uuid post;
  Uuid division;
  absl::Time received;
  v1::Observation content;  // all but the names of who and where
};

// Inserts it with its entry in the journal, whose actor and time are those of the call and of `content`.
absl::Status KeepObservation(db::Transaction& tx, const rpc::Call& call, const ObservationRow& row);

struct ObservationKey {
  int64_t received_us = 0;
  Uuid id;
};
// About a subject, in the order they came; only those of an account unless it is nil.
absl::StatusOr<std::vector<ObservationRow>> ListObservationsOf(db::Transaction& tx,
                                                               const std::string& subject,
                                                               const Uuid& account,
                                                               const ObservationKey& after, int limit);

v1::Observation ShownObservation(const domain::Ground& ground, const ObservationRow& row);

}  // namespace gridwarden::sync
