#include "identity/password.h"

#include <atomic>
#include <thread>
#include <vector>

#include "base/status.h"
#include "gtest/gtest.h"

namespace gridwarden::identity {
namespace {

std::string RuleFor(std::string_view password) {
  const std::optional<ErrorFacts> facts = FactsOf(CheckPassword(password, "zhangwei", "13800000001"));
  if (!facts) return "";
  EXPECT_EQ(facts->reason, "PASSWORD_TOO_WEAK");
  return facts->metadata.at("rule");
}

TEST(Password, NeedsTwelveCharactersNotBytes) {
  EXPECT_EQ(RuleFor("xk7-Mq2.pLw"), "至少 12 个字符");
  EXPECT_EQ(RuleFor("xk7-Mq2.pLwZ"), "");
  EXPECT_EQ(RuleFor("春风又绿江南岸明"), "至少 12 个字符");
  EXPECT_EQ(RuleFor("春风又绿江南岸明月何时照我"), "");
}

TEST(Password, IsNoneOfTheCommonOnes) {
  for (const char* common :
       {"password1234", "Password@2026", "P@ssw0rd2026!!", "administrator1", "qwertyuiop12",
        "admin123admin123", "123456789012", "woaini5201314", "Gridwarden2026", "zhumadian12345"}) {
    EXPECT_NE(RuleFor(common), "") << common;
  }
  EXPECT_EQ(RuleFor("river-lamp-77-otter"), "");
}

TEST(Password, IsNoRepetitionAndNoRunOfKeys) {
  for (const char* run : {"aaaaaaaaaaaa", "abababababab", "abcabcabcabc", "abcdefghijkl", "qwertyuiopasdf",
                          "1qaz2wsx3edc4rfv", "zyxwvutsrqpo"}) {
    EXPECT_NE(RuleFor(run), "") << run;
  }
}

TEST(Password, DoesNotConsistOfTheLoginOrThePhone) {
  EXPECT_EQ(RuleFor("zhangwei-x7q"), "不能由账号或手机号组成");
  EXPECT_EQ(RuleFor("13800000001#k"), "不能由账号或手机号组成");
  EXPECT_EQ(RuleFor("zhangwei-x7q-p0r-m1t"), "");
}

TEST(Password, IsRefusedWhenItIsNoTextOrTooLong) {
  EXPECT_NE(RuleFor(std::string_view("abc\0defghijklmn", 15)), "");
  EXPECT_NE(RuleFor("\xff\xfe\xfd invalid utf8"), "");
  EXPECT_NE(RuleFor(std::string(kPasswordBytesMax + 1, 'x')), "");
}

TEST(Password, IsKeptAsArgon2idOfThreePassesAnd64MiB) {
  const auto phc = HashPassword("correct horse 42", HashCost::kFull);
  ASSERT_TRUE(phc.ok());
  EXPECT_EQ(phc->find("$argon2id$v=19$m=65536,t=3,p=1$"), 0u) << *phc;
  EXPECT_TRUE(VerifyPassword(*phc, "correct horse 42"));
  EXPECT_FALSE(VerifyPassword(*phc, "correct horse 43"));
  EXPECT_FALSE(VerifyPassword(*phc, ""));
}

TEST(Password, OfTheSameWordsIsKeptDifferentlyEachTime) {
  const auto one = HashPassword("correct horse 42", HashCost::kDemo);
  const auto two = HashPassword("correct horse 42", HashCost::kDemo);
  EXPECT_NE(*one, *two);
  EXPECT_TRUE(VerifyPassword(*one, "correct horse 42"));
}

TEST(Password, AgainstADamagedRecordIsWrong) {
  for (const char* phc : {"", "$argon2id$", "$argon2id$v=19$m=65536,t=3,p=1$AAAA", "plain"})
    EXPECT_FALSE(VerifyPassword(phc, "plain"));
  EXPECT_FALSE(VerifyPassword(std::string(500, 'x'), "x"));
}

TEST(Password, OfNobodyIsNobodys) { EXPECT_FALSE(VerifyPassword(PhcOfNobody(HashCost::kDemo), "")); }

TEST(HashGate, LetsTwoInAndAFewWaitAndSendsTheRestAway) {
  HashGate gate;
  auto first = gate.Enter();
  auto second = gate.Enter();
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  std::atomic<int> entered = 0, refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < HashGate::kWaitingMax + 3; ++i) {
    threads.emplace_back([&] {
      const auto pass = gate.Enter();
      if (pass.ok()) {
        ++entered;
      } else if (ReasonOf(pass.status()) == "OVERLOADED" && FactsOf(pass.status())->retry_after) {
        ++refused;
      }
    });
  }
  while (refused < 3) std::this_thread::yield();  // those beyond the queue are told at once
  EXPECT_EQ(entered, 0);
  { const HashGate::Pass leaving = *std::move(first); }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(entered, HashGate::kWaitingMax);
  EXPECT_EQ(refused, 3);
}

}  // namespace
}  // namespace gridwarden::identity
