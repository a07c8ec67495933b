#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "domain/draw/bundle.h"
#include "domain/draw/text.h"

// The page that is published. Everything that comes from people is escaped; there is no script and nothing is
// loaded from elsewhere, so it can be kept, printed and opened anywhere.
namespace gridwarden::domain::draw {
namespace {

constexpr char kHead[] =
    "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
constexpr char kStyle[] =
    "<style>body{font-family:sans-serif;max-width:60em;margin:1em auto;padding:0 1em;line-height:1.6}"
    "table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .6em;text-align:left}"
    "code,pre{font-family:monospace;overflow-wrap:anywhere;white-space:pre-wrap}"
    "pre{background:#f4f4f4;padding:.6em}</style>\n</head>\n<body>\n";
constexpr char kHow[] =
    "<h2>怎样自行复核</h2>\n<ol>\n"
    "<li>对“封存名单”全文（UTF-8，换行为 LF，含最后一个换行）计算 "
    "SHA-256，应等于上面的摘要；摘要在种子公布之前已写入存证日志。</li>\n"
    "<li>到公布处核对种子原文。种子密钥＝SHA-256（“gridwarden-draw-seed”、名单摘要、各种子原文，每项后加一个"
    "换行）。</li>\n"
    "<li>每个对象的抽签值＝HMAC-SHA-256（种子密钥，“object”换行 层 换行 编号 换行 i），i 取 1 到权重，取其中"
    "最大者；这与 Efraimidis–Spirakis "
    "加权不放回抽样的分布相同。每层按抽签值从大到小取“层内数量×比例”（进位取整）"
    "个。</li>\n"
    "<li>每个抽中对象按 HMAC-SHA-256（种子密钥，“inspector”换行 对象 换行 "
    "人员）从大到小排出人员次序，去掉回避人员；先让每人至多去一处，排不满时（增广路调整后仍排不满）再放宽到两"
    "处、三处……"
    "</li>\n"
    "<li>也可以用命令 <code>gridctl draw verify 文件</code> 复核导出的 JSON 文件，不需要联网。</li>\n</ol>\n";

std::string Escaped(std::string_view text) {
  return absl::StrReplaceAll(
      absl::string_view(text.data(), text.size()),
      {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

void AddRow(std::string& page, std::string_view name, std::string_view value) {
  absl::StrAppend(&page, "<tr><th>", std::string(name), "</th><td>", Escaped(value), "</td></tr>\n");
}

std::string StateWord(const std::string& state) {
  if (state == "DRAWN") return "已抽取";
  return state == "COMMITTED" ? "名单已封存，等待种子公布" : "已取消";
}

void AddDrawn(std::string& page, const Check& check) {
  std::map<std::string, const Candidate*> sources;
  for (const Candidate& candidate : check.commitment.candidates) sources[candidate.id] = &candidate;
  std::map<std::string, const Inspector*> inspectors;
  for (const Inspector& inspector : check.commitment.inspectors) inspectors[inspector.person] = &inspector;
  absl::StrAppend(&page,
                  "<h2>抽取结果</h2>\n<table>\n<tr><th>序号</th><th>层</th><th>编号</th><th>对象</th>"
                  "<th>检查人员</th><th>抽签值</th></tr>\n");
  int number = 0;
  for (const Drawn& drawn : check.outcome.drawn) {
    std::string names;
    for (const std::string& person : drawn.inspectors) {
      absl::StrAppend(&names, names.empty() ? "" : "、", inspectors.at(person)->display_name);
    }
    const Candidate& source = *sources.at(drawn.source);
    absl::StrAppend(&page, "<tr><td>", ++number, "</td><td>", Escaped(drawn.stratum), "</td><td>",
                    Escaped(source.number), "</td><td>", Escaped(source.display_name), "</td><td>",
                    Escaped(names), "</td><td><code>", absl::BytesToHexString(drawn.key).substr(0, 16),
                    "…</code></td></tr>\n");
  }
  absl::StrAppend(&page, "</table>\n");
}

}  // namespace

std::string WritePage(const Hashes& hashes, const Bundle& bundle) {
  const Check check = Verify(hashes, bundle);
  const Commitment& commitment = check.commitment;
  std::string page = absl::StrCat(kHead, "<title>", Escaped(commitment.title), "</title>\n", kStyle, "<h1>",
                                  Escaped(commitment.title), "</h1>\n<table>\n");
  AddRow(page, "状态", StateWord(bundle.state));
  if (!bundle.cancel_reason.empty()) AddRow(page, "取消原因", bundle.cancel_reason);
  AddRow(page, "辖区", commitment.division_name);
  AddRow(page, "检查期间", absl::StrCat(commitment.from, " 至 ", commitment.to));
  AddRow(page, "名单封存时间（UTC）", commitment.committed);
  AddRow(page, "封存名单摘要 SHA-256", check.digest);
  AddRow(page, "候选对象", absl::StrCat(commitment.candidates.size()));
  AddRow(page, "候选检查人员", absl::StrCat(commitment.inspectors.size()));
  AddRow(page, "每个对象的检查人员", absl::StrCat(commitment.seats));
  AddRow(page, "回避", absl::StrCat(commitment.exclusions.size()));
  for (const Stratum& stratum : commitment.strata)
    AddRow(page, absl::StrCat("抽查比例 ", Escaped(stratum.code)), absl::StrCat(stratum.ratio_percent, "%"));
  for (const SeedSource& source : commitment.seed_sources)
    AddRow(page, "预告的种子", absl::StrCat(source.description, "（", source.available, "）"));
  if (const absl::StatusOr<std::vector<Seed>> seeds = ReadSeeds(bundle.outcome); seeds.ok()) {
    for (const Seed& seed : *seeds)
      AddRow(page, "公布的种子", absl::StrCat(seed.text, "（", seed.reference, "）"));
  }
  absl::StrAppend(&page, "</table>\n");
  if (check.verdict == Verdict::kTrue) AddDrawn(page, check);
  absl::StrAppend(&page, kHow, "<h2>封存名单全文</h2>\n<pre>", Escaped(bundle.commitment), "</pre>\n");
  if (!bundle.outcome.empty())
    absl::StrAppend(&page, "<h2>结果全文</h2>\n<pre>", Escaped(bundle.outcome), "</pre>\n");
  return absl::StrCat(page, "</body>\n</html>\n");
}

}  // namespace gridwarden::domain::draw
