#include <map>

#include "base/status.h"
#include "report/board_scope.h"
#include "report/score_fold.h"
#include "report/score_repository.h"
#include "report/score_scope.h"
#include "report/score_service.h"

namespace gridwarden::report {
namespace {

using domain::score::Tally;
using Terms = std::map<std::string, Tally>;

v1::ScoreRow RowOf(const domain::ScoreRules& rules, const std::string& name, const std::string& display_name,
                   const Terms& terms) {
  v1::ScoreRow row;
  row.set_name(name);
  row.set_display_name(display_name);
  for (const domain::ScoreTerm& term : rules.terms) {
    const auto found = terms.find(term.code);
    const Tally tally = found == terms.end() ? Tally() : found->second;
    v1::ScoreTerm& made = *row.add_terms();
    made.set_code(term.code);
    made.set_zh(term.zh);
    made.set_en(term.en);
    made.set_formula_zh(term.formula_zh);
    made.set_formula_en(term.formula_en);
    made.set_source(term.source);
    made.set_is_count(domain::score::IsCount(term.kind));
    made.set_numerator(tally.numerator);
    made.set_denominator(tally.denominator);
    made.set_uncertain(tally.uncertain);
    made.set_adjusted(tally.adjusted);
  }
  return row;
}

}  // namespace

// The sums come cut off right below the division, so every one of them is the division's own or a child's,
// and all of them together are the total.
absl::StatusOr<v1::Scores> GetScores(const AreaContext& context, const rpc::Call& call,
                                     const v1::GetScoresRequest& request) {
  GW_ASSIGN_OR_RETURN(const domain::ScoreRules* rules, ScoreRulesOf(context));
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const domain::Division* division, AllowedDivision(*ground, call, request.division()));
  GW_ASSIGN_OR_RETURN(const Months months, MonthsOf(request.period()));
  GW_ASSIGN_OR_RETURN(const std::string parties, PartiesOf(*ground, request.party()));
  const int64_t generation = ScoreGeneration(*rules);

  Terms total, own;
  std::map<Uuid, Terms> children;
  std::map<std::string, Terms> by_party;
  int64_t index = 0;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    total.clear(), own.clear(), children.clear(), by_party.clear();
    GW_ASSIGN_OR_RETURN(index, ReadScoreCursor(tx, ScoreConsumer(*rules)));
    for (const std::string& path : ground->PathKeysEver(division->id)) {
      const ScoreSpan span{path, static_cast<int>(path.size()) + 16, months.first, months.last, parties};
      GW_ASSIGN_OR_RETURN(const std::vector<ScoreSum> sums, SumScores(tx, generation, span));
      for (const ScoreSum& sum : sums) {
        total[sum.term] += sum.tally;
        Terms& part = sum.path.size() == path.size()
                          ? own
                          : children[Uuid::FromBytes(sum.path.substr(path.size())).value_or(Uuid())];
        part[sum.term] += sum.tally;
        if (request.by_party()) by_party[sum.party][sum.term] += sum.tally;
      }
    }
    return absl::OkStatus();
  }));

  v1::Scores scores;
  const std::string name = ResourceName("divisions", division->id);
  *scores.mutable_total() = RowOf(*rules, name, division->display_name, total);
  *scores.mutable_own() = RowOf(*rules, name, division->display_name, own);
  for (const domain::Division* child : ground->ChildrenEver(division->id)) children.try_emplace(child->id);
  for (const auto& [id, terms] : children) {
    const domain::Division* child = ground->FindDivision(id);
    *scores.add_children() =
        RowOf(*rules, ResourceName("divisions", id),
              child == nullptr ? ResourceName("divisions", id) : child->display_name, terms);
  }
  for (const auto& [party, terms] : by_party)
    *scores.add_parties() = RowOf(*rules, party, party.empty() ? "" : PartyName(*ground, party), terms);
  scores.set_first_month(months.first);
  scores.set_last_month(months.last);
  scores.set_log_index(index);
  scores.set_rule_version(context.policy->version);
  return scores;
}

}  // namespace gridwarden::report
