#include "identity/session_tokens.h"

#include "gtest/gtest.h"
#include "identity/identity.h"

namespace gridwarden::identity {
namespace {

TEST(RefreshToken, KeepsItsFamilyAndChangesItsTurn) {
  const RefreshToken first = NewFamily();
  const RefreshToken second = NextTurn(first);
  EXPECT_EQ(first.FamilyDigest(), second.FamilyDigest());
  EXPECT_NE(first.TokenDigest(), second.TokenDigest());
  EXPECT_NE(first.FamilyDigest(), NewFamily().FamilyDigest());
  EXPECT_EQ(first.turn.size() * 8, 256u);
}

TEST(RefreshToken, IsReadBackFromItsText) {
  const RefreshToken token = NewFamily();
  const std::optional<RefreshToken> read = ParseRefreshToken(token.ToText());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->TokenDigest(), token.TokenDigest());
}

TEST(RefreshToken, OfAnotherShapeIsNone) {
  const std::string text = NewFamily().ToText();
  EXPECT_FALSE(ParseRefreshToken("").has_value());
  EXPECT_FALSE(ParseRefreshToken(text.substr(1)).has_value());
  EXPECT_FALSE(ParseRefreshToken(text + "A").has_value());
  EXPECT_FALSE(ParseRefreshToken(std::string(64, '!')).has_value());
}

TEST(SessionLife, IsShortOnAConsole) {
  EXPECT_EQ(LifeOf("console 1.0").idle, absl::Minutes(30));
  EXPECT_EQ(LifeOf("console 1.0").whole, absl::Hours(12));
  EXPECT_EQ(LifeOf("inspector 1.0").idle, absl::Hours(24 * 45));
  EXPECT_EQ(LifeOf("").whole, absl::Hours(24 * 90));
}

TEST(Login, IsComparedInLowerCaseWithoutSpaces) {
  EXPECT_EQ(NormaliseLogin("  ZhangWei "), "zhangwei");
  EXPECT_EQ(NormaliseLogin("张伟"), "张伟");
}

TEST(Phone, IsTheSameHoweverItIsWritten) {
  for (const char* text : {"13800000001", "138 0000 0001", "138-0000-0001", "+86 13800000001",
                           "008613800000001", "8613800000001"}) {
    EXPECT_EQ(NormalisePhone(text).value_or("none"), "13800000001") << text;
  }
  EXPECT_EQ(NormalisePhone("0396-2912345").value_or("none"), "03962912345");
  EXPECT_EQ(NormalisePhone("+44 20 7946 0000").value_or("none"), "+442079460000");
  for (const char* text : {"", "1234", "zhangwei", "1380000000a", "12+34567", "1234567890123456789"}) {
    EXPECT_FALSE(NormalisePhone(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace gridwarden::identity
