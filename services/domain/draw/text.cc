#include "domain/draw/text.h"

#include <algorithm>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status.h"

namespace gridwarden::domain::draw {
namespace {

constexpr char kFormat[] = "gridwarden-draw";
constexpr char kOutcomeFormat[] = "gridwarden-draw-outcome";
constexpr char kVersion[] = "1";

using Fields = std::vector<std::string>;

void AddLine(std::string& text, const Fields& fields) {
  text.append(absl::StrJoin(fields, "\t")).append("\n");
}

// Goes through the lines of a text; after the first thing wrong it answers empty fields and keeps the error.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    if (text.empty() || text.back() != '\n') {
      Wrong("want a text that ends with a line feed");
      return;
    }
    text.remove_suffix(1);
    for (const absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
      lines_.emplace_back(absl::StrSplit(line, '\t'));
    }
  }

  bool At(std::string_view word) const { return next_ < lines_.size() && lines_[next_][0] == word; }
  // The fields behind `word` of the next line: from `min` to `max` of them, padded to `max`.
  Fields Take(std::string_view word, size_t min, size_t max) {
    if (!At(word)) {
      Wrong(absl::StrFormat("want a line \"%s\"", word));
      return Fields(max);
    }
    Fields fields(lines_[next_].begin() + 1, lines_[next_].end());
    if (fields.size() < min || fields.size() > max)
      Wrong(absl::StrFormat("got %d fields after \"%s\", want %d to %d", fields.size(), word, min, max));
    ++next_;
    fields.resize(max);
    return fields;
  }
  std::string TakeOne(std::string_view word) { return Take(word, 1, 1)[0]; }
  int Number(const std::string& text, int min, int max) {
    int number = 0;
    if (!absl::SimpleAtoi(text, &number) || number < min || number > max)
      Wrong(absl::StrFormat("got \"%s\", want a number from %d to %d", text, min, max));
    return number;
  }
  void Wrong(std::string what) {
    if (problem_.empty()) problem_ = std::move(what), line_ = next_ + 1;
  }
  absl::Status Finish() {
    if (next_ < lines_.size()) Wrong("got more lines than a draw has");
    if (problem_.empty()) return absl::OkStatus();
    return InvalidField(absl::StrFormat("line %d", line_), problem_);
  }

 private:
  std::vector<Fields> lines_;
  size_t next_ = 0, line_ = 0;
  std::string problem_;
};

constexpr size_t kCategoriesMax = 100;

}  // namespace

std::string OneField(std::string_view text) {
  std::string field(text);
  for (char& c : field) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return field;
}

std::string WriteCommitment(const Commitment& commitment) {
  std::string text;
  AddLine(text, {kFormat, kVersion});
  AddLine(text, {"algorithm", std::string(kAlgorithm)});
  AddLine(text, {"draw", commitment.draw});
  AddLine(text, {"title", commitment.title});
  AddLine(text, {"division", commitment.division, commitment.division_name});
  AddLine(text, {"period", commitment.from, commitment.to});
  Fields categories = {"categories"};
  categories.insert(categories.end(), commitment.categories.begin(), commitment.categories.end());
  AddLine(text, categories);
  AddLine(text, {"seats", absl::StrCat(commitment.seats)});
  AddLine(text, {"committed", commitment.committed});
  AddLine(text, {"rules", commitment.rule_version});
  for (const SeedSource& source : commitment.seed_sources)
    AddLine(text, {"seed", source.available, source.description});
  for (const Stratum& stratum : commitment.strata)
    AddLine(text, {"stratum", stratum.code, absl::StrCat(stratum.ratio_percent)});
  for (const Candidate& candidate : commitment.candidates) {
    AddLine(text, {"object", candidate.id, candidate.stratum, absl::StrCat(candidate.weight),
                   candidate.division, candidate.category, candidate.number, candidate.display_name});
  }
  for (const Inspector& inspector : commitment.inspectors)
    AddLine(text, {"inspector", inspector.person, inspector.post, inspector.display_name});
  for (const Exclusion& exclusion : commitment.exclusions)
    AddLine(text, {"exclusion", exclusion.person, exclusion.source});
  return text;
}

absl::StatusOr<Commitment> ReadCommitment(std::string_view text) {
  Lines lines(text);
  Commitment commitment;
  if (lines.TakeOne(kFormat) != kVersion) lines.Wrong("want version 1 of a draw");
  if (lines.TakeOne("algorithm") != kAlgorithm)
    lines.Wrong(absl::StrCat("want the algorithm ", std::string(kAlgorithm)));
  commitment.draw = lines.TakeOne("draw");
  commitment.title = lines.TakeOne("title");
  const Fields division = lines.Take("division", 2, 2);
  commitment.division = division[0];
  commitment.division_name = division[1];
  const Fields period = lines.Take("period", 2, 2);
  commitment.from = period[0];
  commitment.to = period[1];
  commitment.categories = lines.Take("categories", 0, kCategoriesMax);
  std::erase(commitment.categories, "");
  commitment.seats = lines.Number(lines.TakeOne("seats"), 1, 100);
  commitment.committed = lines.TakeOne("committed");
  commitment.rule_version = lines.TakeOne("rules");
  while (lines.At("seed")) {
    const Fields seed = lines.Take("seed", 2, 2);
    commitment.seed_sources.push_back({seed[1], seed[0]});
  }
  while (lines.At("stratum")) {
    const Fields stratum = lines.Take("stratum", 2, 2);
    commitment.strata.push_back({stratum[0], lines.Number(stratum[1], 0, 100)});
  }
  while (lines.At("object")) {
    const Fields object = lines.Take("object", 7, 7);
    commitment.candidates.push_back({object[0], object[1], lines.Number(object[2], 1, kWeightMax), object[3],
                                     object[4], object[5], object[6]});
  }
  while (lines.At("inspector")) {
    const Fields inspector = lines.Take("inspector", 3, 3);
    commitment.inspectors.push_back({inspector[0], inspector[1], inspector[2]});
  }
  while (lines.At("exclusion")) {
    const Fields exclusion = lines.Take("exclusion", 2, 2);
    commitment.exclusions.push_back({exclusion[0], exclusion[1]});
  }
  GW_RETURN_IF_ERROR(lines.Finish());
  // Numbers with leading zeros, lists in another order and the like: there is one way to write a draw.
  const bool in_order =
      std::is_sorted(commitment.candidates.begin(), commitment.candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.id < b.id; }) &&
      std::is_sorted(commitment.inspectors.begin(), commitment.inspectors.end(),
                     [](const Inspector& a, const Inspector& b) { return a.person < b.person; }) &&
      std::is_sorted(commitment.exclusions.begin(), commitment.exclusions.end());
  if (!in_order || WriteCommitment(commitment) != text)
    return InvalidField("commitment", "got a text that is not canonical");
  return commitment;
}

std::string WriteOutcome(const Commitment& commitment, std::string_view digest_hex,
                         const std::vector<Seed>& seeds, const Outcome& outcome) {
  std::string text;
  AddLine(text, {kOutcomeFormat, kVersion});
  AddLine(text, {"draw", commitment.draw});
  AddLine(text, {"commitment", std::string(digest_hex)});
  for (const Seed& seed : seeds) AddLine(text, {"seed", seed.text, seed.reference});
  AddLine(text, {"key", absl::BytesToHexString(outcome.seed_key)});
  for (const Drawn& drawn : outcome.drawn) {
    AddLine(text, {"drawn", drawn.stratum, drawn.source, absl::BytesToHexString(drawn.key)});
    for (const std::string& person : drawn.inspectors) AddLine(text, {"sent", drawn.source, person});
  }
  return text;
}

absl::StatusOr<std::vector<Seed>> ReadSeeds(std::string_view outcome) {
  std::vector<Seed> seeds;
  for (const absl::string_view line :
       absl::StrSplit(absl::string_view(outcome.data(), outcome.size()), '\n')) {
    const Fields fields = absl::StrSplit(line, '\t');
    if (fields[0] != "seed") continue;
    if (fields.size() != 3) return InvalidField("outcome", "want text and reference of each seed");
    seeds.push_back({fields[1], fields[2]});
  }
  return seeds;
}

absl::StatusOr<std::vector<Drawn>> ReadDrawn(std::string_view outcome) {
  std::vector<Drawn> drawn;
  for (const absl::string_view line :
       absl::StrSplit(absl::string_view(outcome.data(), outcome.size()), '\n')) {
    const Fields fields = absl::StrSplit(line, '\t');
    if (fields[0] == "drawn" && fields.size() == 4) {
      drawn.push_back({fields[1], fields[2], absl::HexStringToBytes(fields[3]), {}});
    } else if (fields[0] == "sent" && fields.size() == 3 && !drawn.empty() &&
               drawn.back().source == fields[1]) {
      drawn.back().inspectors.push_back(fields[2]);
    } else if (fields[0] == "drawn" || fields[0] == "sent") {
      return InvalidField("outcome", "got a line that WriteOutcome does not write");
    }
  }
  return drawn;
}

}  // namespace gridwarden::domain::draw
