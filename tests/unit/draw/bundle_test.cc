#include "domain/draw/bundle.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "unit/draw/made_up_draw.h"

namespace gridwarden::domain::draw {
namespace {

using Lines = std::vector<std::vector<std::string>>;

Lines Split(const std::string& text) {
  Lines lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) lines.push_back(absl::StrSplit(line, '\t'));
  return lines;
}
std::string Join(const Lines& lines) {
  std::vector<std::string> joined;
  for (const auto& line : lines) joined.push_back(absl::StrJoin(line, "\t"));
  return absl::StrJoin(joined, "\n");
}

// Every text that differs from `text` in one field (another last character), or lacks or repeats one line.
std::vector<std::string> Changed(const std::string& text) {
  std::vector<std::string> changed;
  const Lines lines = Split(text);
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    for (size_t k = 0; k < lines[i].size(); ++k) {
      Lines other = lines;
      std::string& field = other[i][k];
      if (field.empty()) {
        field = "x";
      } else {
        field.back() = field.back() == '1' ? '2' : '1';
      }
      changed.push_back(Join(other));
    }
    Lines fewer = lines;
    fewer.erase(fewer.begin() + static_cast<int>(i));
    changed.push_back(Join(fewer));
    Lines more = lines;
    more.insert(more.begin() + static_cast<int>(i), lines[i]);
    changed.push_back(Join(more));
  }
  return changed;
}

TEST(DrawBundle, ReadsBackWhatItWroteAndFindsItTrue) {
  for (uint32_t number = 0; number < 50; ++number) {
    const Commitment commitment = MadeUpCommitment(number);
    const absl::StatusOr<Commitment> read = ReadCommitment(WriteCommitment(commitment));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, commitment);
    const Check check = VerifyJson(kHashes, WriteBundle(kHashes, MadeUpBundle(commitment)));
    EXPECT_EQ(check.verdict, Verdict::kTrue) << check.what;
    EXPECT_EQ(check.digest, DigestOf(WriteCommitment(commitment)));
  }
}

// Somebody changes one field of the lists and is clever enough to correct the file's digest.
TEST(DrawBundle, AnyChangeOfTheListsIsFound) {
  const Bundle bundle = MadeUpBundle(MadeUpCommitment(11));
  for (const std::string& text : Changed(bundle.commitment)) {
    Bundle other = bundle;
    other.commitment = text;
    const Check check = Verify(kHashes, other);
    EXPECT_EQ(check.verdict, Verdict::kAltered) << text;
  }
}

TEST(DrawBundle, AnyChangeOfTheSeedOrOfTheOutcomeIsFound) {
  const Bundle bundle = MadeUpBundle(MadeUpCommitment(11));
  int references = 0;
  for (const std::string& text : Changed(bundle.outcome)) {
    Bundle other = bundle;
    other.outcome = text;
    // Where a seed can be looked up decides nothing; only the digest in the journal holds it.
    const bool only_reference =
        text.size() == bundle.outcome.size() && text.find("kaijian1") != std::string::npos;
    references += only_reference;
    EXPECT_EQ(Verify(kHashes, other).verdict, only_reference ? Verdict::kTrue : Verdict::kAltered) << text;
  }
  EXPECT_EQ(references, static_cast<int>(MadeUpCommitment(11).seed_sources.size()));
}

// Who forges lists and outcome together makes a file that fits itself, but not the digest that was published.
TEST(DrawBundle, AForgedDrawHasAnotherDigest) {
  Commitment commitment = MadeUpCommitment(11);
  const std::string digest = Verify(kHashes, MadeUpBundle(commitment)).digest;
  commitment.candidates[0].weight = commitment.candidates[0].weight % 5 + 1;
  const Check forged = Verify(kHashes, MadeUpBundle(commitment));
  EXPECT_EQ(forged.verdict, Verdict::kTrue);
  EXPECT_NE(forged.digest, digest);
}

TEST(DrawBundle, AnyChangeOfAFieldOfTheFileIsFound) {
  const std::string file = WriteBundle(kHashes, MadeUpBundle(MadeUpCommitment(12)));
  const nlohmann::ordered_json whole = nlohmann::ordered_json::parse(file);
  for (const auto& [key, value] : whole.items()) {
    nlohmann::ordered_json other = whole;
    other[key] = value.get<std::string>() + "x";
    EXPECT_EQ(VerifyJson(kHashes, other.dump()).verdict, Verdict::kAltered) << key;
    other = whole;
    other.erase(key);
    EXPECT_EQ(VerifyJson(kHashes, other.dump()).verdict, Verdict::kAltered) << key;
    other[key] = 7;
    EXPECT_EQ(VerifyJson(kHashes, other.dump()).verdict, Verdict::kAltered) << key;
  }
  nlohmann::ordered_json more = whole;
  more["note"] = "x";
  EXPECT_EQ(VerifyJson(kHashes, more.dump()).verdict, Verdict::kAltered);
  EXPECT_EQ(VerifyJson(kHashes, file.substr(0, file.size() / 2)).verdict, Verdict::kAltered);
  EXPECT_EQ(VerifyJson(kHashes, "").verdict, Verdict::kAltered);
}

TEST(DrawBundle, ADrawWithoutASeedIsIncompleteAndNotTrue) {
  Bundle bundle = MadeUpBundle(MadeUpCommitment(13));
  bundle.outcome.clear();
  bundle.state = "COMMITTED";
  EXPECT_EQ(VerifyJson(kHashes, WriteBundle(kHashes, bundle)).verdict, Verdict::kIncomplete);
  bundle.cancel_reason = "人员调整";
  EXPECT_EQ(Verify(kHashes, bundle).verdict, Verdict::kAltered);
  bundle.state = "CANCELLED";
  EXPECT_EQ(Verify(kHashes, bundle).verdict, Verdict::kIncomplete);
  bundle.cancel_reason.clear();
  EXPECT_EQ(Verify(kHashes, bundle).verdict, Verdict::kAltered);
  bundle.state = "DRAWN";
  EXPECT_EQ(Verify(kHashes, bundle).verdict, Verdict::kAltered);
}

TEST(DrawPage, ShowsTheWholeDrawAndLetsNothingOfItBecomeMarkup) {
  Commitment commitment = MadeUpCommitment(14);
  commitment.candidates[0].display_name = "</pre><script>alert(1)</script>";
  commitment.division_name = "a\"'&<img src=x>";
  const Bundle bundle = MadeUpBundle(commitment);
  const std::string page = WritePage(kHashes, bundle);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_NE(page.find("&lt;b&gt;&amp;&quot;扬尘&quot;"), std::string::npos);
  EXPECT_NE(page.find(DigestOf(bundle.commitment)), std::string::npos);
  // The text on the page is the text that is hashed.
  const size_t from = page.find("<pre>") + 5;
  const std::string shown =
      absl::StrReplaceAll(page.substr(from, page.find("</pre>") - from),
                          {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}});
  EXPECT_EQ(DigestOf(shown), DigestOf(bundle.commitment));
}

TEST(DrawText, RefusesWhatIsNotCanonical) {
  const std::string text = WriteCommitment(MadeUpCommitment(15));
  EXPECT_FALSE(ReadCommitment("").ok());
  EXPECT_FALSE(ReadCommitment(text + "\n").ok());
  EXPECT_FALSE(ReadCommitment(text + "more\n").ok());
  EXPECT_FALSE(ReadCommitment(text.substr(0, text.size() - 1)).ok());
  EXPECT_FALSE(ReadCommitment(absl::StrReplaceAll(text, {{"seats\t", "seats\t0"}})).ok());
  EXPECT_EQ(OneField("a\tb\nc\x7f"), "a b c ");
}

}  // namespace
}  // namespace gridwarden::domain::draw
