#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/independence.h"
#include "casework/place.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "domain/workflow/case_workflow.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// When two people were unable to check, the county decides who goes (T16).
absl::StatusOr<access::Acting> AllowAssign(const domain::Ground& ground, const rpc::Call& call,
                                           const CaseFile& file) {
  if (!domain::NeedsCounty(0, file.unable_count)) return access::AllowAt(ground, call, file.place.division);
  return access::AllowAt(ground, call, CountyOf(ground, file.place.division, call.now));
}

absl::StatusOr<Assignment> ChooseFor(const domain::Ground& ground, const domain::Policy& policy,
                                     db::Transaction& tx, const CaseFile& file,
                                     const domain::CheckerQuestion& question, const Uuid& post) {
  if (!post.IsNil()) return NameChecker(ground, policy, question, post);
  const domain::Pool pool = domain::PoolOf(ground, question);
  GW_ASSIGN_OR_RETURN(const std::string seed, SeedOf(tx, file));
  Assignment drawn = DrawChecker(policy, question, pool, seed);
  if (drawn.post.IsNil()) {
    return FailedPrecondition("CHECKER_NOT_ELIGIBLE", "nobody in the county may check this case",
                              {{"rule", domain::WaitingReason(pool)}, {"rule_id", "B4.NOBODY"}});
  }
  return drawn;
}

// The feed of what makes a case wait for a checker: a fix, a receiver's result, somebody unable, a dispute.
bool AsksForChecker(v1::Action action) {
  return action == v1::SUBMIT_FEEDBACK || action == v1::UNABLE || action == v1::SUBMIT_RESULT ||
         action == v1::DISPUTE;
}

}  // namespace

absl::StatusOr<v1::Case> AssignCheck(const Casework& casework, const rpc::Call& call,
                                     const v1::AssignCheckRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_ASSIGN_OR_RETURN(const Uuid post, ParseResourceName("posts", request.post(), "post"));
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), request.any_hour()));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowAssign(*ground, call, file));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        Step step{.action = v1::ASSIGN_CHECK,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason()};
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        // Somebody else in place of whoever was drawn: why stands on the record.
        if (!file.check_post.IsNil()) GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
        GW_ASSIGN_OR_RETURN(const domain::CheckerQuestion question,
                            AskForChecker(*ground, policy, tx, file, call.now));
        GW_ASSIGN_OR_RETURN(const Assignment assignment,
                            ChooseFor(*ground, policy, tx, file, question, post));
        Assign(policy, assignment, request.any_hour(), file, step);
        return Record(tx, call, policy, file, step);
      });
}

// CHECKING waits for somebody after *unable*; FEEDBACK waits from the start. After the second *unable* the
// county decides.
absl::Status AssignCheckOnFeedback(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                                   const journal::FeedEntry& entry) {
  v1::CaseEvent event;
  if (!entry.ReadEvent(&event) || !AsksForChecker(event.action())) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, entry.subject()));
  if (!WaitsForChecker(file)) return absl::OkStatus();
  // What was added to the case meanwhile (a link, an application) does not keep the check from being
  // assigned.
  const bool just_asked = file.subject.seq == entry.entry.subject_seq();
  return AssignOrWait(*casework.directory.ground(), *casework.policy, call, tx, file,
                      just_asked ? EntryTime(entry) : call.now);
}

}  // namespace gridwarden::casework
