#include "grid/reorganisation.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/division_rows.h"
#include "grid/grid_proto.h"

namespace gridwarden::grid {
namespace {

using domain::Division;
using domain::Level;
using domain::LineageKind;

constexpr size_t kNameBytesMax = 120;
constexpr double kWhole = 1 - 1e-9;

bool Stands(const Division& division) { return division.valid.to == absl::InfiniteFuture(); }

std::string DayOf(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, BeijingTime()); }

absl::Status CheckName(std::string_view name, const std::string& field) {
  if (!name.empty() && name.size() <= kNameBytesMax) return absl::OkStatus();
  return InvalidField(field, absl::StrFormat("got %d bytes, want a name of at most 120 bytes (40 characters)",
                                             static_cast<int>(name.size())));
}

// The code a spelling names in so many words, or the spelling itself.
std::string_view CodeIn(std::string_view spelling) {
  for (const std::string_view prefix : {"divisions/", "code:"}) {
    if (spelling.starts_with(prefix)) spelling.remove_prefix(prefix.size());
  }
  return spelling;
}

}  // namespace

absl::StatusOr<absl::Time> ReadEffectiveTime(const rpc::Call& call, const google::protobuf::Timestamp& time) {
  GW_ASSIGN_OR_RETURN(const absl::Time effective, ReadTime(time, "effective_time"));
  if (effective > call.now + absl::Hours(24))
    return InvalidField(
        "effective_time",
        absl::StrFormat("got %s, want at most a day ahead: record it when it is in force", DayOf(effective)));
  return effective;
}

absl::Status CheckDocumentNo(std::string_view document_no) {
  if (!document_no.empty() && document_no.size() <= 80) return absl::OkStatus();
  return InvalidField("document_no",
                      absl::StrFormat("got %d bytes, want the number of the document, at most 80 bytes",
                                      static_cast<int>(document_no.size())));
}

absl::Status Reorganiser::CheckUnchangedSince(const Division& division, absl::Time since) {
  const absl::Time changed = domain::ChangedLast(division);
  if (changed <= since) return absl::OkStatus();
  return FailedPrecondition(
      "GROUND_CHANGED_SINCE", absl::StrFormat("%s was changed after %s", division.display_name, DayOf(since)),
      {{"division", division.display_name}, {"since", DayOf(since)}, {"changed", DayOf(changed)}});
}

absl::StatusOr<Uuid> Reorganiser::DivisionOf(std::string_view spelling, const std::string& field) {
  if (spelling.empty()) return InvalidField(field, "got nothing, want a division");
  if (const auto found = created_.find(std::string(CodeIn(spelling))); found != created_.end())
    return found->second;
  GW_ASSIGN_OR_RETURN(const Division* known, FindDivision(ground_, spelling, effective_, field));
  const Uuid id = known->id;
  GW_RETURN_IF_ERROR(plan_.Load(std::span<const Uuid>(&id, 1)));
  const Division* division = plan_.Find(id);
  if (division == nullptr) return NotFound(spelling);
  if (!Stands(*division) || division->valid.from > effective_) {
    return InvalidField(
        field,
        absl::StrFormat("got %s, which does not exist on %s or ended since, want a division that stands",
                        division->display_name, DayOf(effective_)));
  }
  return id;
}

absl::Status Reorganiser::CheckCode(std::string_view code, Level level, const std::string& field) {
  const std::string canonical = domain::CanonicalCode(code, level);
  static constexpr size_t kLengths[] = {0, 2, 4, 6, 9, 12, 0};
  const size_t want = kLengths[static_cast<int>(level)];
  const bool digits = std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (code.empty() || canonical != code || (want != 0 && (!digits || code.size() != want)) ||
      code.size() > 24) {
    return InvalidField(field, absl::StrFormat("got \"%s\", want a code of %d digits for a %s",
                                               std::string(code.substr(0, 30)), static_cast<int>(want),
                                               domain::NameOf(level)));
  }
  const std::string text(code);
  GW_RETURN_IF_ERROR(plan_.LoadWithCodes(std::span<const std::string>(&text, 1)));
  if (const Division* holder = plan_.FindCode(code); holder != nullptr)
    return InvalidField(
        field, absl::StrFormat("got %s, which %s has, want a code that is free", text, holder->display_name));
  return absl::OkStatus();
}

absl::Status Reorganiser::CheckNoCircle(const Uuid& division, const Uuid& parent, const std::string& field) {
  constexpr int kDepthMax = 10;
  Uuid at = parent;
  for (int depth = 0; depth < kDepthMax && !at.IsNil(); ++depth) {
    if (at == division)
      return InvalidField(field, "got a division that stands below this one, want one above");
    GW_RETURN_IF_ERROR(plan_.Load(std::span<const Uuid>(&at, 1)));
    const Division* above = plan_.Find(at);
    at = above == nullptr ? Uuid() : above->parent;
  }
  return absl::OkStatus();
}

absl::StatusOr<Uuid> Reorganiser::CreateBeside(const Uuid& from, std::string_view display_name,
                                               std::string_view code, const std::string& field) {
  const Division beside = *plan_.Find(from);
  GW_RETURN_IF_ERROR(CheckName(display_name, field + ".display_name"));
  GW_RETURN_IF_ERROR(CheckCode(code, beside.level, field + ".code"));
  Division division;
  division.id = Uuid::Make(call_.now);
  division.parent = beside.parent;
  division.level = beside.level;
  division.display_name = std::string(display_name);
  division.codes = {{std::string(code), {effective_, absl::InfiniteFuture()}}};
  division.valid = {effective_, absl::InfiniteFuture()};
  division.statistical = IsStatistical(division.level, code, display_name);
  created_[std::string(code)] = division.id;
  return plan_.Create(std::move(division), true).id;
}

absl::StatusOr<Uuid> Reorganiser::SuccessorOf(const v1::DivisionOperation& operation, const Uuid& from,
                                              const std::string& field) {
  if (operation.to().empty()) return CreateBeside(from, operation.display_name(), operation.code(), field);
  GW_ASSIGN_OR_RETURN(const Uuid to, DivisionOf(operation.to(), field + ".to"));
  const Division* successor = plan_.Find(to);
  if (to == from) return InvalidField(field + ".to", "got the division itself, want another one");
  if (successor->level != plan_.Find(from)->level) {
    return InvalidField(field + ".to", absl::StrFormat("got a %s, want a division of the same level: %s",
                                                       domain::NameOf(successor->level),
                                                       domain::NameOf(plan_.Find(from)->level)));
  }
  return to;
}

absl::Status Reorganiser::Take(const v1::DivisionOperation& operation, int index) {
  const std::string field = absl::StrCat("operations[", index, "]");
  GW_ASSIGN_OR_RETURN(const Uuid id, DivisionOf(operation.division(), field + ".division"));
  const Division before = *plan_.Find(id);
  if (!operation.etag().empty() && operation.etag() != absl::StrCat(before.revision))
    return EtagMismatch(ResourceName("divisions", id));
  GW_RETURN_IF_ERROR(CheckUnchangedSince(before, effective_));
  asked_about_.push_back(id);
  if (operation.kind() != v1::Lineage::SPLIT && operation.share() != 0)
    return InvalidField(field + ".share", "got a share, want one for SPLIT only");
  switch (operation.kind()) {
    case v1::Lineage::MERGE: {
      GW_ASSIGN_OR_RETURN(const Uuid to, SuccessorOf(operation, id, field));
      asked_about_.push_back(to);
      merged_into_[id] = to;
      ended_.push_back(id);
      plan_.End(id, LineageKind::kMerge, to, effective_, document_no_);
      return absl::OkStatus();
    }
    case v1::Lineage::SPLIT: {
      if (!(operation.share() >= 0 && operation.share() <= 1))
        return InvalidField(field + ".share", "want over 0 to 1, or nothing where it is not known");
      GW_ASSIGN_OR_RETURN(const Uuid to, SuccessorOf(operation, id, field));
      asked_about_.push_back(to);
      double& given = shares_[id];
      given += operation.share();
      if (given > 1 + 1e-9) {
        return InvalidField(field + ".share",
                            absl::StrFormat("got shares of %s that make up %.4g, want at most 1",
                                            before.display_name, given));
      }
      if (given >= kWhole) {
        ended_.push_back(id);
        domain::End(plan_.Edit(id), effective_, call_.now);
      }
      plan_.Link(id, to, LineageKind::kSplit, operation.share(), effective_, document_no_);
      return absl::OkStatus();
    }
    case v1::Lineage::RENAME:
      GW_RETURN_IF_ERROR(CheckName(operation.display_name(), field + ".display_name"));
      if (operation.display_name() == before.display_name)
        return InvalidField(field + ".display_name", "got the name it has, want another one");
      plan_.Rename(id, operation.display_name(), effective_, document_no_);
      return absl::OkStatus();
    case v1::Lineage::MOVE: {
      GW_ASSIGN_OR_RETURN(const Uuid parent, DivisionOf(operation.to(), field + ".to"));
      const Division* above = plan_.Find(parent);
      if (parent == before.parent)
        return InvalidField(field + ".to", "got the division it stands under, want another one");
      if (above->level >= before.level) {
        return InvalidField(field + ".to",
                            absl::StrFormat("got a %s, want a division above the level %s",
                                            domain::NameOf(above->level), domain::NameOf(before.level)));
      }
      GW_RETURN_IF_ERROR(CheckNoCircle(id, parent, field + ".to"));
      plan_.Move(id, parent, effective_, document_no_);
      return absl::OkStatus();
    }
    case v1::Lineage::RECODE:
      GW_RETURN_IF_ERROR(CheckCode(operation.code(), before.level, field + ".code"));
      return plan_.Recode(id, operation.code(), effective_, document_no_);
    case v1::Lineage::ABOLISH:
      ended_.push_back(id);
      plan_.End(id, LineageKind::kAbolish, Uuid(), effective_, document_no_);
      return absl::OkStatus();
    default:
      return InvalidField(field + ".kind", "want MERGE, SPLIT, RENAME, MOVE, RECODE or ABOLISH");
  }
}

absl::Status Reorganiser::Replace(const Uuid& id, std::string_view display_name) {
  GW_RETURN_IF_ERROR(plan_.Load(std::span<const Uuid>(&id, 1)));
  if (plan_.Find(id) == nullptr) return NotFound(ResourceName("divisions", id));
  const Division before = *plan_.Find(id);
  GW_RETURN_IF_ERROR(CheckUnchangedSince(before, effective_));
  const std::string code(domain::CodeOf(before));
  asked_about_.push_back(id);
  ended_.push_back(id);
  plan_.End(id, LineageKind::kAbolish, Uuid(), effective_, document_no_);
  return CreateBeside(id, display_name, code, "division").status();
}

absl::Status Reorganiser::MoveWhatStandsBelow() {
  GW_RETURN_IF_ERROR(plan_.LoadBelow(ended_));
  for (const Uuid& id : ended_) {
    const std::vector<const Division*> below = plan_.StandingBelow(id);
    const auto merged = merged_into_.find(id);
    if (merged == merged_into_.end() && !below.empty()) {
      return InvalidField(
          "operations",
          absl::StrFormat("got the end of %s, want an operation for each of the %d divisions that stand "
                          "below it (%s ...)",
                          plan_.Find(id)->display_name, static_cast<int>(below.size()),
                          below.front()->display_name));
    }
    if (merged == merged_into_.end()) continue;
    if (!Stands(*plan_.Find(merged->second))) {
      return InvalidField(
          "operations",
          absl::StrFormat("got %s merged into %s, which ends too, want a division that stands",
                          plan_.Find(id)->display_name, plan_.Find(merged->second)->display_name));
    }
    for (const Division* child : below) {
      GW_RETURN_IF_ERROR(CheckUnchangedSince(*child, effective_));
      plan_.Move(child->id, merged->second, effective_, document_no_);
    }
  }
  for (const domain::Lineage& link : plan_.lineages()) {
    if (link.kind == LineageKind::kSplit && !Stands(*plan_.Find(link.to))) {
      return InvalidField(
          "operations",
          absl::StrFormat("got ground that passes to %s, which ends too, want a division that stands",
                          plan_.Find(link.to)->display_name));
    }
    if (link.kind != LineageKind::kMove) continue;
    const Division* moved = plan_.Find(link.from);
    if (const Division* above = plan_.Find(moved->parent);
        above != nullptr && Stands(*moved) && !Stands(*above)) {
      return InvalidField("operations",
                          absl::StrFormat("got %s moved under %s, which ends, want a division that stands",
                                          moved->display_name, above->display_name));
    }
  }
  return absl::OkStatus();
}

v1::Reorganisation::AffectedPost Reorganiser::AffectedPost(const domain::Post& post,
                                                           const domain::Tenure* tenure, bool ends) const {
  v1::Reorganisation::AffectedPost affected;
  *affected.mutable_post() = ToProto(post);
  if (const Division* division = plan_.Find(post.division))
    affected.set_division_display_name(division->display_name);
  affected.set_ends(ends);
  if (tenure == nullptr) return affected;
  *affected.mutable_tenure() = ToProto(*tenure);
  if (const domain::Person* person = ground_.FindPerson(tenure->person))
    affected.set_person_display_name(person->display_name);
  return affected;
}

absl::Status Reorganiser::EndTenures(v1::Reorganisation& answer) {
  GW_ASSIGN_OR_RETURN(const std::vector<PostRow> posts, LockPostsAt(tx_, ended_));
  std::vector<Uuid> ids;
  for (const PostRow& post : posts) ids.push_back(post.record.id);
  GW_ASSIGN_OR_RETURN(const std::vector<TenureRow> standing, LockTenuresOfPosts(tx_, ids));
  for (const PostRow& post : posts) {
    bool held = false;
    for (const TenureRow& tenure : standing) {
      if (tenure.record.post != post.record.id || tenure.record.valid.to <= effective_) continue;
      domain::Tenure ended = tenure.record;
      GW_RETURN_IF_ERROR(change_.Revoke(tenure).status());
      if (ended.valid.from < effective_) {  // otherwise it never began
        ended.id = Uuid::Make(call_.now);
        ended.valid.to = effective_;
        ended.document_no = document_no_;
        GW_ASSIGN_OR_RETURN(ended, change_.Add(ended));
      }
      *answer.add_posts() = AffectedPost(post.record, &ended, true);
      held = true;
    }
    if (!held) *answer.add_posts() = AffectedPost(post.record, nullptr, true);
  }
  return absl::OkStatus();
}

// Proposals that this answers need no decision any more.
absl::Status Reorganiser::CloseProposals() {
  GW_ASSIGN_OR_RETURN(std::vector<ProposalRecord> proposals, LockProposalsOf(tx_, asked_about_));
  for (ProposalRecord& proposal : proposals) {
    if (proposal.state != v1::DivisionProposal::OPEN) continue;
    const Division* division = plan_.Find(proposal.division);
    const bool linked =
        std::any_of(plan_.lineages().begin(), plan_.lineages().end(),
                    [&](const domain::Lineage& l) { return l.to == proposal.division && l.from != l.to; });
    const bool answered = !Stands(*division) || (proposal.kind == v1::DivisionProposal::APPEARED && linked) ||
                          (proposal.kind == v1::DivisionProposal::RENAMED_OR_REPLACED &&
                           division->display_name == proposal.listed_display_name);
    if (!answered) continue;
    proposal.state = v1::DivisionProposal::ACCEPTED;
    proposal.decided = call_.now;
    proposal.decided_by = call_.principal.account;
    GW_RETURN_IF_ERROR(SaveProposal(tx_, proposal));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Reorganisation> Reorganiser::Finish(bool dry_run) {
  v1::Reorganisation answer;
  answer.set_dry_run(dry_run);
  GW_RETURN_IF_ERROR(MoveWhatStandsBelow());
  GW_RETURN_IF_ERROR(plan_.Hand());
  for (const DivisionPlan::Entry* entry : plan_.Touched()) {
    const Division& division = entry->row.record;
    v1::Reorganisation::ChangedDivision& to = *answer.add_divisions();
    to.set_division(ResourceName("divisions", division.id));
    to.set_display_name(division.display_name);
    if (!entry->is_new()) {
      to.set_old_display_name(entry->before.display_name);
      to.set_old_code(std::string(domain::CodeOf(entry->before)));
      if (Stands(entry->before)) {
        GW_ASSIGN_OR_RETURN(*to.mutable_old_path(), plan_.PathOf(division.id, true));
      }
    }
    if (Stands(division)) {
      to.set_code(std::string(domain::CodeOf(division)));
      GW_ASSIGN_OR_RETURN(*to.mutable_path(), plan_.PathOf(division.id, false));
    }
  }
  for (const domain::Lineage& lineage : plan_.lineages()) *answer.add_lineages() = ToProto(lineage);
  for (const domain::Lineage& lineage : withdrawn_lineages_) *answer.add_lineages() = ToProto(lineage);
  GW_RETURN_IF_ERROR(EndTenures(answer));
  GW_RETURN_IF_ERROR(RestoreTenures(answer));
  for (const domain::Post& post : plan_.posts()) *answer.add_posts() = AffectedPost(post, nullptr, false);
  if (!dry_run) GW_RETURN_IF_ERROR(CloseProposals());
  return answer;
}

}  // namespace gridwarden::grid
