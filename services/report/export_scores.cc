#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "platform/csv/csv.h"
#include "report/score_service.h"

namespace gridwarden::report {
namespace {

std::string Rate(const v1::ScoreTerm& term) {
  if (term.is_count() || term.denominator() == 0) return "—";
  return absl::StrFormat(
      "%.2f%%", 100.0 * static_cast<double>(term.numerator()) / static_cast<double>(term.denominator()));
}

void Write(const std::string& label, const v1::ScoreRow& row, std::string& text) {
  for (const v1::ScoreTerm& term : row.terms()) {
    csv::WriteRow({csv::GuardFormula(label), csv::GuardFormula(term.zh()), absl::StrCat(term.numerator()),
                   term.is_count() ? "—" : absl::StrCat(term.denominator()), Rate(term),
                   absl::StrCat(term.uncertain()), absl::StrCat(term.adjusted()),
                   csv::GuardFormula(term.formula_zh()), csv::GuardFormula(term.source())},
                  text);
  }
}

}  // namespace

absl::StatusOr<v1::ScoreFile> ExportScores(const AreaContext& context, const rpc::Call& call,
                                           const v1::GetScoresRequest& request) {
  GW_ASSIGN_OR_RETURN(const v1::Scores scores, GetScores(context, call, request));
  std::string text(csv::kByteOrderMark);
  const std::string period = absl::StrCat(scores.first_month(), "-", scores.last_month());
  csv::WriteRow(
      {"考核期间", period, "日志序号", absl::StrCat(scores.log_index()), "规则版本", scores.rule_version()},
      text);
  csv::WriteRow({"对象", "指标", "分子（数量）", "分母", "比率", "时间不确定", "申诉剔除", "公式", "来源"},
                text);
  Write("合计", scores.total(), text);
  Write(absl::StrCat(scores.own().display_name(), "（本级）"), scores.own(), text);
  for (const v1::ScoreRow& row : scores.children()) Write(row.display_name(), row, text);
  for (const v1::ScoreRow& row : scores.parties())
    Write(row.name().empty() ? "（未派遣）" : row.display_name(), row, text);
  v1::ScoreFile file;
  file.set_file_name(absl::StrCat("考核_", scores.total().display_name(), "_", period, ".csv"));
  file.set_content_type("text/csv; charset=utf-8");
  file.set_content(std::move(text));
  return file;
}

}  // namespace gridwarden::report
