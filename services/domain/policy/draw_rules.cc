#include "domain/policy/draw_rules.h"

#include "domain/policy/policy_files.h"

namespace gridwarden::domain {

const DrawStratum* DrawRules::Find(std::string_view code) const {
  for (const DrawStratum& stratum : strata) {
    if (stratum.code == code) return &stratum;
  }
  return nullptr;
}

const Beacon* DrawRules::FindBeacon(std::string_view code) const {
  for (const Beacon& beacon : beacons) {
    if (beacon.code == code) return &beacon;
  }
  return nullptr;
}

void ReadDrawRules(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "strata", "default_stratum", "inspectors_per_object",
                 "seed_lead", "beacons"});
  ReadPreamble(root);
  auto rules = std::make_shared<DrawRules>();
  for (const JsonValue& json : root.Required("strata").Elements()) {
    json.OnlyKeys({"code", "zh", "en", "ratio_percent", "source"});
    DrawStratum stratum;
    stratum.code = json.Required("code").FilledText();
    stratum.zh = json.Required("zh").FilledText();
    stratum.en = json.Required("en").FilledText();
    stratum.ratio_percent = static_cast<int>(json.Required("ratio_percent").Int(1, 100));
    stratum.source = json.Required("source").FilledText();
    if (rules->Find(stratum.code) != nullptr)
      json.Report("got the stratum " + stratum.code + " twice, want it once");
    rules->strata.push_back(std::move(stratum));
  }
  const JsonValue otherwise = root.Required("default_stratum");
  otherwise.OnlyKeys({"code", "source"});
  rules->default_stratum = otherwise.Required("code").FilledText();
  otherwise.Required("source").FilledText();
  if (otherwise.exists() && rules->Find(rules->default_stratum) == nullptr)
    otherwise.Report("got \"" + rules->default_stratum + "\", want a stratum of this file");
  const JsonValue seats = root.Required("inspectors_per_object");
  seats.OnlyKeys({"count", "source"});
  rules->inspectors_per_object = static_cast<int>(seats.Required("count").Int(1, 5));
  seats.Required("source").FilledText();
  const JsonValue lead = root.Required("seed_lead");
  lead.OnlyKeys({"minutes", "source"});
  rules->seed_lead = absl::Minutes(lead.Required("minutes").Int(1, 60 * 24 * 30));
  lead.Required("source").FilledText();
  for (const JsonValue& json : root.Optional("beacons").Elements()) {
    json.OnlyKeys({"code", "display_name", "genesis_unix", "period_seconds", "source"});
    Beacon beacon;
    beacon.code = json.Required("code").FilledText();
    beacon.display_name = json.Required("display_name").FilledText();
    beacon.genesis = absl::FromUnixSeconds(json.Required("genesis_unix").Int(0, int64_t{1} << 40));
    beacon.period = absl::Seconds(json.Required("period_seconds").Int(1, 24 * 3600));
    beacon.source = json.Required("source").FilledText();
    if (rules->FindBeacon(beacon.code) != nullptr)
      json.Report("got the beacon " + beacon.code + " twice, want it once");
    rules->beacons.push_back(std::move(beacon));
  }
  policy.draws = std::move(rules);
}

}  // namespace gridwarden::domain
