#include "base/status.h"
#include "casework/casework.h"
#include "casework/handler.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/signal_rules.h"
#include "casework/step.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// The post that shall look: it has to exist and to be held by somebody.
absl::StatusOr<Uuid> ReadPost(const domain::Ground& ground, const rpc::Call& call, std::string_view name) {
  GW_ASSIGN_OR_RETURN(const Uuid post, ParseResourceName("posts", name, "post"));
  if (ground.FindPost(post) == nullptr)
    return InvalidField("post", "got an unknown post, want one of the ground");
  GW_RETURN_IF_ERROR(CheckHeld(ground, {post, false}, call.now));
  return post;
}

Uuid HolderOf(const domain::Ground& ground, const Uuid& post, absl::Time now) {
  const domain::Tenure* held = ground.HolderOf(post, now, absl::InfiniteFuture());
  return held == nullptr ? Uuid() : held->person;
}

}  // namespace

absl::StatusOr<v1::Signal> RequestOnsiteCheck(const Casework& casework, const rpc::Call& call,
                                              const v1::RequestOnsiteCheckRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  return rpc::Mutate<v1::Signal>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Signal> {
        GW_ASSIGN_OR_RETURN(SignalFile signal, LockSignal(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowSignalDecision(*ground, call, signal));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), signal.subject.seq, request.name()));
        GW_ASSIGN_OR_RETURN(const Uuid post, ReadPost(*ground, call, request.post()));

        Step step{.action = v1::REQUEST_ONSITE_CHECK,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id()};
        GW_RETURN_IF_ERROR(Advance(*casework.policy, signal, step));
        GW_RETURN_IF_ERROR(
            CheckNotAccused(tx, *ground, signal, post, HolderOf(*ground, post, call.now), call.now));
        signal.details.clear_rejection_proposal();
        signal.onsite = {.post = post, .unable_count = signal.onsite.unable_count};
        return Record(tx, call, *casework.policy, signal, step);
      });
}

}  // namespace gridwarden::casework
