#include "domain/draw/bundle.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "domain/draw/text.h"
#include "domain/policy/json_reader.h"

namespace gridwarden::domain::draw {
namespace {

constexpr char kFormat[] = "gridwarden-draw-bundle-1";
constexpr size_t kBytesMax = 16 << 20;

std::string HexDigest(const Hashes& hashes, const std::string& text) {
  return absl::BytesToHexString(hashes.sha256(text));
}

Check Altered(Check check, std::string what) {
  check.verdict = Verdict::kAltered;
  check.what = std::move(what);
  return check;
}

}  // namespace

std::string WriteBundle(const Hashes& hashes, const Bundle& bundle) {
  nlohmann::ordered_json json;
  json["format"] = kFormat;
  json["state"] = bundle.state;
  json["commitment"] = bundle.commitment;
  json["commitment_sha256"] = HexDigest(hashes, bundle.commitment);
  json["outcome"] = bundle.outcome;
  json["outcome_sha256"] = bundle.outcome.empty() ? "" : HexDigest(hashes, bundle.outcome);
  json["cancel_reason"] = bundle.cancel_reason;
  return json.dump(1) + "\n";
}

absl::StatusOr<Bundle> ReadBundle(const Hashes& hashes, std::string_view text) {
  if (text.size() > kBytesMax) return InvalidField("bundle", "got more than 16 MiB");
  GW_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson("bundle", std::string(text)));
  Problem problem;
  const JsonValue root(&json, "bundle#", &problem);
  root.OnlyKeys(
      {"format", "state", "commitment", "commitment_sha256", "outcome", "outcome_sha256", "cancel_reason"});
  if (root.Required("format").Text() != kFormat) root.Report(absl::StrCat("want the format ", kFormat));
  Bundle bundle{root.Required("state").Text(), root.Required("commitment").FilledText(),
                root.Required("outcome").Text(), root.Required("cancel_reason").Text()};
  const std::string commitment_digest = root.Required("commitment_sha256").Text();
  const std::string outcome_digest = root.Required("outcome_sha256").Text();
  GW_RETURN_IF_ERROR(problem.ToStatus());
  if (commitment_digest != HexDigest(hashes, bundle.commitment))
    return InvalidField("bundle#/commitment_sha256", "does not fit the commitment");
  if (outcome_digest != (bundle.outcome.empty() ? "" : HexDigest(hashes, bundle.outcome)))
    return InvalidField("bundle#/outcome_sha256", "does not fit the outcome");
  return bundle;
}

Check Verify(const Hashes& hashes, const Bundle& bundle) {
  Check check;
  check.digest = HexDigest(hashes, bundle.commitment);
  absl::StatusOr<Commitment> commitment = ReadCommitment(bundle.commitment);
  if (!commitment.ok()) return Altered(std::move(check), std::string(commitment.status().message()));
  check.commitment = *std::move(commitment);
  if (bundle.state != "DRAWN") {
    if (bundle.state != "COMMITTED" && bundle.state != "CANCELLED")
      return Altered(std::move(check), "no such state: " + bundle.state);
    if (!bundle.outcome.empty()) return Altered(std::move(check), "an outcome without a draw");
    if (bundle.cancel_reason.empty() != (bundle.state == "COMMITTED"))
      return Altered(std::move(check), "a reason for cancelling that does not fit the state");
    check.verdict = Verdict::kIncomplete;
    check.what = bundle.state == "COMMITTED" ? "not drawn yet" : "cancelled: " + bundle.cancel_reason;
    return check;
  }
  if (!bundle.cancel_reason.empty()) return Altered(std::move(check), "drawn, and cancelled");
  const absl::StatusOr<std::vector<Seed>> seeds = ReadSeeds(bundle.outcome);
  if (!seeds.ok()) return Altered(std::move(check), std::string(seeds.status().message()));
  if (seeds->size() != check.commitment.seed_sources.size())
    return Altered(std::move(check), "other seeds than were announced");
  check.outcome = Perform(hashes, check.commitment, check.digest, *seeds);
  if (WriteOutcome(check.commitment, check.digest, *seeds, check.outcome) != bundle.outcome)
    return Altered(std::move(check), "the lists and the seed give another outcome");
  check.verdict = Verdict::kTrue;
  return check;
}

Check VerifyJson(const Hashes& hashes, std::string_view json) {
  const absl::StatusOr<Bundle> bundle = ReadBundle(hashes, json);
  if (bundle.ok()) return Verify(hashes, *bundle);
  const std::optional<ErrorFacts> facts = FactsOf(bundle.status());
  std::string what(bundle.status().message());
  if (facts && !facts->fields.empty())
    what = absl::StrCat(facts->fields[0].field, ": ", facts->fields[0].description);
  return Altered({}, std::move(what));
}

}  // namespace gridwarden::domain::draw
