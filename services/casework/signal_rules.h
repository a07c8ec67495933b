#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "access/permission.h"
#include "casework/case_file.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "domain/workflow/same_problem.h"
#include "platform/db/database.h"
#include "platform/rpc/call.h"

// What the decisions about a signal ask before they decide.
namespace gridwarden::casework {

// As access::AllowAt for the signal's ground; once its rejection was disputed only for the county or above.
absl::StatusOr<access::Acting> AllowSignalDecision(const domain::Ground& ground, const rpc::Call& call,
                                                   const SignalFile& signal);

// A public or hotline lead: somebody waits for an answer.
bool HasReporter(const SignalFile& signal);
// The reporter's own clock starts: until when they have to be told, from `since` on.
void StartReporterClock(const domain::Policy& policy, SignalFile& signal, absl::Time since);

// ACCUSED_UNIT when the person has a post of the unit that the lead complains about, or of the handler of the
// last case of the signal's source, at `at`. `post` is checked too; a nil person or post is nobody's.
absl::Status CheckNotAccused(db::Transaction& tx, const domain::Ground& ground, const SignalFile& signal,
                             const Uuid& post, const Uuid& person, absl::Time at);

// The finds as the rules compare them.
domain::Sighting SightingOf(const SignalFile& signal);
domain::Sighting SightingOf(const CaseFile& file);

}  // namespace gridwarden::casework
