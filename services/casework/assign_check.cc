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

absl::StatusOr<Assignment> ChooseFor(const domain::Ground& ground, const domain::CheckerQuestion& question,
                                     const Uuid& post, std::string_view seed) {
  if (!post.IsNil()) return NameChecker(ground, question, post);
  Assignment drawn = DrawChecker(ground, question, seed);
  if (drawn.post.IsNil()) {
    return FailedPrecondition("CHECKER_NOT_ELIGIBLE", "nobody in the county may check this case",
                              {{"rule", "全县没有符合条件的监督员"}, {"rule_id", "B4.NOBODY"}});
  }
  return drawn;
}

}  // namespace

absl::StatusOr<v1::Case> AssignCheck(const Casework& casework, const rpc::Call& call,
                                     const v1::AssignCheckRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid post, ParseResourceName("posts", request.post(), "post"));
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason()));
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
        GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
        GW_ASSIGN_OR_RETURN(const domain::CheckerQuestion question, AskForChecker(tx, file, call.now));
        GW_ASSIGN_OR_RETURN(const Assignment assignment,
                            ChooseFor(*ground, question, post, request.request_id()));
        file.check_post = assignment.post;
        step.eligibility = assignment.eligibility;
        return Record(tx, call, *casework.policy, file, step);
      });
}

// CHECKING waits for somebody after *unable*; FEEDBACK waits from the start. After the second *unable* the
// county decides.
absl::Status AssignCheckOnFeedback(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                                   const journal::FeedEntry& entry) {
  v1::CaseEvent event;
  if (!entry.ReadEvent(&event)) return absl::OkStatus();
  if (event.action() != v1::SUBMIT_FEEDBACK && event.action() != v1::UNABLE) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, entry.subject()));
  const bool moved_on = file.subject.seq != entry.entry.subject_seq();
  if (moved_on || domain::NeedsCounty(0, file.unable_count)) return absl::OkStatus();

  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const domain::CheckerQuestion question, AskForChecker(tx, file, call.now));
  const Assignment assignment = DrawChecker(*ground, question, entry.id().ToString());
  if (assignment.post.IsNil()) return absl::OkStatus();

  Step step{.action = v1::ASSIGN_CHECK,
            .event_time = EntryTime(entry),
            .received = call.now,
            .eligibility = assignment.eligibility};
  GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
  file.check_post = assignment.post;
  return Record(tx, call, *casework.policy, file, step).status();
}

}  // namespace gridwarden::casework
