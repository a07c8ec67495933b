#include "casework/independence.h"

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/handler.h"
#include "casework/history_repository.h"

namespace gridwarden::casework {

absl::StatusOr<domain::CheckerQuestion> AskForChecker(db::Transaction& tx, const CaseFile& file,
                                                      absl::Time at) {
  domain::CheckerQuestion question;
  question.division = file.place.division;
  question.fixer = file.fixer;
  question.fixer_post = file.fixer_post;
  question.at = at;
  question.known = absl::InfiniteFuture();
  GW_ASSIGN_OR_RETURN(question.chain, ReadChain(tx, file.chain));

  GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> fixes,
                      ReadHistoryOf(tx, Aggregate::kCase, file.id, v1::SUBMIT_FEEDBACK));
  GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> unable,
                      ReadHistoryOf(tx, Aggregate::kCase, file.id, v1::UNABLE));
  const uint64_t last_fix = fixes.empty() ? 0 : fixes.back().seq;
  for (const HistoryRow& row : unable) {
    if (row.seq > last_fix) question.excluded.push_back(row.person);
  }
  return question;
}

Assignment DrawChecker(const domain::Ground& ground, const domain::CheckerQuestion& question,
                       std::string_view seed) {
  const std::vector<domain::EligibleChecker> eligible = domain::EligibleCheckers(ground, question);
  const domain::EligibleChecker* chosen = domain::ChooseChecker(eligible, seed);
  if (chosen == nullptr) return {};
  const domain::Verdict verdict = domain::JudgeChecker(ground, question, chosen->post, chosen->person);
  return {chosen->post, absl::StrFormat("%s %s；范围：%s；符合条件 %d 人，随机抽取", verdict.rule,
                                        verdict.words, domain::ZhOf(chosen->ring), eligible.size())};
}

absl::StatusOr<Assignment> NameChecker(const domain::Ground& ground, const domain::CheckerQuestion& question,
                                       const Uuid& post) {
  const domain::Tenure* holder = ground.HolderOf(post, question.at, question.known);
  if (holder == nullptr) {
    return FailedPrecondition("POST_VACANT", "nobody holds the post now",
                              {{"post", DisplayName(ground, {post, false})}});
  }
  const domain::Verdict verdict = domain::JudgeChecker(ground, question, post, holder->person);
  GW_RETURN_IF_ERROR(domain::ToStatus(verdict));
  return Assignment{post, absl::StrFormat("%s %s；由派遣员指定", verdict.rule, verdict.words)};
}

}  // namespace gridwarden::casework
