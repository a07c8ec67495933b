#include "gateway/trust_page.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "gateway/answers.h"
#include "gateway/qr_code.h"
#include "platform/crypto/digest.h"

namespace gridwarden::gateway {
namespace {

constexpr char kPage[] = "/trust";
constexpr char kCertificate[] = "/trust/authority.crt";
constexpr char kProfile[] = "/trust/authority.mobileconfig";
constexpr char kBegin[] = "-----BEGIN CERTIFICATE-----";
constexpr char kEnd[] = "-----END CERTIFICATE-----";

constexpr char kStyle[] = R"(
:root{--ink:#1c2733;--soft:#52626f;--ground:#f3f7fa;--card:#fff;--line:#d5e0ea;--code:#edf2f7;--link:#175a92;--on:#fff;--care:#8a3b00;--carebg:#fff4e5}
@media (prefers-color-scheme:dark){:root{--ink:#e4ebf2;--soft:#a6b5c3;--ground:#131a21;--card:#1b242d;--line:#31404e;--code:#26323d;--link:#7fbdf0;--on:#0d1a26;--care:#ffc98a;--carebg:#33261a}}
*{box-sizing:border-box}
body{font:17px/1.6 "PingFang SC","HarmonyOS Sans SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:44rem;margin:0 auto;padding:1rem 1rem 3rem;color:var(--ink);background:var(--ground);overflow-wrap:anywhere}
html[lang=en] body{font-family:system-ui,"DejaVu Sans",sans-serif}
header{display:flex;justify-content:space-between;align-items:baseline;gap:1rem}header a{flex:none}
h1{font-size:1.4rem;line-height:1.3;margin:.3rem 0;text-wrap:balance}h2{font-size:1.08rem;margin:0 0 .4rem}
p{margin:.4rem 0}section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.9rem 1.1rem;margin:.9rem 0}
a{color:var(--link)}.soft{color:var(--soft);font-size:.9rem}.care{background:var(--carebg);color:var(--care)}
.print{display:block;font:600 .95rem/1.7 ui-monospace,"DejaVu Sans Mono",monospace;background:var(--code);border-radius:6px;padding:.5rem .7rem;letter-spacing:.02em;word-spacing:.15em}.print b{display:inline-block;font-weight:600}
.get{display:block;background:var(--link);color:var(--on);text-decoration:none;text-align:center;font-weight:600;border-radius:8px;padding:.75rem 1rem;margin:.6rem 0;min-height:48px}
.get.other{background:none;color:var(--link);border:1px solid var(--link)}
details{border-top:1px solid var(--line)}details:first-of-type{border-top:0}summary{cursor:pointer;padding:.65rem 0;font-weight:600;min-height:44px}
ol{margin:.1rem 0 .9rem;padding-left:1.4rem}li{margin:.3rem 0}
code{background:var(--code);padding:.1em .35em;border-radius:4px;font-size:.85em}
.codes{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:1rem}.codes figure{margin:0;text-align:center}.codes svg{width:100%;max-width:14rem;border-radius:8px}
figcaption{font-size:.85rem;color:var(--soft)}
)";

constexpr char kIcon[] =
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Cpath "
    "fill='%231f6fb2' "
    "d='M0 0h3.5v3.5H0zM4.5 0H8v3.5H4.5zM0 4.5h3.5V8H0zM4.5 4.5H8V8H4.5z'/%3E%3C/svg%3E";

// One system: which User-Agents are its, and the steps in both languages, one a line.
struct System {
  const char* agent;
  const char* name_zh;
  const char* name_en;
  const char* steps_zh;
  const char* steps_en;
};

// In the order in which a User-Agent is asked: HarmonyOS also says Android, Android also says Linux.
constexpr System kSystems[] = {
    {"Harmony", "华为（HarmonyOS）", "HarmonyOS",
     "点上面的“下载证书”，保存文件\n"
     "打开“设置”，在顶部搜索“证书”，进入“证书与凭据”或“加密和凭据”（在“隐私和安全”或“安全 → "
     "更多安全设置”里）\n"
     "选“从存储设备安装”或“安装证书 → CA 证书”，选刚才的文件；提示风险时核对名称后继续\n"
     "重新打开本系统，地址栏不再警告即可",
     "Tap “Download the certificate” above and keep the file\n"
     "In Settings search for “certificate”; open “Certificates and credentials” or “Encryption and "
     "credentials”\n"
     "Choose “Install from storage”, then the file; when warned, compare the name and go on\n"
     "Open this system again: no more warning"},
    {"Android", "安卓（Android）", "Android",
     "点上面的“下载证书”，保存文件\n"
     "打开“设置”，在顶部搜索“CA 证书”，或依次进入“安全 → 更多安全设置 → 加密与凭据 → 安装证书 → CA 证书”\n"
     "点“仍然安装”，选刚才的文件（须已设锁屏密码）\n"
     "重新打开本系统，地址栏不再警告即可",
     "Tap “Download the certificate” above and keep the file\n"
     "In Settings search for “CA certificate”, or go to Security → More security settings → Encryption & "
     "credentials → Install a certificate → CA certificate\n"
     "Tap “Install anyway” and choose the file (the phone must have a screen lock)\n"
     "Open this system again: no more warning"},
    {"iPhone|iPad", "苹果手机、平板（iOS）", "iPhone and iPad",
     "用 Safari 打开本页，点“苹果描述文件”，选“允许”\n"
     "打开“设置”，点顶部的“已下载描述文件”，再点“安装”\n"
     "再进入“设置 → 通用 → 关于本机 → 证书信任设置”，打开这个证书的开关（这一步不能省）\n"
     "重新打开本系统，地址栏不再警告即可",
     "Open this page in Safari, tap “Profile for iPhone and iPad” and allow it\n"
     "Open Settings, tap “Profile Downloaded” at the top, then Install\n"
     "Go to Settings → General → About → Certificate Trust Settings and switch this certificate on (do not "
     "leave "
     "this out)\n"
     "Open this system again: no more warning"},
    {"Windows", "Windows 电脑", "Windows",
     "点“下载证书”，双击下载的文件，点“安装证书”\n"
     "选“当前用户”，再选“将所有的证书都放入下列存储”，点“浏览”，选“受信任的根证书颁发机构”\n"
     "完成，核对弹窗里的指纹后点“是”；重新打开浏览器",
     "Click “Download the certificate”, open the file, click Install Certificate\n"
     "Choose Current User, then “Place all certificates in the following store”, Browse, “Trusted Root "
     "Certification Authorities”\n"
     "Finish; compare the fingerprint shown, then Yes. Restart the browser"},
    {"Macintosh", "苹果电脑（macOS）", "macOS",
     "点“下载证书”，双击下载的文件，加入“登录”钥匙串\n"
     "在“钥匙串访问”里双击它，展开“信任”，选“始终信任”",
     "Click “Download the certificate”, open the file and add it to the login keychain\n"
     "In Keychain Access open it, unfold Trust and choose Always Trust"},
    {"Linux", "Linux 电脑（统信、麒麟、Debian）", "Linux",
     "点“下载证书”，然后：<code>sudo cp gridwarden-authority.crt /usr/local/share/ca-certificates/</code>，"
     "<code>sudo update-ca-certificates</code>\n"
     "浏览器自带证书库：在浏览器设置里搜索“证书”，在“授权机构”中导入同一文件，勾选“信任它来标识网站”\n"
     "命令行 gridctl：<code>--ca 文件</code> 或环境变量 <code>GRIDWARDEN_CA</code>",
     "Click “Download the certificate”, then <code>sudo cp gridwarden-authority.crt "
     "/usr/local/share/ca-certificates/</code> and <code>sudo update-ca-certificates</code>\n"
     "Browsers keep their own: search their settings for “certificates” and import the file under "
     "Authorities, "
     "trusted for web sites\n"
     "gridctl: <code>--ca FILE</code> or the environment variable <code>GRIDWARDEN_CA</code>"},
};

// The first certificate and nothing else: the file may hold a key.
std::string FirstCertificate(const std::string& pem) {
  const size_t begin = pem.find(kBegin);
  const size_t end = begin == std::string::npos ? begin : pem.find(kEnd, begin);
  if (end == std::string::npos) return "";
  return pem.substr(begin, end + sizeof(kEnd) - 1 - begin) + "\n";
}

// A UUID that is the same for the same certificate, so that a second installation replaces the first.
std::string UuidOf(const std::string& text) {
  const std::string hex = absl::BytesToHexString(crypto::Sha256(text));
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-5", hex.substr(13, 3), "-a",
                      hex.substr(17, 3), "-", hex.substr(20, 12));
}

std::string Profile(const std::string& pem, const std::string& name) {
  const std::string body = absl::StrReplaceAll(pem, {{kBegin, ""}, {kEnd, ""}});
  return absl::StrCat(R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>PayloadContent</key><array><dict>
<key>PayloadCertificateFileName</key><string>gridwarden-authority.crt</string>
<key>PayloadContent</key><data>)",
                      body, R"(</data>
<key>PayloadDisplayName</key><string>)",
                      Escaped(name), R"(</string>
<key>PayloadIdentifier</key><string>gridwarden.authority.certificate</string>
<key>PayloadType</key><string>com.apple.security.root</string>
<key>PayloadUUID</key><string>)",
                      UuidOf(pem), R"(</string>
<key>PayloadVersion</key><integer>1</integer>
</dict></array>
<key>PayloadDisplayName</key><string>)",
                      Escaped(name), R"(</string>
<key>PayloadIdentifier</key><string>gridwarden.authority</string>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadUUID</key><string>)",
                      UuidOf("profile" + pem), R"(</string>
<key>PayloadVersion</key><integer>1</integer>
</dict></plist>
)");
}

// Whether the reader wants Chinese: by what he chose, else by his browser, else yes.
bool WantsChinese(const HttpRequest& request) {
  if (request.query == "lang=en") return false;
  if (request.query == "lang=zh") return true;
  const std::string languages = absl::AsciiStrToLower(std::string(request.Header("accept-language")));
  const size_t chinese = languages.find("zh"), english = languages.find("en");
  return chinese != std::string::npos || english == std::string::npos;
}

bool Agrees(const std::string& user_agent, const char* words) {
  for (const std::string& word : std::vector<std::string>(absl::StrSplit(words, '|'))) {
    if (absl::StrContains(user_agent, word)) return true;
  }
  return false;
}

const System* SystemOf(const std::string& user_agent) {
  for (const System& system : kSystems) {
    if (Agrees(user_agent, system.agent)) return &system;
  }
  return nullptr;
}

// "AB:CD:..." in groups of eight that eyes can compare; a line breaks between groups only.
std::string Grouped(const std::string& sha256) {
  constexpr size_t kGroup = 8 * 3;
  std::string groups;
  for (size_t at = 0; at < sha256.size(); at += kGroup) {
    absl::StrAppend(&groups, at == 0 ? "" : " ", "<b>",
                    absl::StrReplaceAll(sha256.substr(at, kGroup - 1), {{":", " "}}), "</b>");
  }
  return groups;
}

}  // namespace

absl::StatusOr<TrustPages> TrustPages::Make(const std::string& authority_pem,
                                            const std::vector<std::string>& addresses) {
  TrustPages pages;
  pages.pem_ = FirstCertificate(authority_pem);
  if (pages.pem_.empty()) return InvalidField("--tls-authority", "want a PEM certificate");
  GW_ASSIGN_OR_RETURN(pages.authority_, tls::Describe(pages.pem_));
  pages.profile_ = Profile(pages.pem_, pages.authority_.subject.common_name);
  for (const std::string& address : addresses) {
    GW_ASSIGN_OR_RETURN(std::string svg, QrSvg(address + kPage));
    pages.codes_.push_back({address + kPage, std::move(svg)});
  }
  return pages;
}

bool TrustPages::Has(const std::string& path) const {
  return !pem_.empty() && (path == kPage || path == kCertificate || path == kProfile);
}

HttpResponse TrustPages::Answer(const HttpRequest& request, const std::string& host) const {
  if (request.path == kPage) {
    HttpResponse page = HtmlResponse(Page(request, host));
    page.headers.emplace_back("Vary", "Accept-Language, User-Agent");
    return page;
  }
  const bool is_profile = request.path == kProfile;
  return {.headers = {{"Content-Type",
                       is_profile ? "application/x-apple-aspen-config" : "application/x-x509-ca-cert"},
                      {"Content-Disposition", absl::StrCat("attachment; filename=\"gridwarden-authority.",
                                                           is_profile ? "mobileconfig" : "crt", "\"")},
                      {"Cache-Control", "no-store"}},
          .body = is_profile ? profile_ : pem_};
}

std::string TrustPages::Page(const HttpRequest& request, const std::string& host) const {
  const bool zh = WantsChinese(request);
  const auto say = [zh](const char* chinese, const char* english) { return zh ? chinese : english; };
  const System* mine = SystemOf(std::string(request.Header("user-agent")));
  const bool is_ios = mine != nullptr && absl::StartsWith(mine->agent, "iPhone");
  std::string page = absl::StrCat(
      "<!doctype html>\n<html lang=\"", say("zh-CN", "en"),
      "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"",
      kIcon, "\">\n<style>", kStyle, "</style>\n<title>", say("信任本服务器", "Trust this server"),
      " · Gridwarden</title>\n</head>\n<body>\n<header><h1>",
      say("让手机、电脑信任本服务器", "Let your phone or computer trust this server"),
      "</h1><a href=\"/trust?lang=", say("en\" lang=\"en\">English", "zh\" lang=\"zh-CN\">中文"),
      "</a></header>\n");

  absl::StrAppend(&page, "<section>\n<p>",
                  say("本服务器用自己的证书加密连接。装好下面的证书后，浏览器不再警告，定位、拍照和离线填报才"
                      "能使用。每台设备只装一次。",
                      "This server encrypts with a certificate of its own. Once the certificate below is "
                      "installed, the browser no longer "
                      "warns, and location, camera and offline work become available. Once per device."),
                  "</p>\n</section>\n");

  absl::StrAppend(
      &page, "<section class=\"care\">\n<h2>", say("1. 先核对指纹", "1. Compare the fingerprint first"),
      "</h2>\n<p>",
      say("向管理员要启动服务器时显示的“证书指纹”，与下面逐字核对。不一致就不要安装：有人可能在冒充本服务器"
          "。",
          "Ask the administrator for the fingerprint that the server showed when it started. If it is not "
          "this one, do not "
          "install: somebody may be posing as this server."),
      "</p>\n<span class=\"print\">", Grouped(authority_.sha256), "</span>\n<p class=\"soft\">SHA-256 · ",
      Escaped(authority_.subject.common_name), " · ", say("有效至 ", "until "),
      absl::FormatTime("%Y-%m-%d", authority_.subject.not_after, absl::UTCTimeZone()), "</p>\n</section>\n");

  const std::string certificate =
      absl::StrCat("<a class=\"get", is_ios ? " other" : "", "\" href=\"", kCertificate, "\">",
                   say("下载证书", "Download the certificate"), "</a>\n");
  const std::string profile =
      absl::StrCat("<a class=\"get", is_ios ? "" : " other", "\" href=\"", kProfile, "\">",
                   say("苹果描述文件", "Profile for iPhone and iPad"), "</a>\n");
  absl::StrAppend(&page, "<section>\n<h2>", say("2. 下载", "2. Download"), "</h2>\n",
                  is_ios ? profile : certificate, is_ios ? certificate : profile,
                  "</section>\n<section>\n<h2>", say("3. 安装", "3. Install"), "</h2>\n");
  for (const System& system : kSystems) {
    absl::StrAppend(&page, "<details", &system == mine ? " open" : "", "><summary>",
                    zh ? system.name_zh : system.name_en, "</summary><ol>");
    const std::string steps = zh ? system.steps_zh : system.steps_en;
    for (const std::string& step : std::vector<std::string>(absl::StrSplit(steps, '\n'))) {
      absl::StrAppend(&page, "<li>", step, "</li>");
    }
    page += "</ol></details>\n";
  }
  page += "</section>\n";

  if (!host.empty()) {
    absl::StrAppend(&page, "<section>\n<h2>", say("4. 打开", "4. Open it"),
                    "</h2>\n<a class=\"get\" href=\"https://", Escaped(host), "/\">https://", Escaped(host),
                    "/</a>\n</section>\n");
  }
  if (!codes_.empty()) {
    absl::StrAppend(&page, "<section>\n<h2>", say("在另一台手机上打开本页", "This page on another phone"),
                    "</h2>\n<div class=\"codes\">\n");
    for (const Code& code : codes_) {
      absl::StrAppend(&page, "<figure>", code.svg, "<figcaption>", Escaped(code.address),
                      "</figcaption></figure>\n");
    }
    page += "</div>\n</section>\n";
  } else {
    absl::StrAppend(&page, "<p class=\"soft\">",
                    say("本服务器目前只接受本机的连接；要让手机访问，请管理员开放局域网地址。",
                        "This server takes connections of its own machine only; for phones the administrator "
                        "has to open it to the "
                        "local network."),
                    "</p>\n");
  }
  absl::StrAppend(&page, "<p class=\"soft\">",
                  say("只在工作设备上安装；不再使用本系统时，请在同一处删除这个证书。",
                      "Install it on devices for this work only, and remove it in the same place when it is "
                      "no longer used."),
                  "</p>\n</body>\n</html>\n");
  return page;
}

}  // namespace gridwarden::gateway
