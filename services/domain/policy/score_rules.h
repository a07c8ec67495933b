#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/policy/policy.h"
#include "domain/score/score.h"

// The evaluation terms: db/policy/score_terms.json.
namespace gridwarden::domain {

struct ScoreTerm {
  std::string code;
  score::Kind kind = score::Kind::kFiled;
  std::string zh, en, formula_zh, formula_en, source;
};

struct ScoreRules {
  std::vector<ScoreTerm> terms;
  Limit raise;  // how long a rejected appeal may be taken further

  const ScoreTerm* Find(std::string_view code) const;
  // What the counters depend on: codes and kinds. Another text is another count from the beginning.
  std::string Counting() const;
};

}  // namespace gridwarden::domain
