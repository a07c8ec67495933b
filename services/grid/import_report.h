#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/csv.h"
#include "grid/grid_change.h"
#include "grid/grid_service.h"
#include "gridwarden/type/v1/import.pb.h"

// What every import shares: lines, problems, and that nothing is stored when any row is refused.
namespace gridwarden::grid {

inline constexpr int kImportRowsMax = 20'000;

// Collects the outcome of one file or part.
class ImportNotes {
 public:
  explicit ImportNotes(const v1::ImportRequest& request)
      : first_line_(request.first_line() == 0 ? 2 : request.first_line()) {}

  // The line of the whole file at which a row of this part stands.
  int LineOf(const CsvRow& row) const { return row.line - 2 + first_line_; }

  // Refuses a row. At most 1,000 problems are told, every refused row is counted.
  void Refuse(int line, std::string_view column, std::string_view got, std::string_view want);
  // Something worth knowing that refuses nothing; at most 200 are told.
  void Remark(std::string remark);

  bool refused() const { return !refused_lines_.empty(); }
  type::v1::ImportReport& report() { return report_; }
  // The whole; counts what would be done even when it was not.
  type::v1::ImportReport Finish(bool dry_run);

 private:
  int first_line_;
  std::set<int> refused_lines_;
  int remarks_left_out_ = 0;
  type::v1::ImportReport report_;
};

// One cell by the place FindColumns answered; "" where the column or the cell is missing.
inline std::string_view CellOf(const CsvRow& row, int place) {
  return place >= 0 && place < static_cast<int>(row.cells.size()) ? std::string_view(row.cells[place])
                                                                  : std::string_view();
}

// Refuses rows with more cells than the header has columns: a comma too many moves everything. True if the
// row is fine.
bool CheckWidth(const CsvTable& table, const CsvRow& row, ImportNotes& notes);

// "2023-06-30" of as_of_date; InfinitePast when empty.
absl::StatusOr<absl::Time> AsOf(const v1::ImportRequest& request);

// Runs `plan` in one transaction under the revision lock; it fills the change and the notes. Stored only when
// nothing was refused and it is no dry run.
absl::StatusOr<type::v1::ImportReport> RunImport(
    GridArea& area, const rpc::Call& call, const v1::ImportRequest& request, const access::Acting& acting,
    const std::function<absl::Status(db::Transaction&, GridChange&, ImportNotes&)>& plan);

}  // namespace gridwarden::grid
