#include "gateway/trust_page.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gateway/qr_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/crypto/digest.h"

namespace gridwarden::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const tls::KeyPair& Authority() {
  static const tls::KeyPair authority =
      tls::MakeAuthority({.common_name = "Gridwarden local authority <b>&",
                          .not_before = absl::FromUnixSeconds(1'790'000'000),
                          .not_after = absl::FromUnixSeconds(2'100'000'000)})
          .value();
  return authority;
}

HttpResponse PageFor(const std::string& query, std::map<std::string, std::string> headers,
                     const std::string& host = "192.0.2.7:8443") {
  const auto pages =
      TrustPages::Make(Authority().certificate, {"http://192.0.2.7:8443", "http://192.0.2.8:8443"});
  return pages->Answer({.method = "GET", .path = "/trust", .query = query, .headers = std::move(headers)},
                       host);
}

std::string Between(const std::string& text, const std::string& begin, const std::string& end) {
  const size_t from = text.find(begin) + begin.size();
  return text.substr(from, text.find(end, from) - from);
}

std::string HeaderOf(const HttpResponse& response, const std::string& name) {
  for (const auto& [header, value] : response.headers) {
    if (header == name) return value;
  }
  return "";
}

TEST(TrustPage, SpeaksTheReadersLanguage) {
  EXPECT_THAT(PageFor("", {}).body, HasSubstr("<html lang=\"zh-CN\">"));
  EXPECT_THAT(PageFor("", {{"accept-language", "zh-CN,en;q=0.5"}}).body, HasSubstr("先核对指纹"));
  EXPECT_THAT(PageFor("", {{"accept-language", "en-GB"}}).body, HasSubstr("Compare the fingerprint first"));
  EXPECT_THAT(PageFor("lang=zh", {{"accept-language", "en"}}).body, HasSubstr("先核对指纹"));
  EXPECT_THAT(PageFor("lang=en", {{"accept-language", "zh"}}).body, Not(HasSubstr("先核对指纹")));
}

TEST(TrustPage, OpensTheStepsOfTheReadersSystem) {
  const auto open = [](const char* agent) {
    return Between(PageFor("lang=en", {{"user-agent", agent}}).body, "<details open><summary>", "</summary>");
  };
  EXPECT_EQ(open("Mozilla/5.0 (Linux; Android 14; Pixel 8)"), "Android");
  EXPECT_EQ(open("Mozilla/5.0 (Phone; OpenHarmony 5.0) ArkWeb/4.1"), "HarmonyOS");
  EXPECT_EQ(open("Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00)"), "HarmonyOS");
  EXPECT_EQ(open("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)"), "iPhone and iPad");
  EXPECT_EQ(open("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"), "Windows");
  EXPECT_EQ(open("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"), "macOS");
  EXPECT_EQ(open("Mozilla/5.0 (X11; Linux x86_64)"), "Linux");
  EXPECT_THAT(PageFor("", {{"user-agent", "curl/8"}}).body, Not(HasSubstr("<details open>")));
}

TEST(TrustPage, AllowsItsOwnStyleAndNothingElse) {
  const HttpResponse page = PageFor("", {});
  const std::string hash = absl::Base64Escape(crypto::Sha256(Between(page.body, "<style>", "</style>")));
  EXPECT_EQ(HeaderOf(page, "Content-Security-Policy"),
            absl::StrCat("default-src 'none'; style-src 'sha256-", hash,
                         "'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"));
  EXPECT_THAT(page.body, Not(HasSubstr("<script")));
  EXPECT_THAT(page.body, Not(HasSubstr(" style=")));
  EXPECT_THAT(page.body, Not(HasSubstr(" src=")));
}

TEST(TrustPage, LetsNothingBecomeMarkup) {
  EXPECT_THAT(PageFor("", {}).body, HasSubstr("Gridwarden local authority &lt;b&gt;&amp;"));
  const auto pages = TrustPages::Make(Authority().certificate, {}).value();
  const HttpResponse profile = pages.Answer({.method = "GET", .path = "/trust/authority.mobileconfig"}, "");
  EXPECT_THAT(profile.body, HasSubstr("<string>Gridwarden local authority &lt;b&gt;&amp;</string>"));
  EXPECT_THAT(profile.body, Not(HasSubstr("-----")));
}

TEST(TrustPage, ShowsWhereOthersReachUsOrThatTheyCannot) {
  const std::string page = PageFor("lang=en", {}).body;
  EXPECT_THAT(page, HasSubstr("http://192.0.2.7:8443/trust"));
  EXPECT_THAT(page, HasSubstr("http://192.0.2.8:8443/trust"));
  EXPECT_THAT(page, HasSubstr("href=\"https://192.0.2.7:8443/\""));
  EXPECT_THAT(PageFor("lang=en", {}, "").body, Not(HasSubstr("4. Open it"))) << "a host that we are not";
  const auto pages = TrustPages::Make(Authority().certificate, {}).value();
  EXPECT_THAT(pages.Answer({.method = "GET", .path = "/trust", .query = "lang=en"}, "").body,
              HasSubstr("its own machine only"));
}

TEST(TrustPage, IsThereOnlyWithAnAuthority) {
  EXPECT_FALSE(TrustPages().Has("/trust"));
  EXPECT_FALSE(TrustPages::Make("", {}).ok());
  EXPECT_FALSE(TrustPages::Make(Authority().key, {}).ok());
  const auto pages = TrustPages::Make(Authority().key + Authority().certificate, {}).value();
  EXPECT_TRUE(pages.Has("/trust") && pages.Has("/trust/authority.crt"));
  EXPECT_FALSE(pages.Has("/trust/") || pages.Has("/trust/authority.key") || pages.Has("/"));
  EXPECT_EQ(pages.Answer({.method = "GET", .path = "/trust/authority.crt"}, "").body,
            Authority().certificate);
}

TEST(QrCode, DrawsTheSameCodeForPagesAndTerminals) {
  const std::string text = "http://192.168.1.7:8443/trust";
  const std::string svg = QrSvg(text).value(), lines = QrLines(text).value();
  EXPECT_THAT(svg, HasSubstr("viewBox=\"0 0 37 37\"")) << "29 modules and the quiet zone";
  // Dark modules: half blocks and blocks of the one, lengths of the strokes of the other.
  size_t of_lines = 0, of_svg = 0;
  for (const char* block : {"█", "█", "▀", "▄"}) {
    for (size_t at = lines.find(block); at != std::string::npos; at = lines.find(block, at + 1)) ++of_lines;
  }
  const std::string path = svg.substr(svg.find("#000"));
  for (size_t at = path.find('h'); at != std::string::npos; at = path.find('h', at + 1)) {
    if (path[at + 1] != '-') of_svg += std::stoul(path.substr(at + 1));
  }
  EXPECT_EQ(of_lines, of_svg);
  EXPECT_GT(of_svg, 200u);
  EXPECT_THAT(path, HasSubstr("M4 4h7v1h-7z")) << "the first finder begins at the corner";
  EXPECT_FALSE(QrSvg("").ok());
  EXPECT_FALSE(QrSvg(std::string(5000, 'x')).ok());
}

}  // namespace
}  // namespace gridwarden::gateway
