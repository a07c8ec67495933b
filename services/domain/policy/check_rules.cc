#include "domain/policy/check_rules.h"

#include "domain/policy/policy_files.h"

namespace gridwarden::domain {
namespace {

constexpr int kAlternationMax = 20;
constexpr int kMinutesMax = 12 * 60;
constexpr int kMetresMax = 100'000;

// One number with the document it comes from.
int64_t Number(const JsonValue& root, std::string_view name, std::string_view unit, int64_t min,
               int64_t max) {
  const JsonValue rule = root.Required(name);
  rule.OnlyKeys({unit, "source"});
  rule.Required("source").FilledText();
  return rule.Required(unit).Int(min, max);
}

}  // namespace

const CheckRules& CheckRulesOf(const Policy& policy) {
  static const CheckRules kNone;
  return policy.checks == nullptr ? kNone : *policy.checks;
}

void ReadCheckRules(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "alternation", "same_hours", "position"});
  ReadPreamble(root);
  CheckRules rules;
  rules.alternation = static_cast<int>(Number(root, "alternation", "checks", 0, kAlternationMax));
  rules.same_hours = absl::Minutes(Number(root, "same_hours", "minutes_either_way", 1, kMinutesMax));
  rules.position_slack_m =
      static_cast<double>(Number(root, "position", "metres_beyond_accuracy", 0, kMetresMax));
  rules.checks_position = true;
  policy.checks = std::make_shared<const CheckRules>(rules);
}

}  // namespace gridwarden::domain
