#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "casework/case_file.h"
#include "domain/workflow/separation.h"
#include "platform/db/database.h"

// The SQL of cases: their rows, the duties of their chains, their numbers, who returned them.
namespace gridwarden::casework {

// Reads and locks one case for the rest of `tx`, so that two people who decide at once are served in turn.
// `name` is cases/{uuid}. INVALID_ARGUMENT for another spelling, NOT_FOUND if there is no such case.
absl::StatusOr<CaseFile> LockCase(db::Transaction& tx, std::string_view name);
absl::StatusOr<CaseFile> LockCase(db::Transaction& tx, const Uuid& id);

// Reads without locking; `name` is cases/{uuid} or cases/no:{case_no}.
absl::StatusOr<CaseFile> ReadCase(db::Transaction& tx, std::string_view name);

// Those of these cases that exist, by id, with their signals: two statements.
absl::StatusOr<std::vector<CaseFile>> ReadCases(db::Transaction& tx, const std::vector<Uuid>& ids);

// ALREADY_EXISTS when a case has the id.
absl::Status InsertCase(db::Transaction& tx, const CaseFile& file);
// Saves what a step may change; the row must be locked. ABORTED when the row is not at subject.seq - 1.
absl::Status SaveCase(db::Transaction& tx, const CaseFile& file);

// Gives the person the duty in the chain. The key (chain, person) decides, whatever the code above it
// thought: FAILED_PRECONDITION / SEPARATION_OF_DUTIES when the person has another duty there. The same duty
// again is fine.
absl::Status TakeDuty(db::Transaction& tx, const CaseFile& file, const Uuid& person, domain::Duty duty,
                      absl::Time now);
// Every case of the chain, oldest first, without their signals.
absl::StatusOr<std::vector<CaseFile>> ReadCasesOfChain(db::Transaction& tx, const Uuid& chain);
// Who has which duty in the chain.
absl::StatusOr<std::vector<domain::Actor>> ReadChain(db::Transaction& tx, const Uuid& chain);

// Remembers that the handler gave the case back. FAILED_PRECONDITION / ALREADY_RETURNED the second time.
absl::Status RecordReturn(db::Transaction& tx, const Uuid& case_id, const Uuid& handler, absl::Time now);

// The next printed number of a county's year, "411728-2026-00017". Holds the county's row of that year until
// commit.
absl::StatusOr<std::string> TakeCaseNumber(db::Transaction& tx, std::string_view county_code, int year);

// Which cases a list shows, and where it goes on.
struct CaseFilter {
  std::vector<std::string> grounds;     // path keys; empty = everywhere
  std::vector<v1::Case::State> states;  // empty = all
  std::string category;                 // "" = all
  // For ListAssignedCases: posts and units of the caller, and what the caller may sign: cases filed within
  // these grounds, and small polluters to be shut down within those.
  std::vector<Uuid> assignees;
  std::vector<std::string> sign_grounds;
  std::vector<std::string> shut_down_grounds;
  absl::Time due_before = absl::InfiniteFuture();
};
struct CaseKey {
  int64_t time_us = 0;
  Uuid id;
};
// Newest first, after `after` when it is not null.
absl::StatusOr<std::vector<CaseFile>> ListNewestCases(db::Transaction& tx, const CaseFilter& filter,
                                                      const CaseKey* after, int limit);
// Open work that was due before filter.due_before, oldest due first.
absl::StatusOr<std::vector<CaseFile>> ListOverdueCases(db::Transaction& tx, const CaseFilter& filter,
                                                       const CaseKey* after, int limit);
// What waits for the filter's assignees (accepting, handling, checking) or signers, newest first.
absl::StatusOr<std::vector<CaseFile>> ListAssignedCases(db::Transaction& tx, const CaseFilter& filter,
                                                        const CaseKey* after, int limit);

// Texts of the hot statements, for the test that asks how they are executed.
struct CaseStatements {
  static std::string Newest(const CaseFilter& filter, bool after);
  static std::string Overdue(const CaseFilter& filter, bool after);
  static std::string Assigned(const CaseFilter& filter, bool after);
};

}  // namespace gridwarden::casework
