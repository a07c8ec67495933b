#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "base/status.h"
#include "domain/policy/policy.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "grid/import_report.h"
#include "grid/tenure_rules.h"

namespace gridwarden::grid {
namespace {

using domain::PostKind;
using domain::Regime;

enum Column { kStaffNo, kDivision, kUnit, kPost, kRegime, kOrdinal, kKind, kFrom, kTo, kDocument, kColumns };

const std::array<CsvColumn, kColumns>& Columns() {
  static const auto* columns = new std::array<CsvColumn, kColumns>{{
      {{"staff_no", "工号", "人员编号"}, true},
      {{"division", "区划", "区划代码", "网格", "code"}, true},
      {{"unit", "单位"}},
      {{"post", "岗位", "post_kind", "职务"}, true},
      {{"regime", "类别", "网格类别"}},
      {{"ordinal", "序号"}},
      {{"kind", "任职类型", "正式/代理", "tenure_kind", "formal/acting", "任职方式"}},
      {{"valid_from", "任职时间", "开始日期", "起始日期", "任职日期"}, true},
      {{"valid_to", "离任时间", "结束日期", "免职日期"}},
      {{"document_no", "文号", "任免文号", "文件号"}},
  }};
  return *columns;
}

std::optional<PostKind> PostKindOf(std::string_view text) {
  static const auto* names =
      new std::map<std::string_view, PostKind>{{"网格长", PostKind::kGridLeader},
                                               {"网格员", PostKind::kGridOfficer},
                                               {"巡查员", PostKind::kPatrolOfficer},
                                               {"监督员", PostKind::kSupervisionOfficer},
                                               {"攻坚办", PostKind::kCampaignOffice},
                                               {"单位经办", PostKind::kUnitHandler},
                                               {"执法", PostKind::kEnforcement},
                                               {"执法人员", PostKind::kEnforcement},
                                               {"纪检监察", PostKind::kDiscipline},
                                               {"第一网格长", PostKind::kFirstGridLeader},
                                               {"乡镇主要负责人", PostKind::kTownshipHead},
                                               {"街道主要负责人", PostKind::kTownshipHead},
                                               {"村主要负责人", PostKind::kVillageHead},
                                               {"社区主要负责人", PostKind::kVillageHead},
                                               {"路长", PostKind::kRoadChief},
                                               {"网格督查员", PostKind::kGridInspector}};
  if (const auto found = names->find(text); found != names->end()) return found->second;
  std::string upper(text);
  for (char& c : upper) c = c == ' ' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return domain::ParsePostKind(upper);
}

std::optional<Regime> RegimeOf(std::string_view text) {
  static const auto* names = new std::map<std::string_view, Regime>{{"", Regime::kGeneral},
                                                                    {"通用", Regime::kGeneral},
                                                                    {"一般", Regime::kGeneral},
                                                                    {"散乱污", Regime::kSmallPolluter},
                                                                    {"小散乱污", Regime::kSmallPolluter},
                                                                    {"道路", Regime::kRoad},
                                                                    {"工地", Regime::kSite}};
  if (const auto found = names->find(text); found != names->end()) return found->second;
  return domain::ParseRegime(text);
}

std::optional<domain::TenureKind> TenureKindOf(std::string_view text) {
  if (text.empty() || text == "正式" || text == "FORMAL" || text == "formal")
    return domain::TenureKind::kFormal;
  if (text == "代理" || text == "主持工作" || text == "ACTING" || text == "acting")
    return domain::TenureKind::kActing;
  return std::nullopt;
}

// Which post: place, regime, kind, ordinal.
using PostKey = std::tuple<Uuid, Regime, PostKind, int>;

struct TenureLine {
  int line = 0;
  std::string staff_no;
  const domain::Division* division = nullptr;
  const domain::Unit* unit = nullptr;
  PostKey post;
  domain::Tenure tenure;  // post and person filled in later
};

class TenurePlan {
 public:
  TenurePlan(GridArea& area, const rpc::Call& call, const domain::Ground& ground, db::Transaction& tx,
             GridChange& change, ImportNotes& notes)
      : area_(area), call_(call), ground_(ground), tx_(tx), change_(change), notes_(notes) {}

  absl::Status Run(const CsvTable& table) {
    GW_ASSIGN_OR_RETURN(places_, FindColumns(table, Columns()));
    table_ = &table;
    notes_.report().set_rows_read(static_cast<int>(table.rows.size()));
    std::vector<TenureLine> lines;
    for (const CsvRow& row : table.rows) {
      if (std::optional<TenureLine> line = ReadLine(row)) lines.push_back(*std::move(line));
    }
    GW_RETURN_IF_ERROR(FindPersons(lines));
    GW_RETURN_IF_ERROR(FindPosts(lines));
    return Take(lines);
  }

 private:
  std::string NameOf(Column column) const {
    return places_[column] >= 0 ? table_->header[places_[column]] : std::string(Columns()[column].names[0]);
  }

  std::optional<TenureLine> ReadLine(const CsvRow& row) {
    if (!CheckWidth(*table_, row, notes_)) return std::nullopt;
    TenureLine line;
    line.line = notes_.LineOf(row);
    bool good = true;
    const auto cell = [&](Column column) { return CellOf(row, places_[column]); };
    const auto refuse = [&](Column column, std::string_view want) {
      notes_.Refuse(line.line, NameOf(column), cell(column), want);
      good = false;
    };
    line.staff_no = std::string(cell(kStaffNo));
    if (line.staff_no.empty()) refuse(kStaffNo, "the staff number of a person");
    line.division = DivisionOf(cell(kDivision), line.line);
    if (line.division == nullptr) good = false;
    const std::optional<PostKind> kind = PostKindOf(cell(kPost));
    if (!kind) refuse(kPost, "a kind of post: 网格长, 网格员, 巡查员, 监督员, 攻坚办 ... or GRID_LEADER ...");
    const std::optional<Regime> regime = RegimeOf(cell(kRegime));
    if (!regime)
      refuse(kRegime, "GENERAL, SMALL_POLLUTER, ROAD or SITE (通用, 散乱污, 道路, 工地), or nothing");
    int ordinal = 1;
    if (const std::string_view text = cell(kOrdinal); !text.empty()) {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ordinal);
      if (error != std::errc() || end != text.data() + text.size() || ordinal < 1 || ordinal > 1000) {
        refuse(kOrdinal, "1 to 1000, or nothing for 1");
      }
    }
    const std::optional<domain::TenureKind> tenure_kind = TenureKindOf(cell(kKind));
    if (!tenure_kind) refuse(kKind, "正式 or 代理 (FORMAL or ACTING), or nothing for 正式");
    const std::optional<absl::Time> from = ParseDay(cell(kFrom));
    if (!from) refuse(kFrom, "a day as 2026-05-01");
    absl::Time to = absl::InfiniteFuture();
    if (!cell(kTo).empty()) {
      const std::optional<absl::Time> day = ParseDay(cell(kTo));
      if (!day || (from && *day <= *from))
        refuse(kTo, "the first day no longer in post, after the beginning, or nothing");
      else
        to = *day;
    }
    if (cell(kDocument).size() > 80) refuse(kDocument, "at most 80 bytes");
    if (good && !cell(kUnit).empty()) {
      line.unit = UnitOf(*line.division, cell(kUnit));
      if (line.unit == nullptr) refuse(kUnit, "a unit of that division, by its name or an alias");
    }
    if (!good) return std::nullopt;
    line.post = {line.unit != nullptr ? line.unit->id : line.division->id, *regime, *kind, ordinal};
    line.tenure.kind = *tenure_kind;
    line.tenure.valid = {*from, to};
    line.tenure.document_no = std::string(cell(kDocument));
    return line;
  }

  // The division of a cell, if the caller may appoint there. The same spelling is looked up once.
  const domain::Division* DivisionOf(std::string_view spelling, int line) {
    const auto [found, first] = divisions_.try_emplace(std::string(spelling));
    Spelt& spelt = found->second;
    if (first) {
      const std::vector<const domain::Division*> meant = ground_.DivisionsBySpelling(spelling, call_.now);
      if (meant.size() != 1) {
        spelt.want = meant.empty()
                         ? "the code or the path of a stored division"
                         : absl::StrFormat("a path that names one division, this could be any of %d",
                                           static_cast<int>(meant.size()));
      } else if (!access::AllowAt(ground_, call_, meant[0]->id).ok()) {
        spelt.want = "a division in your own area";
      } else {
        spelt.division = meant[0];
      }
    }
    if (spelt.division == nullptr) notes_.Refuse(line, NameOf(kDivision), spelling, spelt.want);
    return spelt.division;
  }

  const domain::Unit* UnitOf(const domain::Division& division, std::string_view name) const {
    for (const domain::Unit& unit : ground_.units()) {
      if (unit.division != division.id) continue;
      if (unit.display_name == name ||
          std::find(unit.aliases.begin(), unit.aliases.end(), name) != unit.aliases.end()) {
        return &unit;
      }
    }
    return nullptr;
  }

  absl::Status FindPersons(std::vector<TenureLine>& lines) {
    std::vector<std::string> staff_nos;
    for (const TenureLine& line : lines) staff_nos.push_back(line.staff_no);
    GW_ASSIGN_OR_RETURN(const std::vector<PersonRow> persons, LockPersonsByStaffNo(tx_, staff_nos));
    absl::flat_hash_map<std::string, Uuid> ids;
    for (const PersonRow& person : persons) ids[person.record.staff_no] = person.record.id;
    std::erase_if(lines, [&](TenureLine& line) {
      const auto found = ids.find(line.staff_no);
      if (found == ids.end()) {
        notes_.Refuse(line.line, NameOf(kStaffNo), line.staff_no, "a stored person; import persons first");
        return true;
      }
      line.tenure.person = found->second;
      if (CheckAppointer(call_, found->second, std::get<2>(line.post)).ok()) return false;
      notes_.Refuse(line.line, NameOf(kStaffNo), line.staff_no,
                    "somebody else than yourself, and no post of discipline inspection: an administrator "
                    "appoints those");
      return true;
    });
    return absl::OkStatus();
  }

  // Finds the posts the lines name and makes the missing ones.
  absl::Status FindPosts(std::vector<TenureLine>& lines) {
    std::vector<Uuid> places;
    for (const TenureLine& line : lines) places.push_back(std::get<0>(line.post));
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    GW_ASSIGN_OR_RETURN(const std::vector<PostRow> rows, LockPostsAt(tx_, places));
    std::map<PostKey, domain::Post> posts;
    std::vector<Uuid> stored;
    for (const PostRow& row : rows) {
      const domain::Post& p = row.record;
      posts[{p.unit.IsNil() ? p.division : p.unit, p.regime, p.kind, p.ordinal}] = p;
      stored.push_back(p.id);
    }
    int created = 0;
    for (TenureLine& line : lines) {
      auto found = posts.find(line.post);
      if (found == posts.end()) {
        domain::Post post;
        post.id = Uuid::Make(call_.now);
        std::tie(std::ignore, post.regime, post.kind, post.ordinal) = line.post;
        (line.unit != nullptr ? post.unit : post.division) = std::get<0>(line.post);
        for (const domain::PostPreset& preset : area_.policy->post_presets) {
          if (preset.kind == post.kind && preset.level == line.division->level)
            post.responsibility = preset.responsibility;
        }
        GW_ASSIGN_OR_RETURN(post, change_.Add(post));
        found = posts.emplace(line.post, post).first;
        ++created;
      }
      line.tenure.post = found->second.id;
      if (!found->second.valid.Overlaps(line.tenure.valid)) {
        notes_.Refuse(line.line, NameOf(kFrom),
                      absl::FormatTime("%Y-%m-%d", line.tenure.valid.from, BeijingTime()),
                      "a time in which the post exists");
      }
    }
    if (created > 0) notes_.Remark(absl::StrFormat("%d posts that were not there are created", created));
    GW_ASSIGN_OR_RETURN(standing_, LockTenuresOfPosts(tx_, stored));
    return absl::OkStatus();
  }

  // What a post and kind will have when the file is through.
  struct Slot {
    domain::Interval valid;
    Uuid person;
    int line = 0;  // 0 = stored before
  };

  absl::Status Take(const std::vector<TenureLine>& lines) {
    using Key = std::pair<Uuid, domain::TenureKind>;
    absl::flat_hash_map<Key, std::vector<Slot>> slots;
    absl::flat_hash_map<Key, std::vector<size_t>> stored;  // indexes of standing_
    for (size_t i = 0; i < standing_.size(); ++i)
      stored[{standing_[i].record.post, standing_[i].record.kind}].push_back(i);
    std::vector<bool> named(standing_.size(), false);
    type::v1::ImportReport& report = notes_.report();
    for (const TenureLine& line : lines) {
      const Key key{line.tenure.post, line.tenure.kind};
      const auto same_line = std::find_if(slots[key].begin(), slots[key].end(), [&](const Slot& slot) {
        return slot.person == line.tenure.person && slot.valid.from == line.tenure.valid.from &&
               slot.valid.to == line.tenure.valid.to;
      });
      if (same_line != slots[key].end()) {  // the same line twice
        report.set_unchanged(report.unchanged() + 1);
        continue;
      }
      slots[key].push_back({line.tenure.valid, line.tenure.person, line.line});
      const TenureRow* before = nullptr;
      for (const size_t i : stored[key]) {
        const domain::Tenure& tenure = standing_[i].record;
        if (named[i] || tenure.person != line.tenure.person || tenure.valid.from != line.tenure.valid.from)
          continue;
        named[i] = true;
        before = &standing_[i];
        break;
      }
      if (before != nullptr && before->record.valid.to == line.tenure.valid.to &&
          before->record.document_no == line.tenure.document_no) {
        report.set_unchanged(report.unchanged() + 1);
        continue;
      }
      if (before != nullptr) GW_RETURN_IF_ERROR(change_.Revoke(*before).status());
      domain::Tenure tenure = line.tenure;
      tenure.id = Uuid::Make(call_.now);
      GW_RETURN_IF_ERROR(change_.Add(tenure).status());
      if (before != nullptr)
        report.set_updated(report.updated() + 1);
      else
        report.set_created(report.created() + 1);
    }
    for (size_t i = 0; i < standing_.size(); ++i) {
      const domain::Tenure& tenure = standing_[i].record;
      if (!named[i]) slots[{tenure.post, tenure.kind}].push_back({tenure.valid, tenure.person, 0});
    }
    for (auto& [key, of_post] : slots) CheckSlots(of_post);
    return absl::OkStatus();
  }

  // Nobody follows before the one before has gone: each line is blamed that begins inside another's time.
  void CheckSlots(std::vector<Slot>& slots) {
    std::sort(slots.begin(), slots.end(), [](const Slot& a, const Slot& b) {
      return std::pair(a.valid.from, a.line) < std::pair(b.valid.from, b.line);
    });
    const auto day = [](absl::Time time) {
      return time == absl::InfiniteFuture() ? std::string("open")
                                            : absl::FormatTime("%Y-%m-%d", time, BeijingTime());
    };
    for (size_t i = 1; i < slots.size(); ++i) {
      const Slot& earlier = slots[i - 1];
      const Slot& later = slots[i];
      if (!earlier.valid.Overlaps(later.valid)) continue;
      const Slot& blamed = later.line != 0 ? later : earlier;
      const Slot& other = later.line != 0 ? earlier : later;
      notes_.Refuse(
          blamed.line, NameOf(kFrom), absl::StrCat(day(blamed.valid.from), " to ", day(blamed.valid.to)),
          absl::StrCat("no overlap with the holder ", day(other.valid.from), " to ", day(other.valid.to),
                       other.line == 0 ? " recorded before" : absl::StrCat(" of line ", other.line),
                       "; end that one first (TENURE_OVERLAP)"));
    }
  }

  struct Spelt {
    const domain::Division* division = nullptr;
    std::string want;
  };

  GridArea& area_;
  const rpc::Call& call_;
  const domain::Ground& ground_;
  db::Transaction& tx_;
  GridChange& change_;
  ImportNotes& notes_;
  const CsvTable* table_ = nullptr;
  std::vector<int> places_;
  absl::flat_hash_map<std::string, Spelt> divisions_;
  std::vector<TenureRow> standing_;
};

// The post in which the caller imports: the one nearest the top, or none for an administrator.
access::Acting ActingOf(const domain::Ground& ground, const rpc::Call& call) {
  access::Acting acting;
  for (const domain::Holding& holding :
       ground.HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture())) {
    const absl::StatusOr<access::Acting> here =
        access::AllowAt(ground, call, ground.DivisionOf(*holding.post));
    if (!here.ok() || here->post.IsNil()) continue;
    if (acting.post.IsNil() ||
        ground.AncestorsOf(here->division).size() < ground.AncestorsOf(acting.division).size()) {
      acting = *here;
    }
  }
  return acting;
}

}  // namespace

absl::StatusOr<type::v1::ImportReport> ImportTenures(GridArea& area, const rpc::Call& call,
                                                     const v1::ImportRequest& request) {
  GW_ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(request.content(), kImportRowsMax));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  return RunImport(area, call, request, ActingOf(*ground, call),
                   [&](db::Transaction& tx, GridChange& change, ImportNotes& notes) {
                     return TenurePlan(area, call, *ground, tx, change, notes).Run(table);
                   });
}

}  // namespace gridwarden::grid
