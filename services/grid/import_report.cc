#include "grid/import_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/grid_proto.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::grid {
namespace {

constexpr int kProblemsMax = 1000;
constexpr int kRemarksMax = 200;
constexpr size_t kShownBytesMax = 120;

// At most so many bytes, never half a character.
std::string Shown(std::string_view text) {
  if (text.size() <= kShownBytesMax) return std::string(text);
  size_t end = kShownBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace

void ImportNotes::Refuse(int line, std::string_view column, std::string_view got, std::string_view want) {
  refused_lines_.insert(line);
  if (report_.problems_size() >= kProblemsMax) return;
  type::v1::RowProblem& problem = *report_.add_problems();
  problem.set_line(line);
  problem.set_column(std::string(column));
  problem.set_got(Shown(got));
  problem.set_want(std::string(want));
}

void ImportNotes::Remark(std::string remark) {
  if (report_.remarks_size() < kRemarksMax)
    report_.add_remarks(std::move(remark));
  else
    ++remarks_left_out_;
}

type::v1::ImportReport ImportNotes::Finish(bool dry_run) {
  report_.set_rows_refused(static_cast<int>(refused_lines_.size()));
  report_.set_dry_run(dry_run);
  if (remarks_left_out_ > 0) report_.add_remarks(absl::StrFormat("%d more remarks", remarks_left_out_));
  if (refused()) {
    // Nothing was stored, so nothing was created, updated or left as it was.
    report_.set_created(0);
    report_.set_updated(0);
    report_.set_unchanged(0);
  }
  return report_;
}

bool CheckWidth(const CsvTable& table, const CsvRow& row, ImportNotes& notes) {
  for (size_t i = table.header.size(); i < row.cells.size(); ++i) {
    if (row.cells[i].empty()) continue;
    notes.Refuse(notes.LineOf(row), "", absl::StrFormat("%d cells", static_cast<int>(row.cells.size())),
                 absl::StrFormat("%d cells, as the header has", static_cast<int>(table.header.size())));
    return false;
  }
  return true;
}

absl::StatusOr<absl::Time> AsOf(const v1::ImportRequest& request) {
  if (request.as_of_date().empty()) return absl::InfinitePast();
  const std::optional<absl::Time> day = ParseDay(request.as_of_date());
  if (!day)
    return InvalidField("as_of_date",
                        absl::StrFormat("got \"%s\", want YYYY-MM-DD", Shown(request.as_of_date())));
  return *day;
}

absl::StatusOr<type::v1::ImportReport> RunImport(
    GridArea& area, const rpc::Call& call, const v1::ImportRequest& request, const access::Acting& acting,
    const std::function<absl::Status(db::Transaction&, GridChange&, ImportNotes&)>& plan) {
  if (request.first_line() < 0) return InvalidField("first_line", "got a negative number, want 0 or more");
  const auto body = [&](db::Transaction& tx) -> absl::StatusOr<type::v1::ImportReport> {
    ImportNotes notes(request);
    GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, acting, request.request_id()));
    GW_RETURN_IF_ERROR(plan(tx, change, notes));
    if (!notes.refused() && !request.dry_run()) GW_RETURN_IF_ERROR(change.Save());
    return notes.Finish(request.dry_run());
  };
  if (!request.dry_run()) return rpc::Mutate<type::v1::ImportReport>(area.database, call, request, body);
  // Trying leaves nothing behind, not even the request's id.
  GW_RETURN_IF_ERROR(rpc::RequestId(request.request_id()).status());
  type::v1::ImportReport report;
  GW_RETURN_IF_ERROR(area.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(report, body(tx));
    return absl::OkStatus();
  }));
  return report;
}

}  // namespace gridwarden::grid
