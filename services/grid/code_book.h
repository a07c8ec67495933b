#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "domain/ground/ground.h"

// Which division a file means by a code. Files are drawn from lists of other years: a code may have been
// given up, changed, or given to other ground since.
namespace gridwarden::grid {

class CodeBook {
 public:
  // `ground` outlives it.
  explicit CodeBook(const domain::Ground& ground);

  struct Match {
    const domain::Division* division = nullptr;  // null: no division ever had the code
    std::string remark;  // for the importer, where the code was not simply its code then
  };
  // `code` as published, or padded with zeros to 6, 9 or 12 digits; `as_of` is the date of the file.
  Match Find(std::string_view code, absl::Time as_of) const;

 private:
  struct Bearer {
    const domain::Division* division = nullptr;
    domain::Interval valid;
  };
  std::vector<Bearer> BearersOf(std::string_view code) const;
  std::string FateOf(const domain::Division& division, absl::Time as_of) const;

  const domain::Ground& ground_;
  absl::flat_hash_map<std::string, std::vector<Bearer>> bearers_;
};

}  // namespace gridwarden::grid
