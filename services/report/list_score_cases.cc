#include <algorithm>

#include "absl/strings/str_split.h"
#include "base/status.h"
#include "platform/rpc/page.h"
#include "report/board_scope.h"
#include "report/score_fold.h"
#include "report/score_repository.h"
#include "report/score_scope.h"
#include "report/score_service.h"

namespace gridwarden::report {
namespace {

constexpr int kBatch = 500;
// Facts looked at for one page; a page may then hold fewer cases than asked for, and say where it goes on.
constexpr int kLookedAtMax = 20'000;

struct Wanted {
  const domain::ScoreTerm& term;
  Months months;
  std::vector<std::string> parties;  // empty = all
};

void AddCounted(const ScoreFactRow& row, const Wanted& wanted, v1::ListScoreCasesResponse& response) {
  for (const auto& [cell, tally] :
       domain::score::TalliesOf(ScoreFactOf(row.fact), wanted.term.kind, wanted.term.code)) {
    if (cell.month < wanted.months.first || cell.month > wanted.months.last) continue;
    if (!wanted.parties.empty() &&
        std::find(wanted.parties.begin(), wanted.parties.end(), cell.party) == wanted.parties.end()) {
      continue;
    }
    v1::ScoreCase& counted = *response.add_cases();
    counted.set_name(ResourceName(row.fact.is_case() ? "cases" : "signals", row.subject));
    counted.set_case_no(row.fact.case_no());
    counted.set_division(row.fact.division());
    counted.set_party(cell.party);
    counted.set_month(cell.month);
    counted.set_numerator(tally.numerator);
    counted.set_denominator(tally.denominator);
    counted.set_uncertain(tally.uncertain > 0);
    counted.set_adjusted(tally.adjusted > 0);
  }
}

}  // namespace

absl::StatusOr<v1::ListScoreCasesResponse> ListScoreCases(const AreaContext& context, const rpc::Call& call,
                                                          const v1::ListScoreCasesRequest& request) {
  GW_ASSIGN_OR_RETURN(const domain::ScoreRules* rules, ScoreRulesOf(context));
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const domain::Division* division, AllowedDivision(*ground, call, request.division()));
  const domain::ScoreTerm* term = rules->Find(request.term());
  if (term == nullptr)
    return InvalidField("term", "got \"" + request.term().substr(0, 60) + "\", want a term of the policy");
  GW_ASSIGN_OR_RETURN(const Months months, MonthsOf(request.period()));
  GW_ASSIGN_OR_RETURN(const std::string parties, PartiesOf(*ground, request.party()));
  Wanted wanted{*term, months, {}};
  if (!parties.empty()) wanted.parties = absl::StrSplit(parties, ',');
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  std::string first_path;
  Uuid first_subject;
  if (!page.after.empty()) {
    const std::optional<Uuid> id = page.after.size() == 2 ? Uuid::FromBytes(page.after[1]) : std::nullopt;
    if (!id) return InvalidField("page_token", "want a token that this rpc gave");
    first_path = page.after[0];
    first_subject = *id;
  }
  v1::ListScoreCasesResponse response;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    response.Clear();
    std::string path = first_path;
    Uuid subject = first_subject;
    int looked_at = 0;
    for (const std::string& key : ground->PathKeysEver(division->id)) {
      if (!path.empty() && key < path && !path.starts_with(key)) continue;  // done on an earlier page
      while (true) {
        GW_ASSIGN_OR_RETURN(const std::vector<ScoreFactRow> rows,
                            ListScoreFacts(tx, ScoreGeneration(*rules), key, path, subject, kBatch));
        for (const ScoreFactRow& row : rows) {
          path = row.fact.ground_path();
          subject = row.subject;
          AddCounted(row, wanted, response);
          if (response.cases_size() < page.size && ++looked_at < kLookedAtMax) continue;
          response.set_next_page_token(rpc::NextPageToken(request, {path, subject.Bytes()}));
          return absl::OkStatus();
        }
        if (static_cast<int>(rows.size()) < kBatch) break;
      }
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace gridwarden::report
