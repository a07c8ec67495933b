#include "casework/escalation_subject.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/ground_filter.h"
#include "domain/clock/stage_clock.h"
#include "gridwarden/casework/v1/casework.pb.h"

namespace gridwarden::casework {
namespace {

using domain::Level;
using domain::PostKind;

constexpr std::string_view kCaseFacts =
    "SELECT case_id, category, case_no, ground_path, division, handler, handler_is_unit, check_post, "
    "filing_division, state FROM case_file WHERE case_id IN (";
constexpr std::string_view kSignalFacts =
    "SELECT signal_id, category, ground_path, division, onsite_post FROM signal_file WHERE signal_id IN (";
constexpr std::string_view kOrderFacts =
    "SELECT order_id, ground_path, division, addressee, addressee_is_unit FROM supervision_order WHERE "
    "order_id IN (";

EscalationFacts ReadCaseRow(const db::Row& row) {
  EscalationFacts facts{.kind = TimerSubject::kCase,
                        .name = ResourceName("cases", row.Id(0)),
                        .category = row.Text(1),
                        .case_no = row.Text(2),
                        .ground_path = row.Text(3),
                        .division = row.Id(4),
                        .handler = row.Id(5),
                        .handler_is_unit = row.Bool(6),
                        .filing_division = row.Id(8)};
  // Between feedback and assignment the check waits for the office, whoever checked before.
  if (row.Int(9) == v1::Case::CHECKING) facts.check_post = row.Id(7);
  const domain::Stage stage = domain::StageOf(static_cast<domain::CaseState>(row.Int(9)));
  facts.over = stage == domain::Stage::kNone || stage == domain::Stage::kRecheck;
  return facts;
}

EscalationFacts ReadSignalRow(const db::Row& row) {
  return {.kind = TimerSubject::kSignal,
          .name = ResourceName("signals", row.Id(0)),
          .category = row.Text(1),
          .ground_path = row.Text(2),
          .division = row.Id(3),
          .handler = row.Id(4)};
}

EscalationFacts ReadOrderRow(const db::Row& row) {
  return {.kind = TimerSubject::kOrder,
          .name = ResourceName("supervisionOrders", row.Id(0)),
          .ground_path = row.Text(1),
          .division = row.Id(2),
          .handler = row.Id(3),
          .handler_is_unit = row.Bool(4)};
}

absl::Status ReadInto(db::Transaction& tx, std::string_view sql, const std::vector<Uuid>& ids,
                      EscalationFacts (*read)(const db::Row&), std::map<Uuid, EscalationFacts>& facts) {
  if (ids.empty()) return absl::OkStatus();
  std::vector<db::Value> values;
  BindIn(
      ids, [](const Uuid& id) { return id; }, values);
  return tx.QueryValues(absl::StrCat(std::string(sql), db::InList(RoundUp(ids.size())), ")"), values,
                        [&](const db::Row& row) { facts[row.Id(0)] = read(row); });
}

domain::Desk Held(const Uuid& id, bool is_unit) {
  if (is_unit) return {.unit = id};
  return {.posts = {id}};
}

domain::Desk Nearest(std::vector<PostKind> kinds, Level from) {
  return {.nearest = {.kinds = std::move(kinds), .from = from}};
}

Level LevelOf(const domain::Ground& ground, const Uuid& division, Level otherwise) {
  const domain::Division* row = ground.FindDivision(division);
  return row == nullptr ? otherwise : row->level;
}

domain::Desk DeskOf(const domain::Ground& ground, const EscalationFacts& facts, std::string_view clock) {
  const domain::Desk handler = facts.handler.IsNil() ? Nearest({PostKind::kCampaignOffice}, Level::kTownship)
                                                     : Held(facts.handler, facts.handler_is_unit);
  if (facts.kind == TimerSubject::kOrder) return handler;
  if (facts.kind == TimerSubject::kSignal)
    return clock == "ONSITE" ? handler : Nearest({PostKind::kCampaignOffice}, Level::kTownship);
  // The office that filed it dispatches it, the leader of that level signs.
  const Level filed = LevelOf(ground, facts.filing_division, Level::kTownship);
  if (clock == "DISPATCH") return Nearest({PostKind::kCampaignOffice}, filed);
  if (clock == "SIGN") return Nearest({PostKind::kGridLeader, PostKind::kFirstGridLeader}, filed);
  if (clock == "CHECK")
    return facts.check_post.IsNil() ? Nearest({PostKind::kCampaignOffice}, filed)
                                    : Held(facts.check_post, false);
  if (clock == "REVIEW" || clock == "RESULT") return Nearest({PostKind::kCampaignOffice}, Level::kCounty);
  if (clock == "RECHECK") return Nearest({PostKind::kPatrolOfficer, PostKind::kGridOfficer}, Level::kVillage);
  return handler;
}

}  // namespace

absl::StatusOr<std::map<Uuid, EscalationFacts>> ReadEscalationFacts(db::Transaction& tx,
                                                                    const std::vector<Timer>& timers) {
  std::map<TimerSubject, std::vector<Uuid>> ids;
  for (const Timer& timer : timers) ids[timer.kind].push_back(timer.key.subject);
  std::map<Uuid, EscalationFacts> facts;
  GW_RETURN_IF_ERROR(ReadInto(tx, kCaseFacts, ids[TimerSubject::kCase], ReadCaseRow, facts));
  GW_RETURN_IF_ERROR(ReadInto(tx, kSignalFacts, ids[TimerSubject::kSignal], ReadSignalRow, facts));
  GW_RETURN_IF_ERROR(ReadInto(tx, kOrderFacts, ids[TimerSubject::kOrder], ReadOrderRow, facts));
  return facts;
}

absl::StatusOr<std::optional<EscalationFacts>> ReadCaseFacts(db::Transaction& tx, const Uuid& case_id) {
  std::map<Uuid, EscalationFacts> facts;
  GW_RETURN_IF_ERROR(ReadInto(tx, kCaseFacts, {case_id}, ReadCaseRow, facts));
  if (facts.empty()) return std::optional<EscalationFacts>();
  return std::optional<EscalationFacts>(facts.begin()->second);
}

domain::EscalationSubject SubjectOf(const domain::Ground& ground, const domain::Policy& policy,
                                    const EscalationFacts& facts, std::string_view clock) {
  return {.division = facts.division,
          .regime = facts.category.empty() ? domain::Regime::kGeneral : policy.TypeOf(facts.category).regime,
          .desk = DeskOf(ground, facts, clock)};
}

}  // namespace gridwarden::casework
