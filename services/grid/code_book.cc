#include "grid/code_book.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "grid/grid_proto.h"

namespace gridwarden::grid {
namespace {

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, BeijingTime()); }

// The code it has at `at`, or its last.
std::string CodeOf(const domain::Division& division, absl::Time at) {
  for (const domain::DivisionCode& code : division.codes) {
    if (code.valid.Contains(at)) return code.code;
  }
  return division.codes.empty() ? "" : division.codes.back().code;
}

}  // namespace

CodeBook::CodeBook(const domain::Ground& ground) : ground_(ground) {
  for (const domain::Division& division : ground.divisions()) {
    for (const domain::DivisionCode& code : division.codes)
      bearers_[code.code].push_back({&division, code.valid});
  }
}

// As published, or padded with zeros.
std::vector<CodeBook::Bearer> CodeBook::BearersOf(std::string_view code) const {
  std::string spelling(code);
  std::vector<Bearer> found;
  const auto look = [&] {
    if (const auto at = bearers_.find(spelling); at != bearers_.end())
      found.insert(found.end(), at->second.begin(), at->second.end());
  };
  look();
  for (const size_t length : {9, 6, 4, 2}) {
    if (code.size() <= length || code.find_first_not_of('0', length) != std::string_view::npos) continue;
    spelling = std::string(code.substr(0, length));
    look();
  }
  return found;
}

// Where the ground of a division that had ended by then went.
std::string CodeBook::FateOf(const domain::Division& division, absl::Time as_of) const {
  std::string heirs;
  for (const domain::Ground::Heir& heir : ground_.HoldersOf(division.id, as_of, absl::InfiniteFuture()))
    absl::StrAppend(&heirs, heirs.empty() ? "" : ", ", heir.division->display_name);
  return heirs.empty() ? "" : absl::StrCat(", its ground is that of ", heirs);
}

CodeBook::Match CodeBook::Find(std::string_view code, absl::Time as_of) const {
  const std::vector<Bearer> bearers = BearersOf(code);
  if (bearers.empty()) return {};
  const Bearer* chosen = nullptr;
  for (const Bearer& bearer : bearers) {
    if (bearer.valid.Contains(as_of)) {
      chosen = &bearer;
      break;
    }
  }
  const bool then = chosen != nullptr;
  if (!then) {
    // The one that bore it last before then, or else first after.
    for (const Bearer& bearer : bearers) {
      if (chosen == nullptr) {
        chosen = &bearer;
        continue;
      }
      const bool before = bearer.valid.to <= as_of, chosen_before = chosen->valid.to <= as_of;
      if (before != chosen_before
              ? before
              : (before ? bearer.valid.to > chosen->valid.to : bearer.valid.from < chosen->valid.from))
        chosen = &bearer;
    }
  }
  const domain::Division& division = *chosen->division;
  const std::string shown(code);
  Match match{&division, ""};
  if (division.valid.to <= as_of) {
    match.remark =
        absl::StrFormat("%s is the code of %s, which ended on %s%s; kept for the time before", shown,
                        division.display_name, Day(division.valid.to), FateOf(division, as_of));
  } else if (!then && chosen->valid.to <= as_of) {
    match.remark = absl::StrFormat("%s was the code of %s until %s, since then it is %s", shown,
                                   division.display_name, Day(chosen->valid.to), CodeOf(division, as_of));
  } else if (!then) {
    match.remark = absl::StrFormat("%s is the code of %s only since %s, later than the file's date", shown,
                                   division.display_name, Day(chosen->valid.from));
  } else {
    for (const Bearer& bearer : bearers) {
      if (bearer.division->id == division.id) continue;
      match.remark =
          absl::StrFormat("%s is taken for %s, whose code it was on that date; %s bears it at another time",
                          shown, division.display_name, bearer.division->display_name);
    }
  }
  return match;
}

}  // namespace gridwarden::grid
