#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "access/permission.h"
#include "casework/case_file.h"
#include "casework/proof.h"
#include "domain/policy/policy.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "platform/db/database.h"
#include "platform/rpc/call.h"

// One transition of a signal or a case: decided here by the rules, then saved and appended in the caller's
// transaction.
namespace gridwarden::casework {

// What a command knows of the step it makes.
struct Step {
  v1::Action action = v1::ACTION_UNSPECIFIED;
  access::Acting acting;               // the post it is done in; empty for the system
  absl::Time event_time;               // the latest it can have happened
  std::optional<absl::Time> earliest;  // where it differs
  absl::Time received;                 // the call's now
  std::string request_id;              // "" for the system
  std::string reason;                  // code or words that belong into the journal
  std::string note;                    // words that may name people: kept in the row, out of the journal
  Proof proof;
  std::string eligibility;  // ASSIGN_CHECK
  std::optional<v1::EligibilityProof> eligibility_proof;
  std::optional<v1::Application> application;  // the one the step belongs to
  std::string proposed_handler;                // RETURN

  // Filled by Advance.
  int from_state = 0;
  std::string ended_clock;  // stage clock that the step ended; "" when none
  bool ended_late = false;
  bool ended_uncertain = false;  // not late only by the bound that favours the worker
};

// Moves the file by the table of the workflow: its state, counts and due_time, what the step ended and
// whether late. FAILED_PRECONDITION / ILLEGAL_TRANSITION when the table has no such step; the file is then
// unchanged.
absl::Status Advance(const domain::Policy& policy, CaseFile& file, Step& step);
// The same for a signal, with the guards of on-site checks.
absl::Status Advance(const domain::Policy& policy, SignalFile& signal, Step& step);

// Saves the file, its history row and its journal entry: all or nothing with `tx`. A file at subject.seq 0 is
// inserted. Answers the resource as the client sees it. ABORTED when the row was not locked.
absl::StatusOr<v1::Case> Record(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                                CaseFile& file, const Step& step);
absl::StatusOr<v1::Signal> Record(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                                  SignalFile& signal, const Step& step);

}  // namespace gridwarden::casework
