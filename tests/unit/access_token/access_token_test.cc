#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "access/paseto.h"
#include "access/token.h"
#include "base/status.h"
#include "gtest/gtest.h"

namespace gridwarden::access {
namespace {

std::string Hex(const char* text) { return absl::HexStringToBytes(text); }

// Vectors 4-S-1 to 4-S-3 of paseto-standard/test-vectors, v4.json.
const char kSeed[] = "b4cbfb43df4ce210727d953e4a713307fa19bb7d9f85041438d9e11b942a3774";
const char kPublicKey[] = "1eb9dbbbbc047c03fd70604e0071f0987e16b28b757225c11f00415d0e20b1a2";
const char kMessage[] = R"({"data":"this is a signed message","exp":"2022-01-01T00:00:00+00:00"})";
const char kFooter[] = R"({"kid":"zVhMiPBP9fRf2snEcT7gFTioeA9COcNy9DfgL1W60haN"})";

struct Vector {
  const char* footer;
  const char* assertion;
  const char* token;
};
const Vector kVectors[] = {
    {"", "",
     "v4.public."
     "eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMCswMDowMCJ9bg_"
     "XBBzds8lTZShVl"
     "wwKSgeKpLT3yukTw6JUz3W4h_ExsQV-P0V54zemZDcAxFaSeef1QlXEFtkqxT1ciiQEDA"},
    {kFooter, "",
     "v4.public."
     "eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMCswMDowMCJ9v3Jt8mx_"
     "TdM2ceTGo"
     "qwrh4yDFn0XsHvvV_D0DtwQxVrJEBMl0F2caAdgnpKlt4p7xBnx1HcO-SPo8FPp214HDw."
     "eyJraWQiOiJ6VmhNaVBCUDlmUmYyc25FY1Q3Z0ZUaW9lQTlDT"
     "2NOeTlEZmdMMVc2MGhhTiJ9"},
    {kFooter, R"({"test-vector":"4-S-3"})",
     "v4.public."
     "eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMCswMDowMCJ9NPWciuD3d0o"
     "5eXJXG"
     "5pJy-DiVEoyPYWs1YSTwWHNJq6DZD3je5gf-0M4JR9ipdUSJbIovzmBECeaWmaqcaP0DQ."
     "eyJraWQiOiJ6VmhNaVBCUDlmUmYyc25FY1Q3Z0ZUaW9lQTlDT"
     "2NOeTlEZmdMMVc2MGhhTiJ9"},
};

TEST(Paseto, SignsTheStandardsVectors) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(SignPaseto(Hex(kSeed), kMessage, vector.footer, vector.assertion), vector.token);
  }
}

TEST(Paseto, VerifiesTheStandardsVectors) {
  for (const Vector& vector : kVectors) {
    const std::optional<PasetoParts> parts = SplitPaseto(vector.token);
    ASSERT_TRUE(parts.has_value());
    EXPECT_EQ(parts->message, kMessage);
    EXPECT_EQ(parts->footer, vector.footer);
    EXPECT_TRUE(VerifyPaseto(*parts, Hex(kPublicKey), vector.assertion));
    EXPECT_FALSE(VerifyPaseto(*parts, Hex(kPublicKey), "another audience"));
  }
}

TEST(Paseto, RefusesEveryChangedCharacter) {
  const std::string token = kVectors[1].token;
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const std::optional<PasetoParts> parts = SplitPaseto(changed);
    EXPECT_FALSE(parts && VerifyPaseto(*parts, Hex(kPublicKey), "")) << "position " << i;
  }
}

TEST(Paseto, RefusesOtherVersionsAndCutTokens) {
  const std::string token = kVectors[1].token;
  EXPECT_FALSE(SplitPaseto("").has_value());
  EXPECT_FALSE(SplitPaseto("v4.public.").has_value());
  EXPECT_FALSE(SplitPaseto("v4.local." + token.substr(10)).has_value());
  EXPECT_FALSE(SplitPaseto("v2.public." + token.substr(10)).has_value());
  EXPECT_FALSE(SplitPaseto(token + ".").has_value());
  EXPECT_FALSE(SplitPaseto(token + ".AAAA").has_value());
  for (size_t size = 0; size < token.size(); ++size) {
    const std::optional<PasetoParts> parts = SplitPaseto(token.substr(0, size));
    EXPECT_FALSE(parts && VerifyPaseto(*parts, Hex(kPublicKey), "")) << "size " << size;
  }
}

class Token : public testing::Test {
 protected:
  const absl::Time now_ = absl::FromUnixSeconds(1'790'000'000);
  const SigningKey key_{.id = "key-1", .seed = Hex(kSeed)};
  const absl::flat_hash_map<std::string, std::string> keys_{{"key-1", Hex(kPublicKey)}};
  const TokenClaims claims_{.account = Uuid::Make(now_),
                            .person = Uuid::Make(now_),
                            .session = Uuid::Make(now_),
                            .issued = now_,
                            .expires = now_ + kAccessTokenLife};

  std::string ReasonAt(const std::string& token, absl::Time at) {
    return ReasonOf(VerifyToken(token, keys_, at).status());
  }
};

TEST_F(Token, SaysWhoCallsAndNothingElse) {
  const auto claims = VerifyToken(MintToken(key_, claims_), keys_, now_);
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->account, claims_.account);
  EXPECT_EQ(claims->person, claims_.person);
  EXPECT_EQ(claims->session, claims_.session);
  EXPECT_EQ(claims->expires, now_ + absl::Minutes(10));
  EXPECT_EQ(SplitPaseto(MintToken(key_, claims_))->message.find("admin"), std::string::npos);
}

TEST_F(Token, MayNameNoPerson) {
  TokenClaims claims = claims_;
  claims.person = Uuid();
  const auto read = VerifyToken(MintToken(key_, claims), keys_, now_);
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->person.IsNil());
}

TEST_F(Token, ExpiresAfterTenMinutes) {
  const std::string token = MintToken(key_, claims_);
  EXPECT_EQ(ReasonAt(token, now_ + absl::Minutes(10) - absl::Seconds(1)), "");
  EXPECT_EQ(ReasonAt(token, now_ + absl::Minutes(10)), "TOKEN_EXPIRED");
}

TEST_F(Token, FromTheFutureIsRefusedBeyondTheSkewOfClocks) {
  const std::string token = MintToken(key_, claims_);
  EXPECT_EQ(ReasonAt(token, now_ - absl::Seconds(29)), "");
  EXPECT_EQ(ReasonAt(token, now_ - absl::Seconds(31)), "NOT_SIGNED_IN");
}

TEST_F(Token, OfAnUnknownKeyOrAnotherAudienceIsRefused) {
  EXPECT_EQ(ReasonAt(MintToken({.id = "key-2", .seed = key_.seed}, claims_), now_), "NOT_SIGNED_IN");
  EXPECT_EQ(ReasonAt(MintToken({.id = "key-1", .seed = std::string(32, 'x')}, claims_), now_),
            "NOT_SIGNED_IN");
  const std::string message = SplitPaseto(MintToken(key_, claims_))->message;
  EXPECT_EQ(ReasonAt(SignPaseto(key_.seed, message, R"({"kid":"key-1"})", "gridwarden"), now_), "");
  EXPECT_EQ(ReasonAt(SignPaseto(key_.seed, message, R"({"kid":"key-1"})", "elsewhere"), now_),
            "NOT_SIGNED_IN");
}

TEST_F(Token, WithMalformedClaimsIsRefusedThoughWellSigned) {
  for (const char* message :
       {"", "[]", "{}", "\"text\"", R"({"sub":7})", R"({"sub":"x","session":"y","iat":"z","exp":"z"})"}) {
    EXPECT_EQ(ReasonAt(SignPaseto(key_.seed, message, R"({"kid":"key-1"})", "gridwarden"), now_),
              "NOT_SIGNED_IN")
        << message;
  }
  for (const char* footer : {"", "{}", "[]", "kid", R"({"kid":1})"}) {
    const std::string message = SplitPaseto(MintToken(key_, claims_))->message;
    EXPECT_EQ(ReasonAt(SignPaseto(key_.seed, message, footer, "gridwarden"), now_), "NOT_SIGNED_IN")
        << footer;
  }
}

TEST_F(Token, IsRefusedUnreadWhenEmptyOrTooLong) {
  EXPECT_EQ(ReasonAt("", now_), "NOT_SIGNED_IN");
  EXPECT_EQ(ReasonAt("v4.public." + std::string(kTokenSizeMax, 'A'), now_), "NOT_SIGNED_IN");
}

class AuthenticateTest : public Token {
 protected:
  absl::StatusOr<rpc::Principal> Authenticate(AccessState state) {
    state.token_keys = keys_;
    Directory directory(std::make_shared<const domain::Ground>(),
                        std::make_shared<const AccessState>(std::move(state)));
    return MakeAuthenticate(directory)(MintToken(key_, claims_), now_);
  }
};

TEST_F(AuthenticateTest, TakesTheRightToAdministerFromTheSnapshot) {
  AccessState state;
  state.accounts[claims_.account] = {.person = claims_.person, .administrator = true};
  const auto principal = Authenticate(state);
  ASSERT_TRUE(principal.ok()) << principal.status();
  EXPECT_TRUE(principal->administrator);
  EXPECT_EQ(principal->account, claims_.account);
  EXPECT_EQ(principal->session, claims_.session);
  EXPECT_FALSE(principal->system);
}

TEST_F(AuthenticateTest, LetsAnAccountCallThatTheSnapshotDoesNotHoldYet) {
  const auto principal = Authenticate({});
  ASSERT_TRUE(principal.ok()) << principal.status();
  EXPECT_FALSE(principal->administrator);
  EXPECT_EQ(principal->person, claims_.person);
}

TEST_F(AuthenticateTest, RefusesADisabledAccount) {
  AccessState state;
  state.accounts[claims_.account] = {.person = claims_.person, .administrator = true, .disabled = true};
  const auto principal = Authenticate(state);
  EXPECT_EQ(principal.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(principal.status()), "NOT_SIGNED_IN");
}

TEST_F(AuthenticateTest, RefusesAnEndedSession) {
  AccessState state;
  state.ended_sessions.insert(claims_.session);
  EXPECT_EQ(ReasonOf(Authenticate(state).status()), "NOT_SIGNED_IN");
}

}  // namespace
}  // namespace gridwarden::access
