#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "casework/timer_repository.h"
#include "domain/escalation/recipients.h"
#include "domain/policy/policy.h"

namespace gridwarden::casework {

// What a rung says of its subject, and where its work may wait.
struct EscalationFacts {
  TimerSubject kind = TimerSubject::kCase;
  std::string name;  // "cases/..."
  std::string category, case_no, ground_path;
  Uuid division;
  Uuid handler;  // of a case; the addressee of an order; who looks at a signal
  bool handler_is_unit = false;
  Uuid check_post;
  Uuid filing_division;
  bool over = false;  // a case that is closed, void or under watch
};

// The subjects of some timers, by id; one that is gone is left out.
absl::StatusOr<std::map<Uuid, EscalationFacts>> ReadEscalationFacts(db::Transaction& tx,
                                                                    const std::vector<Timer>& timers);
absl::StatusOr<std::optional<EscalationFacts>> ReadCaseFacts(db::Transaction& tx, const Uuid& case_id);

// Who the work waits for while this clock runs.
domain::EscalationSubject SubjectOf(const domain::Ground& ground, const domain::Policy& policy,
                                    const EscalationFacts& facts, std::string_view clock);

}  // namespace gridwarden::casework
