#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "casework/case_file.h"
#include "domain/workflow/separation.h"
#include "platform/db/database.h"

// Who may check a case (B4), from what its rows say about it.
namespace gridwarden::casework {

// The question about the case as it stands, with posts as held at `at`. Those who came back *unable* since
// the last feedback are out: another person or nobody.
absl::StatusOr<domain::CheckerQuestion> AskForChecker(db::Transaction& tx, const CaseFile& file,
                                                      absl::Time at);

// A checker and why, in the words that go into the journal.
struct Assignment {
  Uuid post;
  std::string eligibility;
};

// Draws among the eligible of the nearest ring, the same one for the same seed. A nil post when nobody is
// eligible.
Assignment DrawChecker(const domain::Ground& ground, const domain::CheckerQuestion& question,
                       std::string_view seed);
// The named post, judged. POST_VACANT when nobody holds it, CHECKER_NOT_ELIGIBLE with the rule.
absl::StatusOr<Assignment> NameChecker(const domain::Ground& ground, const domain::CheckerQuestion& question,
                                       const Uuid& post);

}  // namespace gridwarden::casework
