#pragma once

#include <optional>

#include "absl/time/time.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "platform/rpc/call.h"
#include "sync/operation_body.h"
#include "sync/operation_repository.h"
#include "sync/sync.h"

// The second step: the rpc that an operation asks for is carried out by its area, as the caller, as if the
// phone had called it when it happened. Safe to do again: the area answers what it answered.
namespace gridwarden::sync {

struct Replayed {
  // VERDICT_UNSPECIFIED never. WAITING is not settled: it will be replayed again.
  v1::Verdict verdict = v1::WAITING;
  v1::PushResult result;                     // verdict, reason, words, answer
  domain::OperationFlags flags = 0;          // that only now can be known
  std::optional<v1::Observation> assertion;  // of an ASSERTED one
  Uuid division;                             // where its subject stands; nil when unknown
};

Replayed Replay(const Sync& sync, const rpc::Call& call, const SignedBody& read, const OperationRow& row);

// Fills in what a refusal says to people: reason, sentences, facts and how long to wait.
void Explain(const absl::Status& status, v1::Verdict verdict, v1::PushResult& result);

}  // namespace gridwarden::sync
