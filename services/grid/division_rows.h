#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "domain/ground/ground.h"
#include "grid/import_report.h"

// The rows of a division list, whichever of the published layouts it has.
namespace gridwarden::grid {

struct DivisionLine {
  int line = 0;
  domain::Level level = domain::Level::kUnspecified;
  std::string code;  // unpadded
  std::string display_name;
  std::vector<std::string>
      parents;                 // codes the parent may have, the first that is known counts; empty = a top
  bool parent_stated = false;  // the file names the parent, so only that one will do
};

// Reads what can be read; everything else is a refused row in `notes`.
absl::StatusOr<std::vector<DivisionLine>> ReadDivisionLines(const CsvTable& table, ImportNotes& notes);

// Zones that exist only for statistics: development zones xx71-xx79, townships xxxxxx4xx, 省直辖县级行政区划
// and the like.
bool IsStatistical(domain::Level level, std::string_view code, std::string_view name);
// Of those, the ones that are no place at all but a heading in the list: nobody holds a post there.
bool IsHeading(domain::Level level, std::string_view name);

}  // namespace gridwarden::grid
