#include "casework/independence.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/conflict_repository.h"
#include "casework/handler.h"
#include "casework/history_repository.h"
#include "casework/independence_repository.h"
#include "casework/timestamps.h"
#include "domain/policy/check_rules.h"
#include "domain/workflow/case_workflow.h"
#include "domain/workflow/check_hours.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/hmac.h"

namespace gridwarden::casework {
namespace {

using domain::Exclusion;

void Exclude(const Uuid& person, Exclusion why, domain::CheckerQuestion& question) {
  if (!person.IsNil()) question.excluded.push_back({person, why});
}

// A case that others dealt with has no fixer of ours: the receiver stands for one.
void AskAboutReceiver(const CaseFile& file, domain::CheckerQuestion& question) {
  if (!file.details.transfer().has_result_time()) return;
  const std::string& receiver = file.details.transfer().receiver();
  if (const auto unit = ParseResourceName("units", receiver); unit.ok()) question.party_unit = *unit;
  if (const auto post = ParseResourceName("posts", receiver); post.ok()) question.fixer_post = *post;
}

// Those who took part so far: handled it here or in an earlier case, were unable since the fix, or made the
// check that was disputed.
void ExcludeByActs(const std::vector<ChainAct>& acts, const CaseFile& file,
                   domain::CheckerQuestion& question) {
  std::vector<Uuid> unable, passed;
  for (const ChainAct& act : acts) {
    const bool here = act.case_id == file.id;
    switch (act.action) {
      case v1::ACCEPT:
      case v1::SUBMIT_PART:
        Exclude(act.person, Exclusion::kHandled, question);
        break;
      case v1::SUBMIT_FEEDBACK:
      case v1::SUBMIT_RESULT:
        Exclude(act.person, Exclusion::kHandled, question);
        if (here) unable.clear();
        break;
      case v1::UNABLE:
        if (here) unable.push_back(act.person);
        break;
      case v1::RECHECK_REBOUNDED:
        // Who saw it come back found the case that was filed for it.
        if (act.case_id == file.rebound_of) Exclude(act.person, Exclusion::kFinder, question);
        break;
      case v1::PASS:
        if (here) passed.push_back(act.person);
        break;
      case v1::DISPUTE:
        if (!here) break;
        unable.clear();
        for (const Uuid& person : passed) Exclude(person, Exclusion::kFirstChecker, question);
        break;
      case v1::REFUSE_SIGN:
        if (here) unable.clear();
        break;
      default:
        break;
    }
  }
  for (const Uuid& person : unable) Exclude(person, Exclusion::kUnable, question);
}

// Units and sources whose declared conflicts count: the source, the handler, the receiver, and where the
// fixer works.
std::vector<Uuid> Counterparts(const domain::Ground& ground, const CaseFile& file,
                               const domain::CheckerQuestion& question) {
  std::vector<Uuid> ids = {file.source, question.party_unit, question.fixer};
  if (file.handler.is_unit) ids.push_back(file.handler.id);
  if (const domain::Post* post = ground.FindPost(question.fixer_post)) ids.push_back(post->unit);
  for (const domain::Holding& holding : ground.HoldingsOf(question.fixer, question.at, question.known))
    ids.push_back(holding.post->unit);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::erase(ids, Uuid());
  return ids;
}

v1::EligibilityProof ProofOf(const domain::Policy& policy, const domain::CheckerQuestion& question,
                             const Uuid& post, const Uuid& person, const domain::Verdict& verdict) {
  v1::EligibilityProof proof;
  proof.set_rule_version(policy.version);
  *proof.mutable_as_of_time() = ToTimestamp(question.at);
  proof.set_post(ResourceName("posts", post));
  proof.set_person(ResourceName("persons", person));
  proof.set_fixer(ResourceName("persons", question.fixer));
  proof.set_fixer_post(ResourceName("posts", question.fixer_post));
  proof.set_rule(verdict.rule);
  for (const domain::Actor& actor : question.chain) {
    if (actor.duty == domain::Duty::kChecker) continue;
    auto* out = proof.add_exclusions();
    out->set_person(ResourceName("persons", actor.person));
    out->set_rule("B4.LINEAGE");
  }
  for (const domain::Excluded& excluded : question.excluded) {
    auto* out = proof.add_exclusions();
    out->set_person(ResourceName("persons", excluded.person));
    out->set_rule(std::string(domain::RuleOf(excluded.why)));
  }
  return proof;
}

std::string Ids(const domain::EligibleChecker& candidate) {
  return candidate.post.Bytes() + candidate.person.Bytes();
}

// SHA-256 over the ids of the eligible, 32 bytes each, in the order of their posts.
std::string DigestOf(const domain::Pool& pool) {
  std::string list;
  for (const domain::EligibleChecker& candidate : pool.eligible) list += Ids(candidate);
  return crypto::Sha256(list);
}

void AddPool(const domain::Pool& pool, std::string_view seed, v1::EligibilityProof& proof) {
  proof.set_ring(std::string(domain::NameOf(pool.rings.back().ring)));
  proof.set_eligible_count(static_cast<int>(pool.eligible.size()));
  proof.set_eligible_digest(DigestOf(pool));
  proof.set_seed(std::string(seed));
  proof.set_alternation_relaxed(pool.alternation_relaxed);
  std::map<std::string, int> refused;
  for (const domain::RingCount& ring : pool.rings) {
    for (const auto& [rule, count] : ring.refused) refused[rule] += count;
  }
  for (const auto& [rule, count] : refused) {
    auto* refusal = proof.add_refusals();
    refusal->set_rule(rule);
    refusal->set_count(count);
  }
}

// What the last assignment of the case was proven with; empty before there was one.
absl::StatusOr<v1::EligibilityProof> LastAssignment(db::Transaction& tx, const CaseFile& file) {
  GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> rows,
                      ReadHistoryOf(tx, Aggregate::kCase, file.id, v1::ASSIGN_CHECK));
  v1::CaseEvent event;
  if (!rows.empty()) event.ParseFromString(rows.back().event);
  return event.eligibility_proof();
}

}  // namespace

absl::StatusOr<domain::CheckerQuestion> AskForChecker(const domain::Ground& ground,
                                                      const domain::Policy& policy, db::Transaction& tx,
                                                      const CaseFile& file, absl::Time at) {
  domain::CheckerQuestion question;
  question.division = file.place.division;
  question.fixer = file.fixer;
  question.fixer_post = file.fixer_post;
  question.at = at;
  question.known = absl::InfiniteFuture();
  AskAboutReceiver(file, question);
  GW_ASSIGN_OR_RETURN(question.chain, ReadChain(tx, file.chain));
  GW_ASSIGN_OR_RETURN(const std::vector<ChainAct> acts, ReadChainActs(tx, file.chain));
  ExcludeByActs(acts, file, question);
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> finders, ReadFinders(tx, file.id));
  for (const Uuid& person : finders) Exclude(person, Exclusion::kFinder, question);
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> in_conflict,
                      PersonsInConflict(tx, question.fixer, Counterparts(ground, file, question), at));
  for (const Uuid& person : in_conflict) Exclude(person, Exclusion::kConflict, question);
  const int alternation = domain::CheckRulesOf(policy).alternation;
  if (alternation > 0 && !file.fixer.IsNil()) {
    GW_ASSIGN_OR_RETURN(const std::vector<Uuid> last,
                        ReadLastCheckers(tx, file.fixer, file.id, at, alternation));
    for (const Uuid& person : last) Exclude(person, Exclusion::kAlternation, question);
  }
  return question;
}

absl::StatusOr<std::string> SeedOf(db::Transaction& tx, const CaseFile& file) {
  GW_ASSIGN_OR_RETURN(const LastEntry entry, ReadLastEntry(tx, file.id, file.subject.seq));
  return absl::StrCat(entry.entry_id.ToString(), "/", file.id.ToString());
}

Assignment DrawChecker(const domain::Policy& policy, const domain::CheckerQuestion& question,
                       const domain::Pool& pool, std::string_view seed) {
  const domain::EligibleChecker* chosen = domain::ChooseChecker(
      pool.eligible,
      [seed](const domain::EligibleChecker& candidate) { return crypto::HmacSha256(seed, Ids(candidate)); });
  if (chosen == nullptr) return {};
  const domain::Verdict verdict{true, "B4", std::string(domain::WordsOf("B4"))};
  Assignment drawn{chosen->post,
                   absl::StrFormat("%s %s；范围：%s；符合条件 %d 人，随机抽取%s", verdict.rule, verdict.words,
                                   domain::ZhOf(chosen->ring), pool.eligible.size(),
                                   pool.alternation_relaxed ? "；无其他人选，轮换要求放宽" : ""),
                   ProofOf(policy, question, chosen->post, chosen->person, verdict)};
  AddPool(pool, seed, drawn.proof);
  return drawn;
}

absl::StatusOr<Assignment> NameChecker(const domain::Ground& ground, const domain::Policy& policy,
                                       const domain::CheckerQuestion& question, const Uuid& post) {
  const domain::Tenure* holder = ground.HolderOf(post, question.at, question.known);
  if (holder == nullptr) {
    return FailedPrecondition("POST_VACANT", "nobody holds the post now",
                              {{"post", DisplayName(ground, {post, false})}});
  }
  domain::Verdict verdict = domain::JudgeChecker(ground, question, post, holder->person);
  bool relaxed = false;
  if (verdict.rule == domain::RuleOf(Exclusion::kAlternation) &&
      domain::PoolOf(ground, question).alternation_relaxed) {
    relaxed = true;
    verdict = {true, "B4", std::string(domain::WordsOf("B4"))};
  }
  GW_RETURN_IF_ERROR(domain::ToStatus(verdict));
  Assignment named{post,
                   absl::StrFormat("%s %s；由派遣员指定%s", verdict.rule, verdict.words,
                                   relaxed ? "；无其他人选，轮换要求放宽" : ""),
                   ProofOf(policy, question, post, holder->person, verdict)};
  named.proof.set_named(true);
  named.proof.set_alternation_relaxed(relaxed);
  return named;
}

absl::StatusOr<Assignment> AcceptChecker(const domain::Ground& ground, const domain::Policy& policy,
                                         db::Transaction& tx, const rpc::Call& call, const CaseFile& file,
                                         const access::Acting& acting, absl::Time event_time) {
  const Uuid& person = call.principal.person;
  GW_ASSIGN_OR_RETURN(const v1::EligibilityProof assigned, LastAssignment(tx, file));
  const bool same = assigned.person() == ResourceName("persons", person);
  // What is out by the record is out at both times: nothing but posts changes between them.
  GW_ASSIGN_OR_RETURN(domain::CheckerQuestion question, AskForChecker(ground, policy, tx, file, event_time));
  question.alternates = !same && !assigned.alternation_relaxed();
  Assignment accepted{.post = acting.post};
  for (const absl::Time at : {call.now, event_time}) {
    question.at = at;
    domain::Verdict verdict = domain::JudgeChecker(ground, question, acting.post, person);
    // Made in the post it was assigned to, before its ground and desk passed to the one it is handed in from.
    if (!verdict.eligible && file.check_post != acting.post) {
      const domain::Verdict before = domain::JudgeChecker(ground, question, file.check_post, person);
      if (before.eligible) verdict = before;
    }
    GW_RETURN_IF_ERROR(domain::ToStatus(verdict));
    accepted.eligibility = absl::StrCat(verdict.rule, " ", verdict.words);
    accepted.proof = ProofOf(policy, question, acting.post, person, verdict);
  }
  accepted.proof.set_alternation_relaxed(assigned.alternation_relaxed());
  *accepted.proof.mutable_known_time() = ToTimestamp(call.now);
  return accepted;
}

bool WaitsForChecker(const CaseFile& file) {
  return file.check_post.IsNil() && !domain::NeedsCounty(0, file.unable_count) &&
         domain::Next(static_cast<domain::CaseState>(file.state), domain::Action::kAssignCheck).ok();
}

absl::Status AssignOrWait(const domain::Ground& ground, const domain::Policy& policy, const rpc::Call& call,
                          db::Transaction& tx, CaseFile& file, absl::Time event_time) {
  GW_ASSIGN_OR_RETURN(const domain::CheckerQuestion question,
                      AskForChecker(ground, policy, tx, file, call.now));
  GW_ASSIGN_OR_RETURN(const std::string seed, SeedOf(tx, file));
  const domain::Pool pool = domain::PoolOf(ground, question);
  Assignment drawn = DrawChecker(policy, question, pool, seed);
  Step step{.action = v1::ASSIGN_CHECK, .event_time = event_time, .received = call.now};
  if (drawn.post.IsNil()) {
    const std::string why = domain::WaitingReason(pool);
    if (file.details.waiting_reason() == why) return absl::OkStatus();
    step.action = v1::WAIT_FOR_CHECKER;
    GW_RETURN_IF_ERROR(Advance(policy, file, step));
    file.details.set_waiting_reason(why);
    return Record(tx, call, policy, file, step).status();
  }
  GW_RETURN_IF_ERROR(Advance(policy, file, step));
  Assign(policy, drawn, false, file, step);
  return Record(tx, call, policy, file, step).status();
}

void Assign(const domain::Policy& policy, const Assignment& assignment, bool any_hour, CaseFile& file,
            Step& step) {
  file.check_post = assignment.post;
  file.details.clear_waiting_reason();
  file.details.clear_check_far_m();
  file.details.clear_check_window_start_minute();
  file.details.clear_check_window_end_minute();
  file.details.set_check_any_hour(any_hour);
  if (policy.TypeOf(file.category).check_same_hours) {
    const domain::HourWindow window = domain::WindowAround(
        file.event_time, domain::CheckRulesOf(policy).same_hours, policy.calendar.time_zone);
    file.details.set_check_window_start_minute(window.start_minute);
    file.details.set_check_window_end_minute(window.end_minute);
  }
  step.eligibility = assignment.eligibility;
  step.eligibility_proof = assignment.proof;
  *step.eligibility_proof->mutable_known_time() = ToTimestamp(step.received);
}

}  // namespace gridwarden::casework
