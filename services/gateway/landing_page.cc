#include "gateway/landing_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace gridwarden::gateway {
namespace {

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

constexpr char kHead[] = R"(<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>蓝天网格 Gridwarden</title>
<style>
body{font:18px/1.7 "PingFang SC","HarmonyOS Sans SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1c2733;background:#f5f8fb}
h1{font-size:1.7rem;margin-bottom:.2rem}section{background:#fff;border:1px solid #d8e2ec;border-radius:10px;padding:1rem 1.3rem;margin:1rem 0}
code{background:#eef3f8;padding:.1em .35em;border-radius:4px;font-size:.9em}.ready{color:#0a6b35}.wait{color:#9a4a00}li{margin:.25rem 0}
</style>
</head>
<body>
<h1>蓝天网格 <small lang="en">Gridwarden</small></h1>
)";

}  // namespace

std::string LandingPage(const Landing& landing) {
  std::string page = kHead;
  absl::StrAppend(&page, "<p>", Escaped(landing.version), landing.demo ? " · 演示环境 demo" : "", "</p>\n<section>\n");
  if (landing.not_ready.empty()) {
    absl::StrAppend(&page, "<p class=\"ready\"><b>● 运行正常，可以使用。</b> <span lang=\"en\">Up and ready.</span></p>\n");
  } else {
    absl::StrAppend(&page,
                    "<p class=\"wait\"><b>○ 正在启动，暂不可用：</b> <span lang=\"en\">Not ready yet:</span></p><ul>\n");
    for (const std::string& reason : landing.not_ready) absl::StrAppend(&page, "<li>", Escaped(reason), "</li>\n");
    absl::StrAppend(&page, "</ul>\n");
  }
  absl::StrAppend(&page, R"(</section>
<section>
<h2>这里运行的是什么</h2>
<p>大气污染防治网格化管理平台的服务端：网格与岗位、污染源台账、巡查、案件闭环、存证日志和结案看板。</p>
<ul>
<li>接口：<code>POST /gridwarden.&lt;模块&gt;.v1.&lt;服务&gt;/&lt;方法&gt;</code>，JSON 或 protobuf（Connect 协议）</li>
<li>命令行：<code>gridctl login</code>，<code>gridctl board</code>，<code>gridctl --help</code></li>
<li>状态：<a href="/readyz">/readyz</a>，<a href="/livez">/livez</a>，<code>/metrics</code>（仅限内网）</li>
</ul>
</section>
<section lang="en">
<h2>What runs here</h2>
<p>The server of a city's air-pollution grid: ground and posts, the ledger of sources, patrols, cases from find to closure,
the tamper-evident journal and the closure board.</p>
<ul>
<li>API: <code>POST /gridwarden.&lt;area&gt;.v1.&lt;Service&gt;/&lt;Method&gt;</code>, JSON or protobuf (Connect protocol)</li>
<li>Command line: <code>gridctl login</code>, <code>gridctl board</code>, <code>gridctl --help</code></li>
<li>State: <a href="/readyz">/readyz</a>, <a href="/livez">/livez</a>, <code>/metrics</code> (from the inside only)</li>
</ul>
</section>
</body>
</html>
)");
  return page;
}

}  // namespace gridwarden::gateway
