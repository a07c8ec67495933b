#include <algorithm>

#include "absl/strings/str_format.h"
#include "access/standing.h"
#include "base/status.h"
#include "platform/rpc/mutate.h"
#include "report/record_appeal.h"
#include "report/score_fold.h"
#include "report/score_scope.h"
#include "report/score_service.h"

namespace gridwarden::report {
namespace {

constexpr int kEvidenceMax = 20;

// "cases/.." or "signals/..": the subject of its entries.
absl::StatusOr<Uuid> SubjectIn(const std::string& name) {
  if (name.starts_with("signals/")) return ParseResourceName("signals", name, "case");
  return ParseResourceName("cases", name, "case");
}

// For whom the term counts the case: the caller's own, else the first. NOT_COUNTED_IN_TERM when it does not
// count it, or no longer.
absl::StatusOr<std::string> PartyOf(const domain::Ground& ground, const rpc::Call& call,
                                    const v1::ScoreFact& fact, const domain::ScoreTerm& term) {
  std::optional<std::string> first;
  for (const auto& [cell, tally] : domain::score::TalliesOf(ScoreFactOf(fact), term.kind, term.code)) {
    if (tally.numerator == 0 && tally.denominator == 0) continue;
    if (HoldsParty(ground, call.principal.person, cell.party, call.now)) return cell.party;
    if (!first) first = cell.party;
  }
  if (first) return *first;
  return FailedPrecondition("NOT_COUNTED_IN_TERM", "the term does not count this case", {{"term", term.zh}});
}

}  // namespace

absl::StatusOr<v1::ScoreAppeal> SubmitScoreAppeal(const AreaContext& context, const rpc::Call& call,
                                                  const v1::SubmitScoreAppealRequest& request) {
  GW_ASSIGN_OR_RETURN(const domain::ScoreRules* rules, ScoreRulesOf(context));
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid subject, SubjectIn(request.case_()));
  const domain::ScoreTerm* term = rules->Find(request.term());
  if (term == nullptr)
    return InvalidField(
        "term", absl::StrFormat("got \"%s\", want a term of the policy", request.term().substr(0, 60)));
  GW_RETURN_IF_ERROR(CheckAppealText("statement", request.statement()));
  if (request.evidence_size() > kEvidenceMax)
    return InvalidField("evidence",
                        absl::StrFormat("got %d, want at most %d", request.evidence_size(), kEvidenceMax));
  const Uuid id = Uuid::Make(call.now);
  return rpc::Mutate<v1::ScoreAppeal>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::ScoreAppeal> {
        GW_ASSIGN_OR_RETURN(const std::optional<v1::ScoreFact> fact,
                            ReadScoreFact(tx, ScoreGeneration(*rules), subject));
        if (!fact) return access::Absent(*ground, call, request.case_());
        AppealRow appeal;
        appeal.id = id;
        GW_ASSIGN_OR_RETURN(appeal.division, ParseResourceName("divisions", fact->division()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, appeal.division));
        GW_ASSIGN_OR_RETURN(const std::string party, PartyOf(*ground, call, *fact, *term));
        if (!HoldsParty(*ground, call.principal.person, party, call.now) &&
            !LeadsGround(*ground, call.principal.person, appeal.division, call.now)) {
          return MakeError(absl::StatusCode::kPermissionDenied, "only who is judged by it appeals",
                           {.reason = "NOT_YOUR_SCORE"});
        }
        const std::optional<int> level = NextAppealLevel(*ground, appeal.division, call.now, 0);
        if (!level) return Internal("no township, county or city stands above the case");
        appeal.ground_path = fact->ground_path();
        appeal.subject = subject;
        appeal.submit_us = absl::ToUnixMicros(call.now);
        v1::ScoreAppeal& value = appeal.value;
        value.set_name(ResourceName("scoreAppeals", id));
        value.set_state(v1::ScoreAppeal::SUBMITTED);
        value.set_case_(request.case_());
        value.set_term(term->code);
        value.set_party(party);
        value.set_division(fact->division());
        value.set_level(*level);
        value.set_statement(request.statement());
        *value.mutable_evidence() = request.evidence();
        value.set_person(ResourceName("persons", call.principal.person));
        value.set_post(ResourceName("posts", acting.post));
        value.add_appellants(value.person());
        *value.mutable_submit_time() = AppealTime(call.now);
        return RecordAppeal(
            context, call, tx,
            {.action = v1::SUBMIT_APPEAL, .acting = acting, .request_id = request.request_id()}, appeal);
      });
}

}  // namespace gridwarden::report
