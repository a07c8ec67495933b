#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "access/permission.h"
#include "casework/case_file.h"
#include "casework/step.h"
#include "domain/policy/policy.h"
#include "domain/workflow/separation.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "platform/db/database.h"
#include "platform/rpc/call.h"

// Who may check a case (B4), from what its rows say about it, and the proof that is stored with it.
namespace gridwarden::casework {

// The question about the case as it stands, with posts as held at `at`, as known now. Out are: who handled it
// or an earlier case of the chain, who came back *unable* since the fix, who found it, who made the check
// that was disputed, who is in a declared conflict with the fixer, the fixer's unit or the source, and who
// checked the fixer last.
absl::StatusOr<domain::CheckerQuestion> AskForChecker(const domain::Ground& ground,
                                                      const domain::Policy& policy, db::Transaction& tx,
                                                      const CaseFile& file, absl::Time at);

// A checker and why, in the words and as the proof that go into the journal.
struct Assignment {
  Uuid post;
  std::string eligibility;
  v1::EligibilityProof proof;
};

// What a draw is made with: the entry at which the case stood, and the case. The server makes the ids of
// entries, so nobody chose it.
absl::StatusOr<std::string> SeedOf(db::Transaction& tx, const CaseFile& file);

// Draws among the eligible of the nearest ring: the smallest HMAC-SHA-256, with the seed as key, over the 16
// bytes of the post and the 16 of the person (B5). A nil post when nobody is eligible.
Assignment DrawChecker(const domain::Policy& policy, const domain::CheckerQuestion& question,
                       const domain::Pool& pool, std::string_view seed);
// The named post, judged. POST_VACANT when nobody holds it, CHECKER_NOT_ELIGIBLE with the rule.
absl::StatusOr<Assignment> NameChecker(const domain::Ground& ground, const domain::Policy& policy,
                                       const domain::CheckerQuestion& question, const Uuid& post);

// Judges whoever hands a result in: eligible at the time of the check and at the call, or
// CHECKER_NOT_ELIGIBLE. A person assigned lawfully is not put out by alternation afterwards; somebody who
// took the post over is judged by it.
absl::StatusOr<Assignment> AcceptChecker(const domain::Ground& ground, const domain::Policy& policy,
                                         db::Transaction& tx, const rpc::Call& call, const CaseFile& file,
                                         const access::Acting& acting, absl::Time event_time);

// Whether a check is to be made and the system may say by whom: nobody is assigned, and not two were unable
// already.
bool WaitsForChecker(const CaseFile& file);

// Assigns whom the draw gives; when nobody is eligible, records once why, and leaves the case waiting.
absl::Status AssignOrWait(const domain::Ground& ground, const domain::Policy& policy, const rpc::Call& call,
                          db::Transaction& tx, CaseFile& file, absl::Time event_time);

// Puts the assignment into the case and the step: post, hours of the check, no more waiting.
void Assign(const domain::Policy& policy, const Assignment& assignment, bool any_hour, CaseFile& file,
            Step& step);

}  // namespace gridwarden::casework
