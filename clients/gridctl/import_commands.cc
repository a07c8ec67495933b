#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <type_traits>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/command.h"
#include "gridctl/csv_parts.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/intake/v1/intake_service.pb.h"
#include "gridwarden/source/v1/source_service.pb.h"

// gridctl import: large CSV files travel in parts, each part tried before anything is stored.
namespace gridwarden::gridctl {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return absl::InvalidArgumentError(path + ": is a folder, want a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::InvalidArgumentError(path + ": cannot be read");
  std::string content(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) return absl::InvalidArgumentError(path + ": cannot be read");
  if (content.empty()) return absl::FailedPreconditionError(path + ": is empty; nothing was imported");
  return content;
}

void Merge(const type::v1::ImportReport& part, type::v1::ImportReport& all) {
  all.set_rows_read(all.rows_read() + part.rows_read());
  all.set_created(all.created() + part.created());
  all.set_updated(all.updated() + part.updated());
  all.set_unchanged(all.unchanged() + part.unchanged());
  all.set_rows_refused(all.rows_refused() + part.rows_refused());
  all.mutable_problems()->MergeFrom(part.problems());
  all.mutable_remarks()->MergeFrom(part.remarks());
  // Of several parts the worst finding counts.
  if (part.has_datum_check() && part.datum_check().verdict() >= all.datum_check().verdict())
    *all.mutable_datum_check() = part.datum_check();
  if (!part.has_division_changes()) return;
  type::v1::DivisionChanges& to = *all.mutable_division_changes();
  const type::v1::DivisionChanges& from = part.division_changes();
  to.set_created(to.created() + from.created());
  to.set_renamed(to.renamed() + from.renamed());
  to.set_recoded(to.recoded() + from.recoded());
  to.set_moved(to.moved() + from.moved());
  to.set_proposals(to.proposals() + from.proposals());
  to.set_proposals_known(to.proposals_known() + from.proposals_known());
  to.mutable_lines()->MergeFrom(from.lines());
  to.set_lines_left_out(to.lines_left_out() + from.lines_left_out());
}

// "990102107 郭楼镇 (东县)"
std::string PlaceText(const std::string& code, const std::string& name, const std::string& parent) {
  return code + " " + name + (parent.empty() ? "" : " (" + parent + ")");
}

// The difference as people read one: what is stored, an arrow, what the list has; "?" before what waits for a
// decision.
void PrintChanges(Invocation& run, const type::v1::DivisionChanges& changes) {
  for (const type::v1::DivisionChanges::Line& line : changes.lines()) {
    const bool moved = line.old_parent() != line.parent();
    const std::string before =
        PlaceText(line.old_code(), line.old_display_name(), moved ? line.old_parent() : "");
    const std::string after =
        PlaceText(line.code(), line.display_name(), moved || line.old_code().empty() ? line.parent() : "");
    const char mark = line.doubtful()                   ? '?'
                      : line.old_display_name().empty() ? '+'
                      : line.display_name().empty()     ? '-'
                                                        : '~';
    if (line.old_display_name().empty()) {
      std::printf("%c %s%s\n", mark, after.c_str(),
                  line.doubtful()
                      ? Say(run, " is named for the first time: where from?", " 首次出现，来源待确认").c_str()
                      : "");
    } else if (line.display_name().empty()) {
      std::printf("%c %s %s\n", mark, before.c_str(), Say(run, "is not in the list", "名单中没有").c_str());
    } else {
      std::printf("%c %s -> %s\n", mark, before.c_str(), after.c_str());
    }
  }
  if (changes.lines_left_out() > 0)
    std::printf(run.chinese ? "……另有 %d 行\n" : "... and %d more lines\n", changes.lines_left_out());
  std::printf(
      run.chinese
          ? "与已存名单相比：新增 %d，更名 %d，换码 %d，划转 %d；待确认 %d%s\n"
          : "compared with what was stored: %d new, %d renamed, %d re-coded, %d moved; %d to be decided%s\n",
      changes.created(), changes.renamed(), changes.recoded(), changes.moved(),
      changes.proposals() + changes.proposals_known(),
      changes.proposals() + changes.proposals_known() > 0
          ? Say(run, " (gridctl division proposals)", "（gridctl division proposals）").c_str()
          : "");
}

// Where the file lies beside what is known, and under which datum it would lie where it belongs.
void PrintDatumCheck(Invocation& run, const type::v1::DatumCheck& check) {
  const std::string declared = type::v1::Position::Datum_Name(check.declared());
  switch (check.verdict()) {
    case type::v1::DatumCheck::NOTHING_TO_COMPARE:
      std::printf(
          run.chinese
              ? "坐标系核对：附近没有足够的已知边界或点位可比，按申报的 %s 采用，未经核对\n"
              : "datum: too little is known nearby to compare with; %s is taken as declared, unchecked\n",
          declared.c_str());
      return;
    case type::v1::DatumCheck::FITS:
      std::printf(
          run.chinese
              ? "坐标系核对：%s 与已知情况相符（%d 个要素，%d 处量测，偏东 %.0f 米、偏北 %.0f 米）\n"
              : "datum: %s fits what is known (%d features, %d measurements, %.0f m east, %.0f m north)\n",
          declared.c_str(), check.features(), check.measurements(), check.east_m(), check.north_m());
      return;
    case type::v1::DatumCheck::SHIFTED:
      std::printf(
          run.chinese
              ? "坐标系核对：按 %s，%d 个要素整体偏东 %.0f 米、偏北 %.0f 米（中位数，%d 处量测）；%s\n"
              : "datum: as %s, %d features lie %.0f m east and %.0f m north of what is known (median of %d); "
                "%s\n",
          declared.c_str(), check.features(), check.east_m(), check.north_m(), check.measurements(),
          check.would_fit() == type::v1::Position::DATUM_UNSPECIFIED
              ? Say(run, "no known datum explains it", "已知坐标系都不能解释").c_str()
              : (type::v1::Position::Datum_Name(check.would_fit()) + Say(run, " would fit", " 才相符"))
                    .c_str());
      return;
    default:
      return;
  }
}

void PrintReport(Invocation& run, const std::string& path, const type::v1::ImportReport& report) {
  if (run.json) return PrintJson(report);
  for (const type::v1::RowProblem& problem : report.problems()) {
    std::fprintf(stderr,
                 run.chinese ? "%s:%d: %s：填写为“%s”，要求 %s\n" : "%s:%d: %s: got \"%s\", want %s\n",
                 path.c_str(), problem.line(),
                 problem.column().empty() ? Say(run, "row", "整行").c_str() : problem.column().c_str(),
                 problem.got().c_str(), problem.want().c_str());
  }
  for (const std::string& remark : report.remarks())
    std::fprintf(stderr, run.chinese ? "%s：提示：%s\n" : "%s: note: %s\n", path.c_str(), remark.c_str());
  if (report.has_division_changes()) PrintChanges(run, report.division_changes());
  if (report.has_datum_check()) PrintDatumCheck(run, report.datum_check());
  std::printf(
      run.chinese ? "%s%s：读取 %d 行，新增 %d，更新 %d，无变化 %d，拒绝 %d%s\n"
                  : "%s%s: %d rows read, %d created, %d updated, %d unchanged, %d refused%s\n",
      report.dry_run() ? Say(run, "(dry run) ", "（试导入）").c_str() : "", path.c_str(), report.rows_read(),
      report.created(), report.updated(), report.unchanged(), report.rows_refused(),
      report.rows_refused() > 0 ? Say(run, "; nothing was stored", "；没有写入任何数据").c_str() : "");
}

using SendPart = std::function<absl::StatusOr<type::v1::ImportReport>(const Part&, bool dry_run)>;

// A file of several parts is tried whole before its first part is stored, so that a bad row in the last part
// stores nothing. Rows of one part cannot lean on rows of an earlier part of the same file: import the upper
// levels first.
absl::Status ImportParts(Invocation& run, const std::string& path, const std::vector<Part>& parts,
                         const SendPart& send) {
  int total = 0;
  for (const Part& part : parts) total += part.rows;
  type::v1::ImportReport all;
  const bool dry_run = run.Has("--dry-run");
  const auto pass = [&](bool dry, const char* label) -> absl::Status {
    all.Clear();
    all.set_dry_run(dry);
    std::optional<Progress> progress;  // a file that goes in one part is done at once
    if (parts.size() > 1) progress.emplace(label, total);
    int done = 0;
    for (const Part& part : parts) {
      GW_ASSIGN_OR_RETURN(const type::v1::ImportReport report, send(part, dry));
      Merge(report, all);
      done += part.rows;
      if (progress) progress->Set(done);
      if (!dry && report.rows_refused() > 0) break;
    }
    return absl::OkStatus();
  };
  if (dry_run || parts.size() > 1) GW_RETURN_IF_ERROR(pass(true, run.chinese ? "试导入" : "trying "));
  if (!dry_run && all.rows_refused() == 0)
    GW_RETURN_IF_ERROR(pass(false, run.chinese ? "写入中" : "storing"));
  PrintReport(run, path, all);
  if (all.rows_refused() > 0) {
    return MakeError(
        absl::StatusCode::kInvalidArgument,
        absl::StrFormat("%d %s refused", all.rows_refused(), all.rows_refused() == 1 ? "row" : "rows"),
        {.reason = "IMPORT_ROWS_REFUSED",
         .metadata = {{"count", std::to_string(all.rows_refused())},
                      {"zh", absl::StrFormat("拒绝 %d 行，请改正后重新导入整个文件", all.rows_refused())}}});
  }
  return absl::OkStatus();
}

absl::StatusOr<type::v1::Position::Datum> DatumOf(Invocation& run) {
  const std::string name = run.Get("--datum");
  type::v1::Position::Datum datum = type::v1::Position::DATUM_UNSPECIFIED;
  if (!name.empty() && !type::v1::Position::Datum_Parse(name, &datum)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--datum: got \"%s\", want WGS84, CGCS2000, GCJ02 or BD09", name));
  }
  return datum;
}

// Any import whose request is grid.v1.ImportRequest or has its fields.
template <typename Request>
absl::Status ImportFile(Invocation& run, const std::string& method, bool split) {
  const std::string& path = run.positionals[0];
  GW_ASSIGN_OR_RETURN(const std::string content, ReadFile(path));
  GW_ASSIGN_OR_RETURN(const type::v1::Position::Datum datum, DatumOf(run));
  std::vector<Part> parts = split ? SplitCsv(content) : std::vector<Part>{{.content = content, .rows = 1}};
  if (method.ends_with("/ImportPoints") && content.find_first_of("{,") != std::string::npos &&
      content[content.find_first_of("{,")] == '{') {
    parts = {{.content = content, .rows = 1}};  // GeoJSON travels whole
  }
  if (method.ends_with("/ImportDivisions")) {
    GW_ASSIGN_OR_RETURN(parts, SplitDivisions(content));
  }
  return ImportParts(
      run, path, parts, [&](const Part& part, bool dry_run) -> absl::StatusOr<type::v1::ImportReport> {
        Request request;
        request.set_request_id(NewRequestId());
        request.set_content(part.content);
        request.set_file_name(std::filesystem::path(path).filename().string());
        request.set_dry_run(dry_run);
        request.set_first_line(part.first_line);
        request.set_datum(datum);
        if constexpr (std::is_same_v<Request, grid::v1::ImportRequest>) {
          request.set_as_of_date(run.Get("--as-of"));
          request.set_shift_accepted_reason(run.Get("--accept-shift"));
        }
        if constexpr (std::is_same_v<Request, intake::v1::ImportHotspotsRequest>) {
          GW_ASSIGN_OR_RETURN(const intake::v1::ImportHotspotsResponse answer,
                              run.session().Call<intake::v1::ImportHotspotsResponse>(method, request));
          type::v1::ImportReport report = answer.report();
          report.add_remarks(
              absl::StrFormat("%s: %d located, %d outside every boundary, %d known already, %d replaced",
                              answer.recognised_as(), answer.located(), answer.outside(), answer.duplicates(),
                              answer.superseded()));
          return report;
        } else {
          return run.session().Call<type::v1::ImportReport>(method, request);
        }
      });
}

Command ImportCommand(const std::string& what, const std::string& summary, std::vector<Option> more,
                      std::vector<std::string> examples, std::function<absl::Status(Invocation&)> body) {
  std::vector<Option> options = {{"--dry-run", "", "say what would happen, store nothing"}};
  options.insert(options.end(), more.begin(), more.end());
  return {.words = "import " + what,
          .arguments = "FILE",
          .summary = summary,
          .options = options,
          .examples = std::move(examples),
          .run = std::move(body)};
}

}  // namespace

void AddImportCommands(std::vector<Command>& commands) {
  const Option datum = {"--datum", "WGS84|CGCS2000|GCJ02|BD09", "the datum the file's positions are in"};
  const Option accept = {"--accept-shift", "REASON",
                         "takes the file although it lies to one side of what is known; kept in the journal"};
  commands.push_back(
      ImportCommand("divisions",
                    "imports divisions from CSV (statistical codes, china-division's columns); a later list "
                    "shows the difference and becomes lineage",
                    {{"--as-of", "YYYY-MM-DD",
                      "the date of the list; without it names are corrected, nothing is compared"}},
                    {"gridctl import divisions henan_2023_levels1-4.csv --as-of 2023-06-30 --dry-run",
                     "gridctl import divisions zhumadian_2023_villages.csv --as-of 2023-06-30"},
                    [](Invocation& run) {
                      return ImportFile<grid::v1::ImportRequest>(
                          run, "gridwarden.grid.v1.GridService/ImportDivisions", true);
                    }));
  commands.push_back(ImportCommand(
      "boundaries",
      "imports polygons from GeoJSON; the datum must be declared and is checked against what is known",
      {datum,
       {"--as-of", "YYYY-MM-DD",
        "since when the ground has these outlines; those before stay for the time before"},
       accept},
      {"gridctl import boundaries counties.geojson --datum WGS84 --dry-run",
       "gridctl import boundaries counties_2023.geojson --datum CGCS2000 --as-of 2023-06-30"},
      [](Invocation& run) {
        return ImportFile<grid::v1::ImportRequest>(run, "gridwarden.grid.v1.GridService/ImportBoundaries",
                                                   false);
      }));
  commands.push_back(ImportCommand(
      "points",
      "imports known points of villages and groups from CSV (code, longitude, latitude, name) or GeoJSON "
      "Points",
      {datum, {"--as-of", "YYYY-MM-DD", "the date of the file, by which its codes are read"}, accept},
      {"gridctl import points village_committees.csv --datum GCJ02 --dry-run"}, [](Invocation& run) {
        return ImportFile<grid::v1::ImportRequest>(run, "gridwarden.grid.v1.GridService/ImportPoints", true);
      }));
  commands.push_back(ImportCommand("persons", "imports persons from CSV (staff_no, name, phone)", {},
                                   {"gridctl import persons persons.csv"}, [](Invocation& run) {
                                     return ImportFile<grid::v1::ImportRequest>(
                                         run, "gridwarden.grid.v1.GridService/ImportPersons", true);
                                   }));
  commands.push_back(ImportCommand("tenures", "imports who holds which post from CSV", {},
                                   {"gridctl import tenures tenures.csv --dry-run"}, [](Invocation& run) {
                                     return ImportFile<grid::v1::ImportRequest>(
                                         run, "gridwarden.grid.v1.GridService/ImportTenures", true);
                                   }));
  commands.push_back(ImportCommand("sources", "imports the ledger of sources from CSV", {datum},
                                   {"gridctl import sources ledger.csv --dry-run"}, [](Invocation& run) {
                                     return ImportFile<source::v1::ImportSourcesRequest>(
                                         run, "gridwarden.source.v1.SourceService/ImportSources", true);
                                   }));
  commands.push_back(ImportCommand(
      "hotspots", "imports satellite hotspots (FIRMS CSV of MODIS or VIIRS, the ministry's straw list)",
      {datum}, {"gridctl import hotspots MODIS_C6_1_Global_24h.csv"}, [](Invocation& run) {
        return ImportFile<intake::v1::ImportHotspotsRequest>(
            run, "gridwarden.intake.v1.IntakeService/ImportHotspots", true);
      }));
  commands.push_back({.words = "hotspot relocate",
                      .summary = "locates hotspots again that lay outside every boundary; the server does so "
                                 "by itself after an import",
                      .examples = {"gridctl hotspot relocate"},
                      .run = [](Invocation& run) -> absl::Status {
                        intake::v1::RelocateHotspotsResponse all;
                        do {
                          intake::v1::RelocateHotspotsRequest request;
                          request.set_request_id(NewRequestId());
                          GW_ASSIGN_OR_RETURN(
                              const intake::v1::RelocateHotspotsResponse part,
                              run.session().Call<intake::v1::RelocateHotspotsResponse>(
                                  "gridwarden.intake.v1.IntakeService/RelocateHotspots", request));
                          all.set_outside(all.outside() + part.outside());
                          all.set_located(all.located() + part.located());
                          all.set_more(part.more());
                        } while (all.more());
                        if (run.json) {
                          PrintJson(all);
                          return absl::OkStatus();
                        }
                        std::printf(run.chinese ? "界外火点 %d 个，其中 %d 个现已定位\n"
                                                : "%d were outside, %d of them are located now\n",
                                    all.outside(), all.located());
                        return absl::OkStatus();
                      }});
}

}  // namespace gridwarden::gridctl
