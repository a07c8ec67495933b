#include <algorithm>
#include <array>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/grid_service.h"
#include "grid/import_report.h"

namespace gridwarden::grid {
namespace {

enum Column { kStaffNo, kName, kPhone, kColumns };

const std::array<CsvColumn, kColumns>& Columns() {
  static const auto* columns = new std::array<CsvColumn, kColumns>{{
      {{"staff_no", "工号", "人员编号", "编号"}, true},
      {{"name", "姓名", "display_name"}, true},
      {{"phone", "电话", "手机", "手机号", "联系电话"}},
  }};
  return *columns;
}

bool IsPhone(std::string_view text) {
  if (text.empty()) return true;
  const size_t digits = std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits >= 5 && text.size() <= 30 &&
         text.find_first_not_of("0123456789+- ()") == std::string_view::npos;
}

// A row that can be taken, or nothing and a refused line.
std::optional<PersonRecord> ReadLine(const CsvTable& table, const CsvRow& row, const std::vector<int>& places,
                                     ImportNotes& notes) {
  if (!CheckWidth(table, row, notes)) return std::nullopt;
  PersonRecord person;
  person.staff_no = std::string(CellOf(row, places[kStaffNo]));
  person.display_name = std::string(CellOf(row, places[kName]));
  person.phone = std::string(CellOf(row, places[kPhone]));
  const int line = notes.LineOf(row);
  bool good = true;
  const auto refuse = [&](Column column, std::string_view got, std::string_view want) {
    notes.Refuse(line, table.header[places[column]], got, want);
    good = false;
  };
  if (person.staff_no.empty() || person.staff_no.size() > 40)
    refuse(kStaffNo, person.staff_no, "a number of 1 to 40 characters");
  if (person.display_name.empty() || person.display_name.size() > 60) {
    refuse(kName, person.display_name, "a name of at most 60 bytes (20 characters)");
  }
  if (!IsPhone(person.phone)) refuse(kPhone, person.phone, "a phone number, or nothing");
  return good ? std::optional(person) : std::nullopt;
}

absl::Status Plan(const CsvTable& table, const rpc::Call& call, db::Transaction& tx, GridChange& change,
                  ImportNotes& notes) {
  GW_ASSIGN_OR_RETURN(const std::vector<int> places, FindColumns(table, Columns()));
  type::v1::ImportReport& report = notes.report();
  report.set_rows_read(static_cast<int>(table.rows.size()));
  std::vector<std::string> staff_nos;
  for (const CsvRow& row : table.rows) staff_nos.emplace_back(CellOf(row, places[kStaffNo]));
  GW_ASSIGN_OR_RETURN(const std::vector<PersonRow> stored, LockPersonsByStaffNo(tx, staff_nos));
  absl::flat_hash_map<std::string, const PersonRow*> by_staff_no;
  for (const PersonRow& row : stored) by_staff_no[row.record.staff_no] = &row;

  absl::flat_hash_map<std::string, std::pair<int, PersonRecord>> taken;  // line and content
  for (const CsvRow& row : table.rows) {
    std::optional<PersonRecord> person = ReadLine(table, row, places, notes);
    if (!person) continue;
    const int line = notes.LineOf(row);
    const auto [before, first] = taken.emplace(person->staff_no, std::pair(line, *person));
    if (!first) {
      const PersonRecord& other = before->second.second;
      if (other.display_name != person->display_name || other.phone != person->phone) {
        notes.Refuse(
            line, table.header[places[kStaffNo]], person->staff_no,
            absl::StrFormat("each number once; line %d has it for another person", before->second.first));
      } else {
        report.set_unchanged(report.unchanged() + 1);
      }
      continue;
    }
    const auto found = by_staff_no.find(person->staff_no);
    if (found == by_staff_no.end()) {
      person->id = Uuid::Make(call.now);
      GW_RETURN_IF_ERROR(change.Add(*std::move(person)).status());
      report.set_created(report.created() + 1);
      continue;
    }
    PersonRow updated = *found->second;
    // A list without a phone column, or without this phone, does not take a known one away.
    const std::string phone = person->phone.empty() ? updated.record.phone : person->phone;
    if (updated.record.display_name == person->display_name && updated.record.phone == phone) {
      report.set_unchanged(report.unchanged() + 1);
      continue;
    }
    updated.record.display_name = person->display_name;
    updated.record.phone = phone;
    GW_RETURN_IF_ERROR(change.Change(std::move(updated)));
    report.set_updated(report.updated() + 1);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<type::v1::ImportReport> ImportPersons(GridArea& area, const rpc::Call& call,
                                                     const v1::ImportRequest& request) {
  GW_ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(request.content(), kImportRowsMax));
  return RunImport(area, call, request, access::Acting(),
                   [&](db::Transaction& tx, GridChange& change, ImportNotes& notes) {
                     return Plan(table, call, tx, change, notes);
                   });
}

}  // namespace gridwarden::grid
