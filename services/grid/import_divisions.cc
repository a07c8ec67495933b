#include <algorithm>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "base/status.h"
#include "domain/policy/policy.h"
#include "grid/division_rows.h"
#include "grid/grid_service.h"
#include "grid/import_report.h"

namespace gridwarden::grid {
namespace {

using domain::Level;

// A division as far as the plan has come: stored before, or new from a line of this file.
struct Known {
  Uuid id;
  Level level = Level::kUnspecified;
  std::string display_name;
  Uuid parent;
  int line = 0;  // 0 = stored before
  const DivisionRow* stored = nullptr;
};

class DivisionPlan {
 public:
  DivisionPlan(GridArea& area, const rpc::Call& call, absl::Time as_of, db::Transaction& tx,
               GridChange& change, ImportNotes& notes)
      : area_(area), call_(call), as_of_(as_of), tx_(tx), change_(change), notes_(notes) {}

  absl::Status Run(const CsvTable& table) {
    GW_ASSIGN_OR_RETURN(std::vector<DivisionLine> lines, ReadDivisionLines(table, notes_));
    notes_.report().set_rows_read(static_cast<int>(table.rows.size()));
    GW_RETURN_IF_ERROR(ReadStored(lines));
    // Upper levels first, so that a parent may stand anywhere in the file.
    std::stable_sort(lines.begin(), lines.end(),
                     [](const DivisionLine& a, const DivisionLine& b) { return a.level < b.level; });
    for (const DivisionLine& line : lines) GW_RETURN_IF_ERROR(Take(line));
    Summarise();
    return absl::OkStatus();
  }

 private:
  absl::Status ReadStored(const std::vector<DivisionLine>& lines) {
    std::vector<std::string> codes;
    for (const DivisionLine& line : lines) {
      codes.push_back(line.code);
      codes.insert(codes.end(), line.parents.begin(), line.parents.end());
    }
    std::sort(codes.begin(), codes.end());
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
    GW_ASSIGN_OR_RETURN(stored_, LockDivisionsByCode(tx_, codes));
    for (const DivisionRow& row : stored_) {
      known_[row.record.codes[0].code] = {
          row.record.id, row.record.level, row.record.display_name, row.record.parent, 0, &row};
    }
    return absl::OkStatus();
  }

  absl::Status Take(const DivisionLine& line) {
    const Known* parent = nullptr;
    for (const std::string& code : line.parents) {
      const auto found = known_.find(code);
      if (found == known_.end()) continue;
      parent = &found->second;
      break;
    }
    if (parent == nullptr && (line.parent_stated || line.level > Level::kCity)) {
      notes_.Refuse(line.line, "parent_code", line.parents.empty() ? "nothing" : line.parents.front(),
                    "the code of a division that is stored or stands in this file");
      return absl::OkStatus();
    }
    if (parent != nullptr && parent->level >= line.level) {
      notes_.Refuse(line.line, "parent_code", absl::StrCat(line.parents.front(), " ", parent->display_name),
                    absl::StrFormat("a division above the level %s", domain::NameOf(line.level)));
      return absl::OkStatus();
    }
    const Uuid parent_id = parent == nullptr ? Uuid() : parent->id;
    const auto found = known_.find(line.code);
    if (found == known_.end()) return Create(line, parent_id);
    if (found->second.line != 0) return TakeTwice(line, parent_id, found->second);
    return Compare(line, parent_id, *found->second.stored);
  }

  // The same code twice in one file.
  absl::Status TakeTwice(const DivisionLine& line, const Uuid& parent, const Known& before) {
    if (before.display_name != line.display_name || before.parent != parent) {
      notes_.Refuse(
          line.line, "code", absl::StrCat(line.code, " ", line.display_name),
          absl::StrFormat("each code once; line %d has it as %s", before.line, before.display_name));
    } else {
      Count(&type::v1::ImportReport::unchanged, &type::v1::ImportReport::set_unchanged);
    }
    return absl::OkStatus();
  }

  absl::Status Compare(const DivisionLine& line, const Uuid& parent, const DivisionRow& stored) {
    if (stored.record.level != line.level) {
      notes_.Refuse(line.line, "level", domain::NameOf(line.level),
                    absl::StrFormat("%s, as it is stored", domain::NameOf(stored.record.level)));
      return absl::OkStatus();
    }
    // The top may be stored without the province above it; then the list that names one does not move it.
    if (stored.record.parent != parent && !parent.IsNil()) {
      notes_.Refuse(line.line, "parent_code", line.parents.front(),
                    "the parent it is stored under; divisions are not moved by a list");
      return absl::OkStatus();
    }
    Known& known = known_[line.code];
    known.line = line.line;
    known.display_name = line.display_name;
    known.parent = parent;
    if (stored.record.display_name == line.display_name) {
      Count(&type::v1::ImportReport::unchanged, &type::v1::ImportReport::set_unchanged);
      return absl::OkStatus();
    }
    notes_.Remark(
        absl::StrFormat("%s: %s is now named %s", line.code, stored.record.display_name, line.display_name));
    DivisionRow renamed = stored;
    renamed.record.display_name = line.display_name;
    Count(&type::v1::ImportReport::updated, &type::v1::ImportReport::set_updated);
    return change_.Change(std::move(renamed));
  }

  absl::Status Create(const DivisionLine& line, const Uuid& parent) {
    domain::Division division;
    division.id = Uuid::Make(call_.now);
    division.parent = parent;
    division.level = line.level;
    division.display_name = line.display_name;
    division.codes = {{line.code, {as_of_, absl::InfiniteFuture()}}};
    division.valid = {as_of_, absl::InfiniteFuture()};
    division.statistical = IsStatistical(line.level, line.code, line.display_name);
    if (division.statistical) ++statistical_;
    known_[line.code] = {division.id, line.level, line.display_name, parent, line.line, nullptr};
    Count(&type::v1::ImportReport::created, &type::v1::ImportReport::set_created);
    GW_RETURN_IF_ERROR(change_.Add(division).status());
    if (IsHeading(line.level, line.display_name)) return absl::OkStatus();
    std::map<domain::PostKind, int> ordinals;
    for (const domain::PostPreset& preset : area_.policy->post_presets) {
      if (preset.level != line.level) continue;
      domain::Post post;
      post.id = Uuid::Make(call_.now);
      post.kind = preset.kind;
      post.responsibility = preset.responsibility;
      post.division = division.id;
      post.ordinal = ++ordinals[preset.kind];
      post.valid = division.valid;
      GW_RETURN_IF_ERROR(change_.Add(post).status());
      ++posts_;
    }
    return absl::OkStatus();
  }

  void Count(int (type::v1::ImportReport::*get)() const, void (type::v1::ImportReport::*set)(int)) {
    (notes_.report().*set)((notes_.report().*get)() + 1);
  }

  void Summarise() {
    if (posts_ > 0)
      notes_.Remark(
          absl::StrFormat("%d posts of the preset come with the new divisions, all vacant", posts_));
    if (statistical_ > 0) {
      notes_.Remark(absl::StrFormat(
          "%d of the new divisions exist for statistics only (zones, headings): no polygon is expected",
          statistical_));
    }
  }

  GridArea& area_;
  const rpc::Call& call_;
  const absl::Time as_of_;
  db::Transaction& tx_;
  GridChange& change_;
  ImportNotes& notes_;
  std::vector<DivisionRow> stored_;
  absl::flat_hash_map<std::string, Known> known_;
  int posts_ = 0;
  int statistical_ = 0;
};

}  // namespace

absl::StatusOr<type::v1::ImportReport> ImportDivisions(GridArea& area, const rpc::Call& call,
                                                       const v1::ImportRequest& request) {
  GW_ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(request.content(), kImportRowsMax));
  GW_ASSIGN_OR_RETURN(const absl::Time as_of, AsOf(request));
  const auto plan = [&](db::Transaction& tx, GridChange& change, ImportNotes& notes) {
    return DivisionPlan(area, call, as_of, tx, change, notes).Run(table);
  };
  return RunImport(area, call, request, access::Acting(), plan);
}

}  // namespace gridwarden::grid
