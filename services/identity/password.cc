#include "identity/password.h"

#include <sodium.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::identity {
namespace {

// Words that, with digits and signs around them or repeated, make the common passwords of 12 and more
// characters: the heads of the public lists, what Chinese users choose (pinyin, 520, 1314), and our own
// words.
constexpr std::string_view kCommonWords[] = {
    "password",
    "passw",
    "passwd",
    "pass",
    "passcode",
    "admin",
    "administrator",
    "root",
    "toor",
    "guest",
    "user",
    "username",
    "login",
    "welcome",
    "letmein",
    "letmeinnow",
    "changeme",
    "changemenow",
    "default",
    "secret",
    "master",
    "test",
    "testing",
    "tester",
    "demo",
    "temp",
    "temporary",
    "qwerty",
    "qwertyuiop",
    "qwertyui",
    "qwert",
    "asdf",
    "asdfgh",
    "asdfghjkl",
    "zxcvbn",
    "zxcvbnm",
    "qazwsx",
    "qazwsxedc",
    "qweasd",
    "qweasdzxc",
    "qaz",
    "wsx",
    "qwe",
    "asd",
    "zxc",
    "abc",
    "abcd",
    "abcdef",
    "abcdefg",
    "abcdefgh",
    "iloveyou",
    "iloveyousomuch",
    "loveyou",
    "love",
    "lovely",
    "princess",
    "sunshine",
    "football",
    "baseball",
    "basketball",
    "superman",
    "batman",
    "dragon",
    "monkey",
    "shadow",
    "michael",
    "jennifer",
    "computer",
    "internet",
    "starwars",
    "trustno",
    "whatever",
    "freedom",
    "liverpool",
    "chelsea",
    "arsenal",
    "manchester",
    "google",
    "facebook",
    "microsoft",
    "windows",
    "samsung",
    "apple",
    "huawei",
    "xiaomi",
    "tencent",
    "alibaba",
    "weixin",
    "wechat",
    "taobao",
    "baidu",
    "woaini",
    "woainima",
    "woaizhongguo",
    "wodemima",
    "mima",
    "mimashi",
    "nihao",
    "nihaoma",
    "zhongguo",
    "china",
    "beijing",
    "shanghai",
    "henan",
    "zhengzhou",
    "zhumadian",
    "suiping",
    "xinmi",
    "wangge",
    "wanggeyuan",
    "wanggezhang",
    "lantian",
    "lantianwangge",
    "huanbao",
    "huanbaoju",
    "gridwarden",
    "grid",
    "warden",
    "a",
    "aa",
    "q",
    "aaa",
    "p",
    "ss",
    "w",
    "rd",
    "d",
    "as",
    "administratorpassword",
    "passwordpassword",
    "adminadmin",
    "newpassword",
    "mypassword",
    "thisismypassword",
    "correcthorsebatterystaple",
    "correct",
    "horse",
    "battery",
    "staple",
    "hello",
    "helloworld",
    "world",
    "summer",
    "winter",
    "spring",
    "autumn",
};

bool IsCommonWord(std::string_view word) {
  return std::find(std::begin(kCommonWords), std::end(kCommonWords), word) != std::end(kCommonWords);
}

absl::Status TooWeak(std::string_view rule) {
  return MakeError(absl::StatusCode::kInvalidArgument, absl::StrFormat("password refused: %s", rule),
                   {.reason = "PASSWORD_TOO_WEAK",
                    .metadata = {{"rule", std::string(rule)}},
                    .fields = {{"password", std::string(rule)}}});
}

// Characters of UTF-8, or -1 when it is none.
int CountCharacters(std::string_view text) {
  int count = 0;
  for (size_t i = 0; i < text.size(); ++count) {
    const unsigned char lead = static_cast<unsigned char>(text[i]);
    const size_t size = lead < 0x80                   ? 1
                        : lead >= 0xC2 && lead < 0xE0 ? 2
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                        : lead >= 0xF0 && lead < 0xF5 ? 4
                                                      : 0;
    if (size == 0 || i + size > text.size()) return -1;
    for (size_t k = 1; k < size; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return -1;
    }
    i += size;
  }
  return count;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower;
}

// The same few characters over and over: "121212121212", "abcabcabcabc".
bool IsRepetition(std::string_view text) {
  for (size_t unit = 1; unit <= 6 && unit * 2 <= text.size(); ++unit) {
    bool same = true;
    for (size_t i = unit; i < text.size() && same; ++i) same = text[i] == text[i - unit];
    if (same) return true;
  }
  return false;
}

// A walk along the alphabet, the digits or a row of keys, in either direction: "1234567890ab" is two of them.
int CountBreaks(std::string_view text) {
  constexpr std::string_view kRows[] = {
      "abcdefghijklmnopqrstuvwxyz",      "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm",
      "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik", "!@#$%^&*()"};
  int breaks = 0;
  for (size_t i = 1; i < text.size(); ++i) {
    bool neighbours = text[i] == text[i - 1];
    for (std::string_view row : kRows) {
      const std::string pair = {text[i - 1], text[i]};
      const std::string back = {text[i], text[i - 1]};
      neighbours =
          neighbours || row.find(pair) != std::string_view::npos || row.find(back) != std::string_view::npos;
    }
    if (!neighbours) ++breaks;
  }
  return breaks;
}

// Nothing but common words with digits and signs: "Password@2026!!", "admin123admin123".
bool IsCommon(const std::string& lower) {
  // Digits and signs at the ends are padding; only those inside stand for letters.
  const auto is_letter = [](unsigned char c) { return absl::ascii_isalpha(c) || c >= 0x80; };
  const auto first = std::find_if(lower.begin(), lower.end(), is_letter);
  const auto last = std::find_if(lower.rbegin(), lower.rend(), is_letter).base();
  std::string unleeted = first < last ? std::string(first, last) : lower;
  for (char& c : unleeted) {
    if (c == '0') c = 'o';
    if (c == '@' || c == '4') c = 'a';
    if (c == '$' || c == '5') c = 's';
    if (c == '1' || c == '!') c = 'i';
    if (c == '3') c = 'e';
  }
  for (const std::string& text : {lower, unleeted}) {
    bool any_word = false;
    bool all_common = true;
    std::string word;
    for (size_t i = 0; i <= text.size(); ++i) {
      const unsigned char c = i < text.size() ? static_cast<unsigned char>(text[i]) : ' ';
      if (absl::ascii_isalpha(c) || c >= 0x80) {
        word += static_cast<char>(c);
        continue;
      }
      if (word.empty()) continue;
      any_word = true;
      all_common = all_common && IsCommonWord(word);
      word.clear();
    }
    if (any_word && all_common) return true;
  }
  return std::all_of(lower.begin(), lower.end(), [](unsigned char c) { return absl::ascii_isdigit(c); }) &&
         lower.size() < 16;
}

// `word` makes up so much of the password that fewer than 8 bytes are left.
bool ConsistsOf(const std::string& lower, const std::string& word) {
  if (word.size() < 4) return false;
  size_t rest = lower.size();
  for (size_t at = lower.find(word); at != std::string::npos; at = lower.find(word, at + word.size()))
    rest -= word.size();
  return rest != lower.size() && rest < 8;
}

struct Cost {
  unsigned long long passes;
  size_t memory;
};

Cost CostOf(HashCost cost) {
  switch (cost) {
    case HashCost::kFull:
      return {3, size_t{64} << 20};
    case HashCost::kDemo:
      return {1, size_t{1} << 20};
  }
  std::abort();
}

void NeedSodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
}

}  // namespace

absl::Status CheckPassword(std::string_view password, std::string_view login, std::string_view phone) {
  if (password.size() > kPasswordBytesMax)
    return TooWeak(absl::StrFormat("不超过 %d 字节", kPasswordBytesMax));
  const int characters = CountCharacters(password);
  if (characters < 0) return TooWeak("须为 UTF-8 文字");
  if (password.find('\0') != std::string_view::npos) return TooWeak("不能含空字符");
  if (characters < kPasswordCharactersMin)
    return TooWeak(absl::StrFormat("至少 %d 个字符", kPasswordCharactersMin));
  const std::string lower = Lower(password);
  if (IsRepetition(lower)) return TooWeak("不能是重复的字符");
  if (CountBreaks(lower) < 3) return TooWeak("不能是连续的字符");
  if (IsCommon(lower)) return TooWeak("不能是常见密码");
  if (ConsistsOf(lower, Lower(login)) || ConsistsOf(lower, std::string(phone)))
    return TooWeak("不能由账号或手机号组成");
  return absl::OkStatus();
}

absl::StatusOr<std::string> HashPassword(std::string_view password, HashCost cost) {
  NeedSodium();
  char phc[crypto_pwhash_STRBYTES];
  const Cost limits = CostOf(cost);
  if (crypto_pwhash_str_alg(phc, password.data(), password.size(), limits.passes, limits.memory,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Overloaded("no memory to hash a password", absl::Seconds(5));
  }
  return std::string(phc);
}

bool VerifyPassword(std::string_view phc, std::string_view password) {
  NeedSodium();
  // The library reads up to a NUL within its fixed size.
  char text[crypto_pwhash_STRBYTES] = {};
  if (phc.size() >= sizeof(text)) return false;
  phc.copy(text, phc.size());
  return crypto_pwhash_str_verify(text, password.data(), password.size()) == 0;
}

const std::string& PhcOfNobody(HashCost cost) {
  const auto make = [](HashCost of) {
    NeedSodium();
    std::string password(32, '\0');
    randombytes_buf(password.data(), password.size());
    return HashPassword(password, of).value_or("");
  };
  if (cost == HashCost::kDemo) {
    static const std::string demo = make(HashCost::kDemo);
    return demo;
  }
  static const std::string full = make(HashCost::kFull);
  return full;
}

absl::StatusOr<HashGate::Pass> HashGate::Enter() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (running_ >= kRunningMax) {
    if (waiting_ >= kWaitingMax) return Overloaded("too many sign in at once", absl::Seconds(1));
    ++waiting_;
    const bool free = left_.wait_for(lock, std::chrono::milliseconds(kWaitMsMax),
                                     [this] { return running_ < kRunningMax; });
    --waiting_;
    if (!free) return Overloaded("too many sign in at once", absl::Seconds(2));
  }
  ++running_;
  return Pass(this);
}

void HashGate::Leave() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    --running_;
  }
  left_.notify_one();
}

}  // namespace gridwarden::identity
