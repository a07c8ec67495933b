#include <algorithm>
#include <set>

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

// What is written: an id, a code (on a day, when one is given), or names from the top.
struct Spelling {
  std::optional<Uuid> id;
  std::string_view code;
  std::optional<absl::Time> at;
  std::vector<std::string_view> names;
};

std::optional<Spelling> Read(std::string_view text) {
  Spelling spelling;
  TakePrefix(text, "divisions/");
  spelling.id = Uuid::Parse(text);
  if (spelling.id) return spelling;
  if (TakePrefix(text, "code:")) {
    if (const size_t sign = text.find('@'); sign != std::string_view::npos) {
      spelling.at = ParseDate(text.substr(sign + 1));
      if (!spelling.at) return std::nullopt;
      text = text.substr(0, sign);
    }
    if (text.empty()) return std::nullopt;
    spelling.code = text;
    return spelling;
  }
  if (AllDigits(text)) {
    spelling.code = text;
    return spelling;
  }
  TakePrefix(text, "path:");
  spelling.names = SplitPath(text);
  if (spelling.names.empty()) return std::nullopt;
  return spelling;
}

// The code, and what it may be without its padding.
std::vector<std::string> FormsOf(std::string_view code) {
  std::vector<std::string> forms = {std::string(code)};
  const bool could_be_padded =
      AllDigits(code) && std::count(std::begin(kCodeLengths), std::end(kCodeLengths), code.size()) > 0;
  for (const size_t length : kCodeLengths) {
    if (could_be_padded && code.size() > length && AllZeros(code.substr(length)))
      forms.emplace_back(code.substr(0, length));
  }
  return forms;
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
  const std::optional<Spelling> read = Read(spelling);
  if (!read) return {};
  if (read->id) {
    const Division* division = FindDivision(*read->id);
    return division == nullptr ? std::vector<const Division*>() : std::vector{division};
  }
  if (read->at) at = *read->at;
  return read->code.empty() ? DivisionsOfPath(read->names, at) : DivisionsOfCode(read->code, at);
}

std::vector<const Division*> Ground::DivisionsOfCode(std::string_view code, absl::Time at) const {
  std::vector<const Division*> found;
  // As it stands, then with the padding taken off level by level: the most exact division that has the code.
  for (const std::string& form : FormsOf(code)) {
    const auto same = divisions_by_code_.find(form);
    if (same == divisions_by_code_.end()) continue;
    for (const int32_t i : same->second) {
      const Division& division = divisions_[i];
      const bool valid =
          std::any_of(division.codes.begin(), division.codes.end(),
                      [&](const DivisionCode& c) { return c.code == form && c.valid.Contains(at); });
      if (valid) found.push_back(&division);
    }
    if (!found.empty()) break;
  }
  return found;
}

// The names and the tree are those of `at`.
std::vector<const Division*> Ground::DivisionsOfPath(const std::vector<std::string_view>& names,
                                                     absl::Time at) const {
  std::vector<const Division*> found;
  const auto same = divisions_by_name_.find(std::string(names.back()));
  if (same == divisions_by_name_.end()) return found;
  for (const int32_t i : same->second) {
    const std::vector<const Division*> chain = AncestorsAt(divisions_[i].id, at, absl::InfiniteFuture());
    if (chain.size() < names.size()) continue;
    const bool matches =
        std::equal(names.rbegin(), names.rend(), chain.begin(),
                   [&](std::string_view name, const Division* d) { return NameAt(*d, at) == name; });
    if (matches) found.push_back(&divisions_[i]);
  }
  return found;
}

std::vector<const Division*> Ground::DivisionsOnceSpelled(std::string_view spelling, absl::Time at) const {
  std::vector<const Division*> found = DivisionsBySpelling(spelling, at);
  const std::optional<Spelling> read = Read(spelling);
  if (!found.empty() || !read || read->id || read->at) return found;
  // What a spelling means changes only where one of these intervals begins or ends.
  std::set<absl::Time> ends, starts;
  const auto take = [&](const Interval& valid) {
    if (valid.to <= at) ends.insert(valid.to);
    if (valid.from > at) starts.insert(valid.from);
  };
  if (!read->code.empty()) {
    for (const std::string& form : FormsOf(read->code)) {
      const auto same = divisions_by_code_.find(form);
      if (same == divisions_by_code_.end()) continue;
      for (const int32_t i : same->second) {
        for (const DivisionCode& code : divisions_[i].codes) {
          if (code.code == form) take(code.valid);
        }
      }
    }
  } else if (const auto same = divisions_by_name_.find(std::string(read->names.back()));
             same != divisions_by_name_.end()) {
    for (const int32_t i : same->second) {
      for (const std::string& key : PathKeysEver(divisions_[i].id)) {
        for (size_t from = 0; from + 16 <= key.size(); from += 16) {
          const Division* level = FindDivision(*Uuid::FromBytes(std::string_view(key).substr(from, 16)));
          take(level->valid);
          for (const Placement& placement : level->placements) take(placement.valid);
          for (const FormerName& former : level->former_names) {
            take(former.valid);
            take({former.valid.to, absl::InfiniteFuture()});
          }
        }
      }
    }
  }
  for (auto end = ends.rbegin(); end != ends.rend() && found.empty(); ++end)
    found = DivisionsBySpelling(spelling, *end - absl::Nanoseconds(1));
  for (auto start = starts.begin(); start != starts.end() && found.empty(); ++start)
    found = DivisionsBySpelling(spelling, *start);
  return found;
}

}  // namespace gridwarden::domain
