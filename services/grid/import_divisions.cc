#include <algorithm>
#include <map>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "domain/ground/succession.h"
#include "grid/division_plan.h"
#include "grid/division_rows.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "grid/import_report.h"
#include "grid/proposal_repository.h"

// A list of divisions, the first of its ground or a later one. The list covers a parent when one of its rows
// stands below it: what is stored there and not in the list has vanished. What domain/ground/succession.h is
// sure of is changed as of the date of the list, everything else is proposed. A second file of the same date,
// or one without a date, adds and corrects; it misses nothing.
namespace gridwarden::grid {
namespace {

using domain::Division;
using domain::DoubtKind;
using domain::Level;
using type::v1::ImportReport;

constexpr int kLinesMax = 300;

class DivisionImport {
 public:
  DivisionImport(GridArea& area, const rpc::Call& call, const v1::ImportRequest& request, absl::Time as_of,
                 db::Transaction& tx, GridChange& change, ImportNotes& notes)
      : call_(call), request_(request), as_of_(as_of), tx_(tx), notes_(notes), plan_(area, call, tx, change) {
    document_no_ =
        request.file_name().empty() ? absl::StrCat("list ", request.as_of_date()) : request.file_name();
    if (document_no_.size() > 80) document_no_ = absl::StrCat("list ", request.as_of_date());
  }

  absl::Status Run(const CsvTable& table) {
    GW_ASSIGN_OR_RETURN(std::vector<DivisionLine> lines, ReadDivisionLines(table, notes_));
    notes_.report().set_rows_read(static_cast<int>(table.rows.size()));
    std::vector<std::string> codes;
    for (const DivisionLine& line : lines) {
      codes.push_back(line.code);
      codes.insert(codes.end(), line.parents.begin(), line.parents.end());
    }
    std::sort(codes.begin(), codes.end());
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
    GW_RETURN_IF_ERROR(plan_.LoadWithCodes(codes));
    // Upper levels first, so that a parent may stand anywhere in the file.
    std::stable_sort(lines.begin(), lines.end(),
                     [](const DivisionLine& a, const DivisionLine& b) { return a.level < b.level; });
    for (size_t from = 0; from < lines.size();) {
      size_t to = from;
      while (to < lines.size() && lines[to].level == lines[from].level) ++to;
      GW_RETURN_IF_ERROR(TakeLevel(std::span(lines).subspan(from, to - from)));
      from = to;
    }
    GW_RETURN_IF_ERROR(plan_.Hand());
    GW_RETURN_IF_ERROR(StoreBeside());
    Summarise();
    return absl::OkStatus();
  }

 private:
  // How the list stands to what is stored below a parent.
  enum class Standing { kFirst, kSameDate, kLater, kOlder, kChangedSince };

  // A line whose parent is known.
  struct Row {
    const DivisionLine* line;
    Uuid parent;
  };

  absl::Status TakeLevel(std::span<const DivisionLine> lines) {
    std::vector<Row> rows;
    for (const DivisionLine& line : lines) {
      if (const std::optional<Uuid> parent = ParentOf(line); parent && !IsTwice(line, *parent))
        rows.push_back({&line, *parent});
    }
    GW_RETURN_IF_ERROR(ReadBelow(rows));
    // What is compared: everything that stands below the parents of a first or later list, and whatever has a
    // listed code.
    std::vector<domain::ListedDivision> listed;
    std::vector<domain::StandingDivision> standing;
    std::vector<Row> compared;
    absl::flat_hash_set<Uuid> taken;
    const auto add = [&](const Division& division) {
      if (division.level != lines.front().level || !taken.insert(division.id).second) return;
      standing.push_back({division.id, division.parent, RegionOf(division.parent),
                          std::string(domain::CodeOf(division)), division.display_name});
    };
    for (const Row& row : rows) {
      if (!MayCompare(row)) continue;
      compared.push_back(row);
      listed.push_back({row.parent, RegionOf(row.parent), row.line->code, row.line->display_name});
      if (const Division* same = plan_.FindCode(row.line->code)) add(*same);
    }
    for (const auto& [parent, how] : standing_of_parent_) {
      if (how != Standing::kLater || levels_[parent] != lines.front().level) continue;
      for (const Division* division : plan_.StandingBelow(parent)) add(*division);
    }
    const domain::Succession succession = domain::CompareLists(standing, listed, lines.front().level);
    absl::flat_hash_set<int> unsure;  // listed ones whose name waits for a decision
    for (const domain::Doubt& doubt : succession.doubts) {
      if (doubt.kind == DoubtKind::kRenamedOrReplaced && Dated()) unsure.insert(doubt.listed);
    }
    FreeCodes(succession, standing);
    std::vector<Uuid> ids(compared.size());
    for (size_t i = 0; i < compared.size(); ++i) {
      const int s = succession.standing_of[i];
      if (s < 0) {
        ids[i] = Create(compared[i]);
      } else {
        ids[i] = standing[s].id;
        GW_RETURN_IF_ERROR(Change(compared[i], ids[i], unsure.contains(static_cast<int>(i))));
      }
    }
    for (const domain::Doubt& doubt : succession.doubts) Propose(doubt, standing, listed, ids, compared);
    for (const Uuid& parent : succession.incomplete) {
      notes_.Remark(absl::StrFormat(
          "%s: the file has so few of the divisions below it that it is not taken for a whole list; what "
          "it does not name is left as it is",
          plan_.Find(parent)->display_name));
    }
    return absl::OkStatus();
  }

  // A division that the list no longer names lives on, but its code may belong to another one now.
  void FreeCodes(const domain::Succession& succession,
                 const std::vector<domain::StandingDivision>& standing) {
    absl::flat_hash_set<int> found(succession.standing_of.begin(), succession.standing_of.end());
    for (size_t s = 0; s < standing.size(); ++s) {
      if (!found.contains(static_cast<int>(s)) && by_code_.contains(standing[s].code))
        plan_.Edit(standing[s].id).codes.back().valid.to = as_of_;
    }
  }

  // Refuses the line where its parent is not known or of the wrong level.
  std::optional<Uuid> ParentOf(const DivisionLine& line) {
    const Division* parent = nullptr;
    for (const std::string& code : line.parents) {
      if ((parent = plan_.FindCode(code)) != nullptr) break;
    }
    if (parent == nullptr && (line.parent_stated || line.level > Level::kCity)) {
      notes_.Refuse(line.line, "parent_code", line.parents.empty() ? "nothing" : line.parents.front(),
                    "the code of a division that is stored or stands in this file");
      return std::nullopt;
    }
    if (parent != nullptr && parent->level >= line.level) {
      notes_.Refuse(line.line, "parent_code", absl::StrCat(line.parents.front(), " ", parent->display_name),
                    absl::StrFormat("a division above the level %s", domain::NameOf(line.level)));
      return std::nullopt;
    }
    if (const Division* same = plan_.FindCode(line.code); same != nullptr && same->level != line.level) {
      notes_.Refuse(line.line, "level", domain::NameOf(line.level),
                    absl::StrFormat("%s, as it is stored", domain::NameOf(same->level)));
      return std::nullopt;
    }
    return parent == nullptr ? Uuid() : parent->id;
  }

  // The same code twice in one file.
  bool IsTwice(const DivisionLine& line, const Uuid& parent) {
    const auto [found, first] = by_code_.try_emplace(line.code, Row{&line, parent});
    if (first) return false;
    const DivisionLine& before = *found->second.line;
    if (before.display_name != line.display_name || found->second.parent != parent) {
      notes_.Refuse(
          line.line, "code", absl::StrCat(line.code, " ", line.display_name),
          absl::StrFormat("each code once; line %d has it as %s", before.line, before.display_name));
    } else {
      Count(&ImportReport::unchanged, &ImportReport::set_unchanged);
    }
    return true;
  }

  // Reads what stands below the parents of these rows, and above them.
  absl::Status ReadBelow(const std::vector<Row>& rows) {
    std::vector<Uuid> parents, above;
    absl::flat_hash_set<Uuid> seen;
    for (const Row& row : rows) {
      if (row.parent.IsNil() || standing_of_parent_.contains(row.parent) || !seen.insert(row.parent).second)
        continue;
      parents.push_back(row.parent);
      above.push_back(plan_.Find(row.parent)->parent);
    }
    GW_RETURN_IF_ERROR(plan_.Load(above));
    GW_RETURN_IF_ERROR(plan_.LoadBelow(parents));
    GW_ASSIGN_OR_RETURN(const auto dates, ReadListDates(tx_, parents));
    for (const Uuid& parent : parents) {
      const auto date = dates.find(parent);
      standing_of_parent_[parent] =
          StandingOf(parent, date == dates.end() ? absl::InfinitePast() : date->second);
      levels_[parent] = rows.front().line->level;
    }
    return ReadUndecided(parents);
  }

  // Places that appeared and may be ones that vanished elsewhere: until somebody decides, what stands below
  // them would be stored twice.
  absl::Status ReadUndecided(const std::vector<Uuid>& parents) {
    GW_ASSIGN_OR_RETURN(std::vector<ProposalRecord> asked, LockProposalsOf(tx_, parents));
    asked.insert(asked.end(), proposals_.begin(), proposals_.end());
    for (const ProposalRecord& proposal : asked) {
      if (proposal.state != v1::DivisionProposal::OPEN || proposal.kind != v1::DivisionProposal::APPEARED)
        continue;
      for (const v1::DivisionProposal::Candidate& candidate : proposal.candidates.candidates()) {
        constexpr double kLikely = 0.5;
        if (candidate.kind() == v1::Lineage::MERGE && candidate.confidence() >= kLikely)
          undecided_.insert(proposal.division);
      }
    }
    return absl::OkStatus();
  }

  Standing StandingOf(const Uuid& parent, absl::Time listed) const {
    absl::Time changed = absl::InfinitePast();
    const std::vector<const Division*> below = plan_.StandingBelow(parent);
    for (const Division* division : below) changed = std::max(changed, domain::ChangedLast(*division));
    if (below.empty()) return Standing::kFirst;
    if (!Dated()) return Standing::kSameDate;
    if (as_of_ < listed) return Standing::kOlder;
    if (as_of_ < changed) return listed == absl::InfinitePast() ? Standing::kOlder : Standing::kChangedSince;
    if (as_of_ == listed || (listed == absl::InfinitePast() && as_of_ == changed)) return Standing::kSameDate;
    return Standing::kLater;
  }

  bool Dated() const { return as_of_ != absl::InfinitePast(); }
  Uuid RegionOf(const Uuid& parent) const {
    const Division* division = plan_.Find(parent);
    return division == nullptr ? Uuid() : division->parent;
  }

  // Whether the list may say anything about what stands there; refuses or remarks otherwise.
  bool MayCompare(const Row& row) {
    const auto found = standing_of_parent_.find(row.parent);
    if (found == standing_of_parent_.end()) return true;  // a top
    if (found->second == Standing::kFirst && undecided_.contains(row.parent)) {
      notes_.Refuse(
          row.line->line, "parent_code", row.line->parents.front(),
          absl::StrFormat("a decision first whether %s is one that was stored before (division proposals)",
                          plan_.Find(row.parent)->display_name));
      return false;
    }
    if (found->second == Standing::kOlder) {
      const Division* same = plan_.FindCode(row.line->code);
      if (same != nullptr && same->parent == row.parent && same->display_name == row.line->display_name) {
        Count(&ImportReport::unchanged, &ImportReport::set_unchanged);
        return false;
      }
      notes_.Refuse(row.line->line, "as_of_date", request_.as_of_date(),
                    absl::StrFormat("a list not older than what is stored of %s; this line differs from it",
                                    plan_.Find(row.parent)->display_name));
      return false;
    }
    if (found->second == Standing::kChangedSince) {
      Count(&ImportReport::unchanged, &ImportReport::set_unchanged);
      if (remarked_.insert(row.parent).second) {
        notes_.Remark(absl::StrFormat(
            "%s: was reorganised after the date of this list; what stands below it is left as it is",
            plan_.Find(row.parent)->display_name));
      }
      return false;
    }
    return true;
  }

  bool IsLater(const Uuid& parent) const {
    const auto found = standing_of_parent_.find(parent);
    return found != standing_of_parent_.end() && found->second == Standing::kLater;
  }

  Uuid Create(const Row& row) {
    const DivisionLine& line = *row.line;
    Division division;
    division.id = Uuid::Make(call_.now);
    division.parent = row.parent;
    division.level = line.level;
    division.display_name = line.display_name;
    division.codes = {{line.code, {as_of_, absl::InfiniteFuture()}}};
    division.valid = {as_of_, absl::InfiniteFuture()};
    division.statistical = IsStatistical(line.level, line.code, line.display_name);
    if (division.statistical) ++statistical_;
    Count(&ImportReport::created, &ImportReport::set_created);
    const bool later = IsLater(row.parent);
    if (later) {
      Changes().set_created(Changes().created() + 1);
      AddLine(nullptr, row.line, row.parent, false);
    }
    return plan_.Create(std::move(division), later).id;
  }

  absl::Status Change(const Row& row, const Uuid& id, bool unsure) {
    const DivisionLine& line = *row.line;
    const Division stored = *plan_.Find(id);
    const bool later = IsLater(row.parent) || IsLater(stored.parent);
    const bool renamed = stored.display_name != line.display_name && !unsure;
    const bool recoded = domain::CodeOf(stored) != line.code;
    // The top may be stored without the province above it; then the list that names one does not move it.
    const bool moved = stored.parent != row.parent && !row.parent.IsNil() && !unsure;
    if (moved && (stored.parent.IsNil() || !later)) {
      notes_.Refuse(line.line, "parent_code", line.parents.front(),
                    "the parent it is stored under; only a later list moves a division");
      return absl::OkStatus();
    }
    if (!renamed && !recoded && !moved) {
      Count(&ImportReport::unchanged, &ImportReport::set_unchanged);
      return absl::OkStatus();
    }
    Count(&ImportReport::updated, &ImportReport::set_updated);
    if (later) {
      AddLine(&stored, row.line, row.parent, false);
      Changes().set_renamed(Changes().renamed() + renamed);
      Changes().set_recoded(Changes().recoded() + recoded);
      Changes().set_moved(Changes().moved() + moved);
    }
    if (moved) plan_.Move(id, row.parent, as_of_, document_no_);
    if (recoded) GW_RETURN_IF_ERROR(plan_.Recode(id, line.code, as_of_, document_no_));
    if (renamed && later) plan_.Rename(id, line.display_name, as_of_, document_no_);
    if (renamed && !later) {  // only misspelt until now
      plan_.Edit(id).display_name = line.display_name;
      notes_.Remark(
          absl::StrFormat("%s: %s is now named %s", line.code, stored.display_name, line.display_name));
    }
    return absl::OkStatus();
  }

  void Propose(const domain::Doubt& doubt, const std::vector<domain::StandingDivision>& standing,
               const std::vector<domain::ListedDivision>& listed, const std::vector<Uuid>& ids,
               const std::vector<Row>& compared) {
    const Uuid parent =
        doubt.kind == DoubtKind::kVanished ? standing[doubt.standing].parent : listed[doubt.listed].parent;
    if (!Dated() || (doubt.kind != DoubtKind::kRenamedOrReplaced && !IsLater(parent))) return;
    ProposalRecord proposal;
    proposal.id = Uuid::Make(call_.now);
    proposal.kind = static_cast<v1::DivisionProposal::Kind>(doubt.kind);
    proposal.division = doubt.kind == DoubtKind::kAppeared ? ids[doubt.listed] : standing[doubt.standing].id;
    if (doubt.kind == DoubtKind::kRenamedOrReplaced)
      proposal.listed_display_name = listed[doubt.listed].display_name;
    proposal.as_of = as_of_;
    proposal.document_no = document_no_;
    proposal.recorded = call_.now;
    for (const domain::Doubt::Candidate& candidate : doubt.candidates) {
      v1::DivisionProposal::Candidate& to = *proposal.candidates.add_candidates();
      to.set_kind(static_cast<v1::Lineage::Kind>(candidate.kind));
      if (candidate.standing >= 0) to.set_other(ResourceName("divisions", standing[candidate.standing].id));
      if (candidate.listed >= 0) to.set_other(ResourceName("divisions", ids[candidate.listed]));
      to.set_confidence(candidate.confidence);
      for (const domain::DoubtReason reason : candidate.reasons)
        to.add_reasons(static_cast<v1::DivisionProposal::Reason>(reason));
    }
    doubtful_.push_back(
        {doubt.standing < 0 ? std::optional<Division>() : *plan_.Find(standing[doubt.standing].id),
         doubt.listed < 0 ? nullptr : compared[doubt.listed].line, parent});
    proposals_.push_back(std::move(proposal));
  }

  // The dates of the lists and the proposals, when the change itself is stored.
  absl::Status StoreBeside() {
    std::vector<Uuid> subjects;
    for (const ProposalRecord& proposal : proposals_) subjects.push_back(proposal.division);
    GW_ASSIGN_OR_RETURN(const std::vector<ProposalRecord> known, LockProposalsOf(tx_, subjects));
    std::set<std::tuple<Uuid, int, absl::Time>> asked;
    for (const ProposalRecord& proposal : known)
      asked.insert({proposal.division, proposal.kind, proposal.as_of});
    for (size_t i = 0; i < proposals_.size(); ++i) {
      const ProposalRecord& proposal = proposals_[i];
      const bool before = asked.contains({proposal.division, proposal.kind, proposal.as_of});
      Changes().set_proposals(Changes().proposals() + !before);
      Changes().set_proposals_known(Changes().proposals_known() + before);
      if (!before)
        AddLine(doubtful_[i].stored ? &*doubtful_[i].stored : nullptr, doubtful_[i].line, doubtful_[i].parent,
                true);
    }
    PutLines();
    std::erase_if(proposals_, [&](const ProposalRecord& p) {
      return asked.contains({p.division, p.kind, p.as_of});
    });
    if (notes_.refused() || request_.dry_run()) return absl::OkStatus();
    GW_RETURN_IF_ERROR(InsertProposals(tx_, proposals_));
    if (!Dated()) return absl::OkStatus();
    std::vector<Uuid> parents;
    for (const auto& [parent, how] : standing_of_parent_) {
      if (how == Standing::kFirst || how == Standing::kLater) parents.push_back(parent);
    }
    return SaveListDates(tx_, parents, as_of_);
  }

  type::v1::DivisionChanges& Changes() { return *notes_.report().mutable_division_changes(); }

  void AddLine(const Division* stored, const DivisionLine* line, const Uuid& parent, bool doubtful) {
    type::v1::DivisionChanges::Line to;
    if (stored != nullptr) {
      to.set_old_code(std::string(domain::CodeOf(*stored)));
      to.set_old_display_name(stored->display_name);
      if (const Division* above = plan_.Find(stored->parent)) to.set_old_parent(above->display_name);
    }
    if (line != nullptr) {
      to.set_code(line->code);
      to.set_display_name(line->display_name);
      if (const Division* above = plan_.Find(parent)) to.set_parent(above->display_name);
    }
    to.set_doubtful(doubtful);
    (doubtful ? doubtful_lines_ : sure_lines_).push_back(std::move(to));
  }

  void PutLines() {
    for (std::vector<type::v1::DivisionChanges::Line>* lines : {&doubtful_lines_, &sure_lines_}) {
      for (type::v1::DivisionChanges::Line& line : *lines) {
        if (Changes().lines_size() < kLinesMax) {
          *Changes().add_lines() = std::move(line);
        } else {
          Changes().set_lines_left_out(Changes().lines_left_out() + 1);
        }
      }
    }
    // Nothing that was stored was compared with a later list: then there is no difference to tell.
    const bool compared = std::any_of(standing_of_parent_.begin(), standing_of_parent_.end(),
                                      [](const auto& parent) { return parent.second == Standing::kLater; });
    if (!compared && Changes().proposals() + Changes().proposals_known() == 0)
      notes_.report().clear_division_changes();
  }

  void Count(int (ImportReport::*get)() const, void (ImportReport::*set)(int)) {
    (notes_.report().*set)((notes_.report().*get)() + 1);
  }

  void Summarise() {
    if (!plan_.posts().empty())
      notes_.Remark(absl::StrFormat("%d posts of the preset come with the new divisions, all vacant",
                                    static_cast<int>(plan_.posts().size())));
    if (statistical_ > 0) {
      notes_.Remark(absl::StrFormat(
          "%d of the new divisions exist for statistics only (zones, headings): no polygon is expected",
          statistical_));
    }
  }

  // What a proposal is about, for the report.
  struct Doubtful {
    std::optional<Division> stored;
    const DivisionLine* line;
    Uuid parent;
  };

  const rpc::Call& call_;
  const v1::ImportRequest& request_;
  const absl::Time as_of_;
  db::Transaction& tx_;
  ImportNotes& notes_;
  DivisionPlan plan_;
  std::string document_no_;
  absl::flat_hash_map<std::string, Row> by_code_;
  std::map<Uuid, Standing> standing_of_parent_;
  absl::flat_hash_map<Uuid, Level> levels_;  // of the rows below a parent
  absl::flat_hash_set<Uuid> remarked_, undecided_;
  std::vector<ProposalRecord> proposals_;
  std::vector<Doubtful> doubtful_;  // beside each proposal
  std::vector<type::v1::DivisionChanges::Line> doubtful_lines_, sure_lines_;
  int statistical_ = 0;
};

}  // namespace

absl::StatusOr<type::v1::ImportReport> ImportDivisions(GridArea& area, const rpc::Call& call,
                                                       const v1::ImportRequest& request) {
  GW_ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(request.content(), kImportRowsMax));
  GW_ASSIGN_OR_RETURN(const absl::Time as_of, AsOf(request));
  const auto plan = [&](db::Transaction& tx, GridChange& change, ImportNotes& notes) {
    return DivisionImport(area, call, request, as_of, tx, change, notes).Run(table);
  };
  return RunImport(area, call, request, access::Acting(), plan);
}

}  // namespace gridwarden::grid
