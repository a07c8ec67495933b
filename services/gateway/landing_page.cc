#include "gateway/landing_page.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "gateway/answers.h"
#include "gateway/plain_http.h"

namespace gridwarden::gateway {
namespace {

constexpr char kHead[] = R"(<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Cpath fill='%231f6fb2' d='M0 0h3.5v3.5H0zM4.5 0H8v3.5H4.5zM0 4.5h3.5V8H0zM4.5 4.5H8V8H4.5z'/%3E%3C/svg%3E">
<style>
:root{--ink:#1c2733;--soft:#5a6b7c;--ground:#f3f7fa;--card:#fff;--line:#d5e0ea;--code:#edf2f7;--link:#175a92;--good:#0a6b35;--wait:#9a4a00}
@media (prefers-color-scheme:dark){:root{--ink:#e4ebf2;--soft:#9fb0c0;--ground:#131a21;--card:#1b242d;--line:#31404e;--code:#26323d;--link:#7fbdf0;--good:#5fcf90;--wait:#f0a860}}
*{box-sizing:border-box}
body{font:17px/1.65 "PingFang SC","HarmonyOS Sans SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:60rem;margin:0 auto;padding:2rem 1rem 3rem;color:var(--ink);background:var(--ground);overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.3;margin:0}h1 small{font-size:1rem;font-weight:400;color:var(--soft)}h2{font-size:1.1rem;margin:0 0 .4rem}
p{margin:.3rem 0}.version{color:var(--soft);margin-bottom:1rem}section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.2rem;margin:1rem 0}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem}.two section{margin:0}
ul{margin:.4rem 0 0;padding-left:1.2rem}li{margin:.35rem 0}a{color:var(--link)}
code{background:var(--code);padding:.1em .35em;border-radius:4px;font-size:.88em}.good{color:var(--good)}.wait{color:var(--wait)}
</style>
)";

struct Application {
  std::string_view name;
  const char* zh;
  const char* en;
};

constexpr Application kApplications[] = {
    {"inspector", "手机应用：待办、现场检查、随手拍、核查；可离线使用",
     "On the phone: tasks, visits, reports, checks; works offline"},
    {"console", "工作台：看板、案卷、派遣、督办", "Console: board, cases, dispatch, supervision"},
    {"review", "责任复核：案卷、证据、时间轴", "Review of accountability: files, evidence, timeline"},
};

// Those of ours that are there, in our order.
std::string ApplicationList(const std::vector<std::string>& there) {
  std::string list;
  for (const Application& application : kApplications) {
    if (std::find(there.begin(), there.end(), application.name) == there.end()) continue;
    absl::StrAppend(&list, "<li><a href=\"/", std::string(application.name), "/\">", application.zh,
                    "</a> <span lang=\"en\">", application.en, "</span></li>\n");
  }
  return list;
}

}  // namespace

std::string LandingPage(const Landing& landing) {
  const bool ready = landing.not_ready.empty();
  std::string page = kHead;
  // A page that was opened too early looks again by itself.
  if (!ready) page += "<meta http-equiv=\"refresh\" content=\"5\">\n";
  absl::StrAppend(&page, "<title>蓝天网格 Gridwarden", ready ? "" : " · 暂不可用",
                  "</title>\n</head>\n<body>\n",
                  "<h1>蓝天网格 <small lang=\"en\">Gridwarden</small></h1>\n<p class=\"version\">",
                  Escaped(landing.version), "</p>\n<section>\n");
  if (ready) {
    page += "<p class=\"good\"><b>● 运行正常，可以使用。</b> <span lang=\"en\">Up and ready.</span></p>\n";
  } else {
    page +=
        "<p class=\"wait\"><b>○ 暂不可用，本页会自动刷新：</b> "
        "<span lang=\"en\">Not ready; this page looks again by itself:</span></p>\n<ul lang=\"en\">\n";
    for (const std::string& reason : landing.not_ready)
      absl::StrAppend(&page, "<li>", Escaped(reason), "</li>\n");
    page += "</ul>\n";
  }
  if (landing.demo) {
    page +=
        "<p><b>演示环境。</b>除区划名称和代码外，人员、污染源和案卷均为虚构。 <span lang=\"en\">A demo: "
        "people, sources and cases "
        "are invented.</span></p>\n";
  }
  if (landing.trust) {
    page +=
        "<p>浏览器有证书警告，或要在手机上使用：<a href=\"/trust\">信任本服务器</a>。 <span lang=\"en\">The "
        "browser warns, or "
        "for a phone: <a href=\"/trust?lang=en\">trust this server</a>.</span></p>\n";
  }
  page += "</section>\n";
  if (const std::string list = ApplicationList(landing.applications); !list.empty()) {
    absl::StrAppend(&page, "<section>\n<h2>应用 <span lang=\"en\">Applications</span></h2>\n");
    if (!landing.trustworthy) {
      absl::StrAppend(&page, "<p class=\"wait\">", kWhyHttpsZh, " <span lang=\"en\">", kWhyHttpsEn,
                      "</span></p>\n");
    }
    absl::StrAppend(&page, "<ul>\n", list, "</ul>\n</section>\n");
  }
  page += R"(<div class="two">
<section>
<h2>这里运行的是什么</h2>
<p>大气污染防治网格化管理系统的服务端：网格与岗位、污染源台账、巡查、从发现到结案的案卷、事后不可更改的存证日志和结案看板。</p>
<ul>
<li>命令行：<code>gridctl login 登录名</code>，<code>gridctl board 区划</code>，<code>gridctl --help</code>；
服务地址由 <code>--server</code> 或 <code>GRIDWARDEN_SERVER</code> 给出</li>
<li>接口：<code>POST /gridwarden.模块.v1.服务/方法</code>，JSON 或 protobuf（Connect 协议）</li>
<li>状态：<a href="/readyz">/readyz</a>，<a href="/livez">/livez</a>；指标 <code>/metrics</code> 只供内网</li>
</ul>
</section>
<section lang="en">
<h2>What runs here</h2>
<p>The server of a city's air-pollution grid: ground and posts, the ledger of sources, patrols, cases from find to closure,
a journal nobody can change afterwards, and the closure board.</p>
<ul>
<li>Command line: <code>gridctl login NAME</code>, <code>gridctl board DIVISION</code>, <code>gridctl --help</code>;
<code>--server</code> or <code>GRIDWARDEN_SERVER</code> says where the server is</li>
<li>API: <code>POST /gridwarden.area.v1.Service/Method</code>, JSON or protobuf (Connect protocol)</li>
<li>State: <a href="/readyz">/readyz</a>, <a href="/livez">/livez</a>; metrics at <code>/metrics</code>, from the inside only</li>
</ul>
</section>
</div>
</body>
</html>
)";
  return page;
}

}  // namespace gridwarden::gateway
