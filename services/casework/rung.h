#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "casework/escalation_subject.h"
#include "casework/timer_repository.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "platform/rpc/call.h"

// A rung fires: somebody is told. It is a row, an entry of the journal and findings of vacancy, and never a
// change of its subject.
namespace gridwarden::casework {

struct OwedRung {
  TimerKey key;
  int percent = 0;
  v1::Rung::Level level = v1::Rung::LEVEL_UNSPECIFIED;
  absl::Time start, due, at;
  absl::Time fire;  // recipients are resolved as of then
  bool clock_ended = false;
  int count = 0;
  EscalationFacts facts;
};

// Fires rungs that were not fired before, in the caller's transaction.
absl::Status FireRungs(db::Transaction& tx, const rpc::Call& call, const domain::Ground& ground,
                       const domain::Policy& policy, const std::vector<OwedRung>& owed);

// Moves a claimed timer on: what it owes by `now` is appended to `owed`, what it looks at next is set. It
// fires now or, with `at_its_time` (in a demo, whose days pass in seconds), when it was due.
void TakeOwed(Timer& timer, absl::Time now, bool at_its_time, const EscalationFacts& facts,
              std::vector<OwedRung>& owed);

}  // namespace gridwarden::casework
