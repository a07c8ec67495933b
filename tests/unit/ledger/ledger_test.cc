#include <set>
#include <utility>

#include "base/status.h"
#include "domain/ledger/credit_code.h"
#include "domain/ledger/source_life.h"
#include "gtest/gtest.h"

namespace gridwarden::domain {
namespace {

TEST(CreditCode, TakesTheExampleOfTheStandardAndRefusesAnyOtherCheckCharacter) {
  const std::string code = "91350100M000100Y43";
  EXPECT_TRUE(IsCreditCode(code));
  for (const char c : std::string("0123456789ABCDEFGHJKLMNPQRTUWXY")) {
    if (c != code.back()) EXPECT_FALSE(IsCreditCode(code.substr(0, 17) + c)) << c;
  }
}

TEST(CreditCode, NoticesEveryChangedCharacterAndEverySwappedPair) {
  const std::string code = "91350100M000100Y43";
  for (size_t i = 0; i < code.size(); ++i) {
    std::string changed = code;
    changed[i] = changed[i] == '7' ? '8' : '7';
    EXPECT_FALSE(IsCreditCode(changed)) << changed;
    if (i + 1 < code.size() && code[i] != code[i + 1]) {
      std::string swapped = code;
      std::swap(swapped[i], swapped[i + 1]);
      EXPECT_FALSE(IsCreditCode(swapped)) << swapped;
    }
  }
}

TEST(CreditCode, RefusesOtherLengthsAndForbiddenLetters) {
  for (const char* code : {"", "91350100M000100Y4", "91350100M000100Y433", "91350100m000100Y43",
                           "9135010OM000100Y43", "91350100I000100Y43"}) {
    EXPECT_FALSE(IsCreditCode(code)) << code;
  }
}

TEST(SourceLife, AllowsTheListedMovesAndNoOther) {
  using S = SourceState;
  const std::set<std::pair<S, S>> allowed = {
      {S::kActive, S::kStopped}, {S::kStopped, S::kActive}, {S::kActive, S::kClosed},
      {S::kStopped, S::kClosed}, {S::kActive, S::kGone},    {S::kStopped, S::kGone},
      {S::kClosed, S::kGone},    {S::kClosed, S::kActive},  {S::kGone, S::kActive}};
  for (const S from : {S::kUnspecified, S::kActive, S::kStopped, S::kClosed, S::kGone}) {
    for (const S to : {S::kUnspecified, S::kActive, S::kStopped, S::kClosed, S::kGone}) {
      const absl::Status status = AllowSourceMove(from, to);
      EXPECT_EQ(status.ok(), allowed.contains({from, to})) << NameOf(from) << " -> " << NameOf(to);
      if (!status.ok()) EXPECT_EQ(ReasonOf(status), "ILLEGAL_TRANSITION");
    }
  }
}

TEST(SourceLife, DecidesADispositionOnlyWhileItCanPollute) {
  EXPECT_TRUE(AllowDisposition(SourceState::kActive).ok());
  EXPECT_TRUE(AllowDisposition(SourceState::kStopped).ok());
  EXPECT_EQ(ReasonOf(AllowDisposition(SourceState::kClosed)), "ILLEGAL_TRANSITION");
  EXPECT_EQ(ReasonOf(AllowDisposition(SourceState::kGone)), "ILLEGAL_TRANSITION");
}

TEST(SourceLife, ReadsBothNamesOfAState) {
  for (const SourceState state :
       {SourceState::kActive, SourceState::kStopped, SourceState::kClosed, SourceState::kGone}) {
    EXPECT_EQ(ParseSourceState(NameOf(state)), state);
    EXPECT_EQ(ParseSourceState(ChineseNameOf(state)), state);
  }
  EXPECT_FALSE(ParseSourceState("").has_value());
}

}  // namespace
}  // namespace gridwarden::domain
