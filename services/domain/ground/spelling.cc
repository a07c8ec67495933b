#include <algorithm>

#include "domain/ground/ground.h"

// The ways people write a division: an id, a statistical code, a path of names.
namespace gridwarden::domain {
namespace {

constexpr size_t kCodeLengths[] = {12, 9, 6, 4, 2};

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool AllZeros(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '0'; });
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::vector<std::string_view> SplitPath(std::string_view path) {
  std::vector<std::string_view> names;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    if (!name.empty()) names.push_back(name);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return names;
}

// The instant a civil date begins in China, which has had one time zone since 1949. A code is valid or not on
// whole days.
std::optional<absl::Time> ParseDate(std::string_view text) {
  absl::Time time;
  std::string error;
  static const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  if (!absl::ParseTime("%Y-%m-%d", absl::string_view(text.data(), text.size()), zone, &time, &error))
    return std::nullopt;
  return time;
}

}  // namespace

std::string CanonicalCode(std::string_view code, Level level) {
  size_t want = 0;
  switch (level) {
    case Level::kProvince:
      want = 2;
      break;
    case Level::kCity:
      want = 4;
      break;
    case Level::kCounty:
      want = 6;
      break;
    case Level::kTownship:
      want = 9;
      break;
    case Level::kVillage:
    case Level::kGroup:
    case Level::kUnspecified:
      want = code.size();
      break;
  }
  if (code.size() > want && AllDigits(code) && AllZeros(code.substr(want)))
    return std::string(code.substr(0, want));
  return std::string(code);
}

const Division* Ground::FindDivisionBySpelling(std::string_view spelling, absl::Time at) const {
  const std::vector<const Division*> found = DivisionsBySpelling(spelling, at);
  return found.size() == 1 ? found.front() : nullptr;
}

std::vector<const Division*> Ground::DivisionsBySpelling(std::string_view spelling, absl::Time at) const {
  std::vector<const Division*> found;
  TakePrefix(spelling, "divisions/");
  if (const std::optional<Uuid> id = Uuid::Parse(spelling)) {
    if (const Division* division = FindDivision(*id)) found.push_back(division);
    return found;
  }
  const bool named_code = TakePrefix(spelling, "code:");
  if (named_code) {
    if (const size_t sign = spelling.find('@'); sign != std::string_view::npos) {
      const std::optional<absl::Time> date = ParseDate(spelling.substr(sign + 1));
      if (!date) return found;
      at = *date;
      spelling = spelling.substr(0, sign);
    }
  }
  if (named_code || AllDigits(spelling)) {
    // As it stands, then with the padding taken off level by level: the most exact division that has the
    // code.
    const auto collect = [&](std::string_view code) {
      const auto same = divisions_by_code_.find(std::string(code));
      if (same == divisions_by_code_.end()) return;
      for (const int32_t i : same->second) {
        const Division& division = divisions_[i];
        const bool valid =
            std::any_of(division.codes.begin(), division.codes.end(),
                        [&](const DivisionCode& c) { return c.code == code && c.valid.Contains(at); });
        if (valid) found.push_back(&division);
      }
    };
    collect(spelling);
    const bool could_be_padded =
        AllDigits(spelling) &&
        std::count(std::begin(kCodeLengths), std::end(kCodeLengths), spelling.size()) > 0;
    for (const size_t length : kCodeLengths) {
      if (!found.empty() || !could_be_padded || spelling.size() <= length) continue;
      if (AllZeros(spelling.substr(length))) collect(spelling.substr(0, length));
    }
    return found;
  }
  TakePrefix(spelling, "path:");
  const std::vector<std::string_view> names = SplitPath(spelling);
  if (names.empty()) return found;
  const auto same = divisions_by_name_.find(std::string(names.back()));
  if (same == divisions_by_name_.end()) return found;
  for (const int32_t i : same->second) {
    const Division& division = divisions_[i];
    if (!division.valid.Contains(at)) continue;
    const std::vector<const Division*> chain = AncestorsOf(division.id);
    if (chain.size() < names.size()) continue;
    const bool matches =
        std::equal(names.rbegin(), names.rend(), chain.begin(),
                   [](std::string_view name, const Division* d) { return d->display_name == name; });
    if (matches) found.push_back(&division);
  }
  return found;
}

}  // namespace gridwarden::domain
