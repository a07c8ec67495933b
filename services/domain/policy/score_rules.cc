#include "domain/policy/score_rules.h"

#include "absl/strings/str_cat.h"
#include "domain/policy/policy_files.h"

namespace gridwarden::domain {

const ScoreTerm* ScoreRules::Find(std::string_view code) const {
  for (const ScoreTerm& term : terms) {
    if (term.code == code) return &term;
  }
  return nullptr;
}

std::string ScoreRules::Counting() const {
  std::string text;
  for (const ScoreTerm& term : terms)
    absl::StrAppend(&text, term.code, "=", std::string(score::NameOf(term.kind)), ";");
  return text;
}

void ReadScoreRules(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "terms", "appeal"});
  ReadPreamble(root);
  auto rules = std::make_shared<ScoreRules>();
  for (const JsonValue& json : root.Required("terms").Elements()) {
    json.OnlyKeys({"code", "kind", "zh", "en", "formula_zh", "formula_en", "source"});
    ScoreTerm term;
    term.code = json.Required("code").FilledText();
    const std::optional<score::Kind> kind = score::ParseKind(json.Required("kind").FilledText());
    if (!kind) json.Required("kind").Report("want a kind of counting that the code knows");
    term.kind = kind.value_or(score::Kind::kFiled);
    term.zh = json.Required("zh").FilledText();
    term.en = json.Required("en").FilledText();
    term.formula_zh = json.Required("formula_zh").FilledText();
    term.formula_en = json.Required("formula_en").FilledText();
    term.source = json.Required("source").FilledText();
    if (term.code.size() > 40) json.Required("code").Report("want at most 40 characters");
    if (rules->Find(term.code) != nullptr) json.Report("got the term " + term.code + " twice, want it once");
    rules->terms.push_back(std::move(term));
  }
  const JsonValue appeal = root.Required("appeal");
  appeal.OnlyKeys({"raise"});
  const JsonValue raise = appeal.Required("raise");
  raise.OnlyKeys({"working_days", "source"});
  rules->raise = {Calendar::kWorkingDays, absl::Hours(24) * raise.Required("working_days").Int(1, 60),
                  raise.Required("source").FilledText()};
  policy.scores = std::move(rules);
}

}  // namespace gridwarden::domain
