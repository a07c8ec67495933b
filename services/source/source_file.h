#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "gridwarden/type/v1/import.pb.h"
#include "platform/csv/csv.h"
#include "source/source_repository.h"

// A ledger file turned into sources, and back. Pure: no database.
namespace gridwarden::source {

// One good row.
struct FileRow {
  int line = 0;
  LedgerSource source;  // id nil; state ACTIVE unless the file says otherwise
  // Columns that the file has: only those change a source that is in the ledger already.
  std::vector<std::string> fields;
  bool has_disposition = false;
  bool has_state = false;
};

struct FileReading {
  std::vector<FileRow> rows;
  type::v1::ImportReport report;  // rows_read, problems, rows_refused, remarks
};

inline constexpr int kProblemsMax = 1000;

// Counts a bad row and names what is wrong with it.
void Refuse(type::v1::ImportReport& report, int line, std::vector<type::v1::RowProblem> problems);

// Reads every row. A fault of a row is a problem of the report; an error is one of the whole file (no text,
// no rows, wrong mapping).
absl::StatusOr<FileReading> ReadSourceFile(const domain::Policy& policy, const domain::Ground& ground,
                                           absl::Time now, const v1::ImportSourcesRequest& request);

// The header line of an export, with byte order mark, and one line per source.
void WriteSourceHeader(std::string& out);
void WriteSourceRow(const domain::Ground& ground, absl::Time now, const v1::Source& source, std::string& out);

}  // namespace gridwarden::source
