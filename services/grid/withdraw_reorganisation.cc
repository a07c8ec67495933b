#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/grid_proto.h"
#include "grid/reorganisation.h"
#include "grid/tenure_rules.h"

// The half of Reorganiser that takes back what was recorded wrongly. Everything one reorganisation recorded
// bears the same instant: by it the records it made and those it withdrew are found again.
namespace gridwarden::grid {
namespace {

using domain::Division;
using domain::LineageKind;

bool WasRecordedAt(const Division& division, absl::Time recorded) {
  return std::any_of(division.placements.begin(), division.placements.end(), [&](const domain::Placement& p) {
    return p.recorded == recorded && p.revoked == absl::InfiniteFuture();
  });
}

// Stood under `parent` until the reorganisation recorded at that instant moved it.
bool WasMovedFrom(const Division& division, const Uuid& parent, absl::Time recorded) {
  return std::any_of(division.placements.begin(), division.placements.end(),
                     [&](const domain::Placement& p) { return p.revoked == recorded && p.parent == parent; });
}

}  // namespace

// The moves of places below a merged division, the codes that followed a new one: links of the same instant
// that nobody asked for.
absl::StatusOr<std::vector<LineageRow>> Reorganiser::FollowedFrom(const domain::Lineage& lineage) {
  std::vector<LineageRow> followed;
  const bool merged = lineage.kind == LineageKind::kMerge;
  if (!merged && lineage.kind != LineageKind::kRecode) return followed;
  const Uuid above = merged ? lineage.to : lineage.from;
  GW_RETURN_IF_ERROR(plan_.LoadBelow(std::span<const Uuid>(&above, 1)));
  std::vector<Uuid> below;
  for (const Division* child : plan_.StandingBelow(above)) {
    if (!merged || WasMovedFrom(*child, lineage.from, lineage.recorded)) below.push_back(child->id);
  }
  GW_ASSIGN_OR_RETURN(std::vector<LineageRow> links, LockLineagesOf(tx_, below));
  for (LineageRow& link : links) {
    const LineageKind follows = merged ? LineageKind::kMove : LineageKind::kRecode;
    if (link.record.kind == follows && link.record.recorded == lineage.recorded &&
        link.record.from == link.record.to)
      followed.push_back(std::move(link));
  }
  return followed;
}

absl::Status Reorganiser::Withdraw(std::vector<LineageRow> lineages) {
  for (size_t i = 0; i < lineages.size(); ++i) {
    const LineageRow lineage = lineages[i];
    if (!withdrawn_.insert(lineage.record.id).second) continue;
    GW_ASSIGN_OR_RETURN(const std::vector<LineageRow> followed, FollowedFrom(lineage.record));
    lineages.insert(lineages.end(), followed.begin(), followed.end());
    GW_RETURN_IF_ERROR(WithdrawOne(lineage.record));
    GW_ASSIGN_OR_RETURN(const domain::Lineage withdrawn, change_.Revoke(lineage));
    withdrawn_lineages_.push_back(withdrawn);
  }
  for (const domain::Lineage& lineage : withdrawn_lineages_) GW_RETURN_IF_ERROR(UnmakeWhatWasMade(lineage));
  return absl::OkStatus();
}

absl::Status Reorganiser::WithdrawOne(const domain::Lineage& lineage) {
  const Uuid ids[] = {lineage.from, lineage.to};
  GW_RETURN_IF_ERROR(plan_.Load(ids));
  const Division* before = plan_.Find(lineage.from);
  if (before == nullptr) return NotFound(ResourceName("divisions", lineage.from));
  undone_ = lineage.recorded;
  const bool ended =
      before->valid.to == lineage.effective && WasMovedFrom(*before, before->parent, lineage.recorded);
  const bool ends = lineage.kind == LineageKind::kMerge || lineage.kind == LineageKind::kAbolish ||
                    (lineage.kind == LineageKind::kSplit && ended);
  // Another link of the same reorganisation may have taken it back already.
  if (ends && reopened_.contains(lineage.from)) return absl::OkStatus();
  if (lineage.kind != LineageKind::kSplit || ended)
    GW_RETURN_IF_ERROR(CheckUnchangedSince(*before, lineage.effective));
  switch (lineage.kind) {
    case LineageKind::kRename:
      domain::UndoRename(plan_.Edit(lineage.from), lineage.effective);
      return absl::OkStatus();
    case LineageKind::kRecode:
      domain::UndoRecode(plan_.Edit(lineage.from), lineage.effective);
      break;
    case LineageKind::kMove:
      domain::UndoPlacement(plan_.Edit(lineage.from), lineage.recorded, call_.now);
      return absl::OkStatus();
    case LineageKind::kMerge:
    case LineageKind::kSplit:
    case LineageKind::kAbolish:
      if (!ends) return absl::OkStatus();
      reopened_.insert(lineage.from);
      domain::UndoPlacement(plan_.Edit(lineage.from), lineage.recorded, call_.now);
      domain::UndoEnd(plan_.Edit(lineage.from), lineage.effective);
      break;
    case LineageKind::kUnspecified:
      return absl::OkStatus();
  }
  // The code comes back: nobody may have it now.
  const std::string code(domain::CodeOf(*plan_.Find(lineage.from)));
  if (code.empty()) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const std::vector<DivisionRow> holders,
                      LockDivisionsWithCode(tx_, std::span<const std::string>(&code, 1)));
  for (const DivisionRow& holder : holders) {
    if (holder.record.id == lineage.from) continue;
    return FailedPrecondition("GROUND_CHANGED_SINCE",
                              absl::StrFormat("%s now has the code %s of %s", holder.record.display_name,
                                              code, plan_.Find(lineage.from)->display_name),
                              {{"division", holder.record.display_name},
                               {"since", absl::FormatTime("%Y-%m-%d", lineage.effective, BeijingTime())}});
  }
  return absl::OkStatus();
}

// A successor that the reorganisation made has never existed, unless other links still lead to it.
absl::Status Reorganiser::UnmakeWhatWasMade(const domain::Lineage& lineage) {
  if (lineage.to.IsNil() || lineage.to == lineage.from) return absl::OkStatus();
  const Division made = *plan_.Find(lineage.to);
  const bool was_made = made.valid.from == lineage.effective && made.placements.size() == 1 &&
                        WasRecordedAt(made, lineage.recorded);
  if (!was_made || made.valid.to != absl::InfiniteFuture()) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const std::vector<LineageRow> links,
                      LockLineagesOf(tx_, std::span<const Uuid>(&made.id, 1)));
  for (const LineageRow& link : links) {
    if (!withdrawn_.contains(link.record.id)) return absl::OkStatus();
  }
  GW_RETURN_IF_ERROR(plan_.LoadBelow(std::span<const Uuid>(&made.id, 1)));
  GW_ASSIGN_OR_RETURN(const std::vector<PostRow> posts, LockPostsAt(tx_, std::span<const Uuid>(&made.id, 1)));
  std::vector<Uuid> ids;
  for (const PostRow& post : posts) ids.push_back(post.record.id);
  GW_ASSIGN_OR_RETURN(const std::vector<TenureRow> held, LockTenuresOfPosts(tx_, ids));
  if (!held.empty() || !plan_.StandingBelow(made.id).empty()) {
    return FailedPrecondition(
        "GROUND_CHANGED_SINCE",
        absl::StrFormat("%s has holders of posts or places below it", made.display_name),
        {{"division", made.display_name},
         {"since", absl::FormatTime("%Y-%m-%d", lineage.effective, BeijingTime())}});
  }
  Division& unmade = plan_.Edit(made.id);
  unmade.valid.to = unmade.valid.from;
  for (domain::DivisionCode& code : unmade.codes) code.valid.to = code.valid.from;
  for (domain::Placement& placement : unmade.placements) placement.revoked = call_.now;
  return absl::OkStatus();
}

// The tenures that the reorganisation ended go on, by new records.
absl::Status Reorganiser::RestoreTenures(v1::Reorganisation& answer) {
  const std::vector<Uuid> grounds(reopened_.begin(), reopened_.end());
  GW_ASSIGN_OR_RETURN(const std::vector<PostRow> posts, LockPostsAt(tx_, grounds));
  std::vector<Uuid> ids;
  for (const PostRow& post : posts) ids.push_back(post.record.id);
  GW_ASSIGN_OR_RETURN(const std::vector<TenureRow> tenures, LockTenuresEverOfPosts(tx_, ids));
  for (const TenureRow& cut : tenures) {
    if (cut.record.recorded == undone_ && cut.record.revoked == absl::InfiniteFuture())
      GW_RETURN_IF_ERROR(change_.Revoke(cut).status());
  }
  for (const PostRow& post : posts) {
    bool held = false;
    for (const TenureRow& before : tenures) {
      if (before.record.post != post.record.id || before.record.revoked != undone_) continue;
      domain::Tenure again = before.record;
      again.id = Uuid::Make(call_.now);
      GW_ASSIGN_OR_RETURN(again, change_.Add(again));
      *answer.add_posts() = AffectedPost(post.record, &again, false);
      held = true;
    }
    if (!held) *answer.add_posts() = AffectedPost(post.record, nullptr, false);
  }
  return absl::OkStatus();
}

}  // namespace gridwarden::grid
