#include "domain/policy/signal_rules.h"

#include "domain/policy/policy_files.h"

namespace gridwarden::domain {
namespace {

constexpr int64_t kDaysMax = 3660;
constexpr int64_t kMetresMax = 1'000'000;

absl::Duration ReadDays(const JsonValue& json) {
  json.OnlyKeys({"days", "source"});
  json.Required("source").FilledText();
  return absl::Hours(24) * json.Required("days").Int(1, kDaysMax);
}

Limit ReadWorkingDays(const JsonValue& json) {
  json.OnlyKeys({"working_days", "source"});
  return {Calendar::kWorkingDays, absl::Hours(24) * json.Required("working_days").Int(1, 60),
          json.Required("source").FilledText()};
}

double ReadMetres(const JsonValue& json) {
  json.OnlyKeys({"metres", "source"});
  json.Required("source").FilledText();
  return static_cast<double>(json.Required("metres").Int(1, kMetresMax));
}

}  // namespace

const SignalRules& SignalRulesOf(const Policy& policy) {
  static const SignalRules kOwnDefaults;
  return policy.signals == nullptr ? kOwnDefaults : *policy.signals;
}

void ReadSignalRules(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "unmerge", "dispute", "tell_reporter", "relocation"});
  ReadPreamble(root);
  auto rules = std::make_shared<SignalRules>();
  rules->unmerge = ReadDays(root.Required("unmerge"));
  rules->dispute = ReadDays(root.Required("dispute"));
  rules->tell_reporter = ReadWorkingDays(root.Required("tell_reporter"));
  const JsonValue relocation = root.Required("relocation");
  relocation.OnlyKeys({"same_owner_within", "same_trade_within", "closed_within"});
  rules->owner_radius_m = ReadMetres(relocation.Required("same_owner_within"));
  rules->trade_radius_m = ReadMetres(relocation.Required("same_trade_within"));
  rules->relocation_window = ReadDays(relocation.Required("closed_within"));
  policy.signals = std::move(rules);
}

}  // namespace gridwarden::domain
