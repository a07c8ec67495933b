#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "domain/draw/bundle.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "gridwarden/patrol/v1/draw_service.pb.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/hmac.h"

// gridctl draw ...
namespace gridwarden::gridctl {
namespace {

namespace v1 = patrol::v1;
namespace draw = domain::draw;

constexpr draw::Hashes kHashes{&crypto::Sha256, &crypto::HmacSha256};

std::string Method(std::string_view name) { return "gridwarden.patrol.v1.DrawService/" + std::string(name); }

std::string StateOf(const Invocation& run, v1::Draw::State state) {
  switch (state) {
    case v1::Draw::COMMITTED:
      return Say(run, "COMMITTED", "名单已封存");
    case v1::Draw::DRAWN:
      return Say(run, "DRAWN", "已抽取");
    case v1::Draw::CANCELLED:
      return Say(run, "CANCELLED", "已取消");
    default:
      return "-";
  }
}

void PrintDraw(Invocation& run, const v1::Draw& one) {
  if (run.json) {
    PrintJson(one);
    return;
  }
  std::printf("%s  %s  %s\n", one.name().c_str(), StateOf(run, one.state()).c_str(), one.title().c_str());
  std::printf("%s %s\n", Say(run, "SHA-256 of the lists:", "封存名单摘要：").c_str(),
              one.commitment_digest().c_str());
  if (!one.cancel_reason().empty())
    std::printf("%s %s%s\n", Say(run, "cancelled:", "取消原因：").c_str(), one.cancel_reason().c_str(),
                one.cancelled_after_seed()
                    ? Say(run, " (the seed was public by then)", "（取消时种子已经公布）").c_str()
                    : "");
  for (const v1::Draw::SeedSource& seed : one.seed_sources()) {
    std::printf("%s %s (%s) %s\n", Say(run, "seed:", "种子：").c_str(), seed.description().c_str(),
                LocalTime(seed.available_time()).c_str(), seed.text().c_str());
  }
  Table strata = MakeTable(run, {"STRATUM", "RATIO", "CANDIDATES", "DRAWN"});
  for (const v1::Draw::Stratum& stratum : one.strata()) {
    strata.Add({stratum.code(), absl::StrCat(stratum.ratio_percent(), "%"),
                absl::StrCat(stratum.candidates()), absl::StrCat(stratum.drawn())});
  }
  std::fputs(strata.ToString().c_str(), stdout);
  if (one.objects().empty()) return;
  Table objects = MakeTable(run, {"STRATUM", "SOURCE", "NAME", "INSPECTORS"});
  for (const v1::Draw::Object& object : one.objects()) {
    std::string names;
    for (const v1::Draw::Inspector& inspector : object.inspectors())
      absl::StrAppend(&names, names.empty() ? "" : ", ", inspector.display_name());
    objects.Add({object.stratum(), object.source_no(), object.display_name(), names});
  }
  std::fputs(objects.ToString().c_str(), stdout);
}

absl::Status Answer(Invocation& run, const absl::StatusOr<v1::Draw>& one) {
  GW_RETURN_IF_ERROR(one.status());
  PrintDraw(run, *one);
  return absl::OkStatus();
}

// --special SOURCE, --low SOURCE and --weight SOURCE=N: a class for each.
absl::Status ReadClasses(const Invocation& run, v1::CommitDrawRequest& request) {
  std::map<std::string, int> weights;
  for (const std::string& text : run.All("--weight")) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
    if (!absl::SimpleAtoi(parts.second, &weights[NameIn("sources", parts.first)]))
      return absl::InvalidArgumentError(absl::StrFormat("--weight: got \"%s\", want SOURCE=NUMBER", text));
  }
  const auto add = [&](const std::string& source, const char* stratum) {
    v1::CommitDrawRequest::Class& made = *request.add_classes();
    made.set_stratum(stratum);
    made.add_sources(source);
    if (const auto weight = weights.extract(source)) made.set_weight(weight.mapped());
  };
  for (const std::string& text : run.All("--special")) add(NameIn("sources", text), "SPECIAL");
  for (const std::string& text : run.All("--low")) add(NameIn("sources", text), "LOW");
  while (!weights.empty()) add(std::string(weights.begin()->first), "");
  return absl::OkStatus();
}

absl::Status ReadSeedSources(const Invocation& run, v1::CommitDrawRequest& request) {
  for (const std::string& text : run.All("--seed")) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
    v1::Draw::SeedSource& seed = *request.add_seed_sources();
    int64_t round = 0;
    if (parts.first.starts_with("DRAND_") && absl::SimpleAtoi(parts.second, &round)) {
      seed.set_beacon(parts.first);
      seed.set_round(round);
      continue;
    }
    GW_ASSIGN_OR_RETURN(const absl::Time available, ParseTime(parts.first));
    *seed.mutable_available_time() = ToProto(available);
    seed.set_description(parts.second);
  }
  return absl::OkStatus();
}

absl::Status Commit(Invocation& run) {
  v1::CommitDrawRequest request;
  request.set_request_id(NewRequestId());
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  request.set_title(run.Get("--title"));
  request.set_period_from(run.Get("--from"));
  request.set_period_to(run.Get("--to"));
  for (const std::string& category : run.All("--category")) request.add_categories(category);
  if (run.Has("--seats")) {
    int seats = 0;
    if (!absl::SimpleAtoi(run.Get("--seats"), &seats))
      return absl::InvalidArgumentError("--seats: want a number");
    request.set_inspectors_per_object(seats);
  }
  for (const std::string& text : run.All("--kind")) {
    grid::v1::Post::Kind kind;
    if (!grid::v1::Post::Kind_Parse(absl::AsciiStrToUpper(text), &kind)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--kind: got \"%s\", want ENFORCEMENT, CAMPAIGN_OFFICE, GRID_OFFICER ...", text));
    }
    request.mutable_inspectors()->add_kinds(kind);
  }
  if (run.Has("--inspectors-of")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_inspectors()->mutable_division(),
                        run.session().DivisionName(run.Get("--inspectors-of")));
  }
  for (const std::string& person : run.All("--without"))
    request.mutable_inspectors()->add_without(NameIn("persons", person));
  for (const std::string& text : run.All("--conflict")) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
    v1::CommitDrawRequest::Conflict& conflict = *request.add_conflicts();
    conflict.set_person(NameIn("persons", parts.first));
    if (parts.second.size() == 18) {
      conflict.set_credit_code(parts.second);
    } else {
      conflict.set_source(NameIn("sources", parts.second));
    }
  }
  GW_RETURN_IF_ERROR(ReadClasses(run, request));
  GW_RETURN_IF_ERROR(ReadSeedSources(run, request));
  return Answer(run, run.session().Call<v1::Draw>(Method("CommitDraw"), request));
}

absl::Status Reveal(Invocation& run) {
  v1::RevealSeedRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("draws", run.positionals[0]));
  const std::vector<std::string> references = run.All("--reference");
  for (const std::string& text : run.All("--seed")) {
    v1::RevealSeedRequest::Seed& seed = *request.add_seeds();
    seed.set_text(text);
    if (request.seeds_size() <= static_cast<int>(references.size()))
      seed.set_reference(references[request.seeds_size() - 1]);
  }
  request.set_etag(run.Get("--etag"));
  return Answer(run, run.session().Call<v1::Draw>(Method("RevealSeed"), request));
}

absl::Status Cancel(Invocation& run) {
  v1::CancelDrawRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("draws", run.positionals[0]));
  request.set_reason(run.Get("--reason"));
  request.set_etag(run.Get("--etag"));
  return Answer(run, run.session().Call<v1::Draw>(Method("CancelDraw"), request));
}

absl::Status Show(Invocation& run) {
  v1::GetDrawRequest request;
  request.set_name(NameIn("draws", run.positionals[0]));
  return Answer(run, run.session().Call<v1::Draw>(Method("GetDraw"), request));
}

absl::Status List(Invocation& run) {
  v1::ListDrawsRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const v1::ListDrawsResponse page,
                      run.session().Call<v1::ListDrawsResponse>(Method("ListDraws"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"STATE", "TITLE", "FROM", "TO", "CANDIDATES", "DRAW"});
  for (const v1::Draw& one : page.draws()) {
    table.Add({StateOf(run, one.state()), one.title(), one.period_from(), one.period_to(),
               absl::StrCat(one.candidates()), one.name()});
  }
  std::fputs(table.empty() ? Say(run, "no draws\n", "没有抽查\n").c_str() : table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status Export(Invocation& run) {
  v1::ExportDrawRequest request;
  request.set_name(NameIn("draws", run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const v1::ExportDrawResponse file,
                      run.session().Call<v1::ExportDrawResponse>(Method("ExportDraw"), request));
  const std::string& text = run.Has("--page") ? file.page() : file.bundle();
  if (!run.Has("--output")) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return absl::OkStatus();
  }
  std::ofstream out(run.Get("--output"), std::ios::binary);
  out << text;
  out.close();
  if (!out) return absl::UnavailableError("cannot write " + run.Get("--output"));
  return absl::OkStatus();
}

// What the log holds of the draw: its commitment was the first entry of its subject.
absl::Status CompareWithJournal(Invocation& run, const draw::Check& check, const std::string& outcome) {
  journal::v1::ListEntriesRequest request;
  request.set_subject(check.commitment.draw);
  GW_ASSIGN_OR_RETURN(const journal::v1::ListEntriesResponse page,
                      run.session().Call<journal::v1::ListEntriesResponse>(
                          "gridwarden.journal.v1.JournalService/ListEntries", request));
  bool committed = false, drawn = false;
  for (const journal::v1::SequencedEntry& sequenced : page.entries()) {
    journal::v1::Entry entry;
    v1::DrawEvent event;
    if (!entry.ParseFromString(sequenced.body()) || !event.ParseFromString(entry.event()))
      return ExitWith(kAltered, "an entry of the log cannot be read");
    if (event.action() == v1::COMMIT_DRAW) {
      if (event.after().commitment_digest() != check.digest)
        return ExitWith(kAltered, "the log committed to other lists");
      committed = true;
    } else if (event.action() == v1::REVEAL_SEED) {
      if (event.after().outcome_digest() != outcome) return ExitWith(kAltered, "the log has another outcome");
      drawn = true;
    }
  }
  if (!committed) return ExitWith(kIncomplete, "the log knows no commitment of this draw");
  if (!drawn && check.verdict == draw::Verdict::kTrue)
    return ExitWith(kIncomplete, "the log does not know yet that this was drawn");
  return absl::OkStatus();
}

absl::Status Verify(Invocation& run) {
  std::ifstream in(run.positionals[0], std::ios::binary);
  const std::string json{std::istreambuf_iterator<char>(in), {}};
  if (!in.good() && !in.eof()) return absl::NotFoundError("cannot read " + run.positionals[0]);
  if (json.empty()) return absl::NotFoundError("nothing to read in " + run.positionals[0]);
  const draw::Check check = draw::VerifyJson(kHashes, json);
  if (check.verdict == draw::Verdict::kAltered)
    return ExitWith(kAltered, Say(run, "ALTERED: ", "不一致：") + check.what);
  const std::string digest = run.Get("--digest");
  if (!digest.empty() && absl::AsciiStrToLower(digest) != check.digest)
    return ExitWith(kAltered,
                    Say(run, "ALTERED: the lists have the digest ", "不一致：名单摘要为 ") + check.digest);
  if (run.Has("--server")) {
    const absl::StatusOr<draw::Bundle> bundle = draw::ReadBundle(kHashes, json);
    GW_RETURN_IF_ERROR(bundle.status());
    const std::string outcome =
        bundle->outcome.empty() ? "" : absl::BytesToHexString(crypto::Sha256(bundle->outcome));
    GW_RETURN_IF_ERROR(CompareWithJournal(run, check, outcome));
  }
  if (check.verdict == draw::Verdict::kIncomplete)
    return ExitWith(kIncomplete, Say(run, "INCOMPLETE: ", "尚不能复核：") + check.what);
  std::printf("%s\n%s %s\n", check.commitment.title.c_str(),
              Say(run, "SHA-256 of the lists:", "封存名单摘要：").c_str(), check.digest.c_str());
  std::puts(Say(run,
                absl::StrFormat("%d of %d sources drawn: recomputed from the seed, and equal",
                                check.outcome.drawn.size(), check.commitment.candidates.size()),
                absl::StrFormat("%d 个候选对象中抽取 %d 个：由种子重新计算，结果一致",
                                check.commitment.candidates.size(), check.outcome.drawn.size()))
                .c_str());
  if (!run.Has("--server") && digest.empty()) {
    std::puts(Say(run,
                  "Compare the digest with the one that was published before the seed (--digest), or with "
                  "the log (--server URL, as an administrator).",
                  "请将摘要与种子公布前公开的摘要核对（--digest），或由管理员用 --server 与日志核对。")
                  .c_str());
  }
  return absl::OkStatus();
}

}  // namespace

void AddDrawCommands(std::vector<Command>& commands) {
  commands.push_back(
      {.words = "draw commit",
       .arguments = "DIVISION",
       .summary = "freezes the lists of a double-random draw and publishes their digest",
       .options = {{"--title", "TEXT", "what the draw is called"},
                   {"--from", "DAY", "first day of the inspections, YYYY-MM-DD"},
                   {"--to", "DAY", "last day of the inspections"},
                   {"--category", "CODE", "only sources of this category", true},
                   {"--seats", "N", "inspectors per source; else the policy's"},
                   {"--kind", "KIND", "posts whose holders may be sent: ENFORCEMENT, GRID_OFFICER ...", true},
                   {"--inspectors-of", "DIVISION", "only inspectors of this ground"},
                   {"--without", "PERSON", "not available (leave)", true},
                   {"--conflict", "PERSON:SOURCE", "a declared conflict; or PERSON:CREDIT_CODE of a firm",
                    true},
                   {"--special", "SOURCE", "a source of the special stratum", true},
                   {"--low", "SOURCE", "a source of the low stratum", true},
                   {"--weight", "SOURCE=N", "drawn as if there were N of it", true},
                   {"--seed", "TIME=TEXT",
                    "what will be the seed and when it becomes public, or BEACON=ROUND; one or two", true}},
       .examples =
           {"gridctl draw commit 411702 --title 十二月扬尘抽查 --from 2026-12-03 --to 2026-12-20 --category "
            "BUILDING_SITE --kind ENFORCEMENT --seed \"2026-12-01 21:15=福彩双色球 2026139 期\""},
       .run = Commit});
  commands.push_back(
      {.words = "draw reveal",
       .arguments = "DRAW",
       .summary = "takes the seed as it was published and draws",
       .options = {{"--seed", "TEXT", "exactly as published; one per announced source", true},
                   {"--reference", "TEXT", "where it can be looked up; one per seed", true},
                   EtagOption()},
       .examples = {"gridctl draw reveal 0190... --seed \"03 07 12 19 24 31 + 09\" --reference "
                    "\"福彩 2026139 期公告\""},
       .run = Reveal});
  commands.push_back({.words = "draw cancel",
                      .arguments = "DRAW",
                      .summary = "gives a draw up before its seed is taken; the reason stays visible",
                      .options = {{"--reason", "TEXT", "why"}, EtagOption()},
                      .examples = {"gridctl draw cancel 0190... --reason 名单有误"},
                      .run = Cancel});
  commands.push_back({.words = "draw show",
                      .arguments = "DRAW",
                      .summary = "shows a draw and what came out",
                      .examples = {"gridctl draw show 0190..."},
                      .run = Show});
  commands.push_back(
      {.words = "draw list",
       .summary = "lists the draws in your scope",
       .options = {{"--division", "DIVISION", "it and all below"}, {"--page", "TOKEN", "go on after a page"}},
       .examples = {"gridctl draw list --division 411702"},
       .run = List});
  commands.push_back({.words = "draw export",
                      .arguments = "DRAW",
                      .summary = "writes the file that anybody can verify, or the page to be published",
                      .options = {{"--page", "", "the result page (HTML) instead of the file"},
                                  {"--output", "FILE", "where to; else standard output"}},
                      .examples = {"gridctl draw export 0190... --output draw.json",
                                   "gridctl draw export 0190... --page --output draw.html"},
                      .run = Export});
  commands.push_back(
      {.words = "draw verify",
       .arguments = "FILE",
       .summary =
           "recomputes a draw from its file without a server; with --server also compares with the log",
       .options = {{"--digest", "HEX", "the digest that was published before the seed"}},

       .examples = {"gridctl draw verify draw.json",
                    "gridctl draw verify draw.json --server https://gridwarden.example"},
       .run = Verify});
}

}  // namespace gridwarden::gridctl
