#pragma once

#include <string_view>

#include "grid/datum_check.h"
#include "grid/import_report.h"
#include "gridwarden/grid/v1/grid_service.pb.h"

// What an import says of its datum.
namespace gridwarden::grid {

// The datum of the request. DATUM_MISSING when there is none; INVALID_FIELD for a reason longer than 200
// characters.
absl::StatusOr<domain::Datum> DeclaredDatum(const v1::ImportRequest& request);

// Writes the finding into the report: refuses a shifted file unless the request gives a reason to take it,
// and says so where nothing could be compared.
void TellDatum(const DatumFinding& finding, domain::Datum declared, std::string_view accepted_reason,
               ImportNotes& notes);

// The reason, where there was something to accept.
std::string_view ReasonToKeep(const DatumFinding& finding, const v1::ImportRequest& request);

}  // namespace gridwarden::grid
