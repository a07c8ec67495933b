#include "grid/division_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/status.h"
#include "domain/policy/policy.h"
#include "grid/division_rows.h"

namespace gridwarden::grid {

using domain::Division;
using domain::LineageKind;

void DivisionPlan::Take(std::vector<DivisionRow> rows) {
  for (DivisionRow& row : rows) {
    const Uuid id = row.record.id;
    if (entries_.contains(id)) continue;
    if (const std::string_view code = domain::CodeOf(row.record); !code.empty())
      by_code_[std::string(code)] = id;
    below_[row.record.parent].push_back(id);
    auto entry = std::make_unique<Entry>();
    entry->before = row.record;
    entry->row = std::move(row);
    entries_.emplace(id, std::move(entry));
  }
}

absl::Status DivisionPlan::Load(std::span<const Uuid> ids) {
  std::vector<Uuid> missing;
  for (const Uuid& id : ids) {
    if (!id.IsNil() && !entries_.contains(id)) missing.push_back(id);
  }
  GW_ASSIGN_OR_RETURN(std::vector<DivisionRow> rows, LockDivisions(tx_, missing));
  Take(std::move(rows));
  return absl::OkStatus();
}

absl::Status DivisionPlan::LoadWithCodes(std::span<const std::string> codes) {
  GW_ASSIGN_OR_RETURN(std::vector<DivisionRow> rows, LockDivisionsWithCode(tx_, codes));
  Take(std::move(rows));
  return absl::OkStatus();
}

absl::Status DivisionPlan::LoadBelow(std::span<const Uuid> parents) {
  GW_ASSIGN_OR_RETURN(std::vector<DivisionRow> rows, LockDivisionsBelow(tx_, parents));
  Take(std::move(rows));
  return absl::OkStatus();
}

const Division* DivisionPlan::Find(const Uuid& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second->row.record;
}

const Division* DivisionPlan::FindCode(std::string_view code) const {
  const auto found = by_code_.find(std::string(code));
  if (found == by_code_.end()) return nullptr;
  const Division* division = Find(found->second);
  return domain::CodeOf(*division) == code ? division : nullptr;
}

std::vector<const Division*> DivisionPlan::StandingBelow(const Uuid& parent) const {
  std::vector<const Division*> standing;
  const auto found = below_.find(parent);
  if (found == below_.end()) return standing;
  for (const Uuid& id : found->second) {
    const Division* division = Find(id);
    const bool known = std::find(standing.begin(), standing.end(), division) != standing.end();
    if (!known && division->parent == parent && division->valid.to == absl::InfiniteFuture())
      standing.push_back(division);
  }
  std::sort(standing.begin(), standing.end(), [](const Division* a, const Division* b) {
    return std::pair(domain::CodeOf(*a), a->id) < std::pair(domain::CodeOf(*b), b->id);
  });
  return standing;
}

DivisionPlan::Entry& DivisionPlan::EntryOf(const Uuid& id) {
  Entry& entry = *entries_.at(id);
  if (!entry.changed) order_.push_back(id);
  entry.changed = true;
  return entry;
}

Division& DivisionPlan::Edit(const Uuid& id) { return EntryOf(id).row.record; }

const Division& DivisionPlan::Create(Division division, bool later) {
  if (later) domain::Begin(division, division.valid.from, call_.now);
  const Uuid id = division.id;
  if (const std::string_view code = domain::CodeOf(division); !code.empty()) by_code_[std::string(code)] = id;
  below_[division.parent].push_back(id);
  auto entry = std::make_unique<Entry>();
  entry->row.record = std::move(division);
  entries_.emplace(id, std::move(entry));
  return EntryOf(id).row.record;
}

void DivisionPlan::Link(const Uuid& from, const Uuid& to, LineageKind kind, double share, absl::Time at,
                        std::string_view document_no) {
  domain::Lineage lineage;
  lineage.id = Uuid::Make(call_.now);
  lineage.from = from;
  lineage.to = to;
  lineage.kind = kind;
  lineage.share = share;
  lineage.effective = at;
  lineage.recorded = call_.now;
  lineage.document_no = std::string(document_no);
  lineages_.push_back(std::move(lineage));
}

void DivisionPlan::Rename(const Uuid& id, std::string_view name, absl::Time at,
                          std::string_view document_no) {
  domain::Rename(Edit(id), name, at);
  Link(id, id, LineageKind::kRename, 0, at, document_no);
}

void DivisionPlan::Move(const Uuid& id, const Uuid& parent, absl::Time at, std::string_view document_no) {
  domain::Move(Edit(id), parent, at, call_.now);
  below_[parent].push_back(id);
  Link(id, id, LineageKind::kMove, 0, at, document_no);
}

absl::Status DivisionPlan::Recode(const Uuid& id, std::string_view code, absl::Time at,
                                  std::string_view document_no) {
  const std::string before(domain::CodeOf(*Find(id)));
  domain::Recode(Edit(id), code, at);
  by_code_[std::string(code)] = id;
  Link(id, id, LineageKind::kRecode, 0, at, document_no);
  if (before.empty()) return absl::OkStatus();
  GW_RETURN_IF_ERROR(LoadBelow(std::span<const Uuid>(&id, 1)));
  for (const Division* child : StandingBelow(id)) {
    const std::string_view old = domain::CodeOf(*child);
    if (!old.starts_with(before)) continue;
    const std::string follows = std::string(code) + std::string(old.substr(before.size()));
    GW_RETURN_IF_ERROR(LoadWithCodes(std::span<const std::string>(&follows, 1)));
    if (FindCode(follows) != nullptr) continue;  // taken: the list itself will say what the child is called
    GW_RETURN_IF_ERROR(Recode(child->id, follows, at, document_no));
  }
  return absl::OkStatus();
}

void DivisionPlan::End(const Uuid& id, LineageKind kind, const Uuid& to, absl::Time at,
                       std::string_view document_no) {
  domain::End(Edit(id), at, call_.now);
  Link(id, to, kind, kind == LineageKind::kMerge ? 1 : 0, at, document_no);
}

std::vector<const DivisionPlan::Entry*> DivisionPlan::Touched() const {
  std::vector<const Entry*> touched;
  for (const Uuid& id : order_) touched.push_back(entries_.at(id).get());
  std::stable_sort(touched.begin(), touched.end(),
                   [](const Entry* a, const Entry* b) { return a->row.record.level < b->row.record.level; });
  return touched;
}

absl::Status DivisionPlan::Hand() {
  for (const Entry* entry : Touched()) {
    const Division& division = entry->row.record;
    if (!entry->is_new()) {
      GW_RETURN_IF_ERROR(change_.Change(entry->row).status());
      continue;
    }
    GW_RETURN_IF_ERROR(change_.Add(division).status());
    if (IsHeading(division.level, division.display_name)) continue;
    std::map<domain::PostKind, int> ordinals;
    for (const domain::PostPreset& preset : area_.policy->post_presets) {
      if (preset.level != division.level) continue;
      domain::Post post;
      post.id = Uuid::Make(call_.now);
      post.kind = preset.kind;
      post.responsibility = preset.responsibility;
      post.division = division.id;
      post.ordinal = ++ordinals[preset.kind];
      post.valid = division.valid;
      GW_ASSIGN_OR_RETURN(post, change_.Add(post));
      posts_.push_back(post);
    }
  }
  for (domain::Lineage& lineage : lineages_) {
    GW_ASSIGN_OR_RETURN(lineage, change_.Add(lineage));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> DivisionPlan::PathOf(const Uuid& id, bool before) {
  constexpr int kDepthMax = 10;
  std::string path;
  Uuid at = id;
  for (int depth = 0; depth < kDepthMax && !at.IsNil(); ++depth) {
    GW_RETURN_IF_ERROR(Load(std::span<const Uuid>(&at, 1)));
    const auto found = entries_.find(at);
    if (found == entries_.end()) break;
    const Division& division =
        before && !found->second->is_new() ? found->second->before : found->second->row.record;
    path = path.empty() ? division.display_name : division.display_name + "/" + path;
    at = division.parent;
  }
  return path;
}

}  // namespace gridwarden::grid
