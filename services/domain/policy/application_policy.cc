#include "domain/policy/application_rules.h"
#include "domain/policy/policy_files.h"

namespace gridwarden::domain {

void ReadApplicationRules(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "wide_interval", "voiding"});
  ReadPreamble(root);
  ApplicationRules rules;
  const JsonValue wide = root.Required("wide_interval");
  wide.OnlyKeys({"minutes", "source"});
  constexpr int kDayMinutes = 24 * 60;
  rules.wide_interval = absl::Minutes(wide.Required("minutes").Int(1, kDayMinutes));
  wide.Required("source").FilledText();
  const JsonValue voiding = root.Required("voiding");
  voiding.OnlyKeys({"ratio_max", "ratio_from", "source"});
  rules.voiding_ratio_max = static_cast<int>(voiding.Required("ratio_max").Int(0, 100));
  rules.voiding_from = static_cast<int>(voiding.Required("ratio_from").Int(1, 100000));
  voiding.Required("source").FilledText();
  policy.applications = std::make_shared<const ApplicationRules>(rules);
}

}  // namespace gridwarden::domain
