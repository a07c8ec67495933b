#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "casework/casework.h"
#include "casework/vacancy_repository.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"
#include "platform/rpc/call.h"

// Posts that nobody holds although somebody should have been told: one finding stands per post, from the
// first rung that met it until somebody holds the post again.
namespace gridwarden::casework {

struct VacantPost {
  Uuid post;
  Uuid rung;
  std::string subject;
  absl::Time seen;
};

// Records those that are not known yet; the entries of the journal they make are appended to `entries`, which
// the caller stages.
absl::Status NoteVacancies(db::Transaction& tx, const rpc::Call& call, const domain::Ground& ground,
                           const domain::Policy& policy, std::vector<VacantPost> vacancies,
                           std::vector<journal::Sealed>& entries);

// As the journal has it, and clients see it but for the names that views add.
v1::VacancyFinding ToProto(const Vacancy& vacancy);

// Ends the findings whose post is held again, or is no more. Answers how many.
absl::StatusOr<int> EndVacancies(const Casework& casework, const rpc::Call& call);

}  // namespace gridwarden::casework
