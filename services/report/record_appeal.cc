#include "report/record_appeal.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/standing.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "platform/journal/stage.h"

namespace gridwarden::report {
namespace {

using domain::Level;
using domain::PostKind;

constexpr int kLevels = 3;

constexpr std::string_view kMedia = "media/";

// The 32 bytes in "media/{sha256 in lower-case hex}".
absl::StatusOr<std::string> DigestIn(const std::string& name, std::string_view field) {
  const bool well_formed = name.size() == kMedia.size() + 64 && name.starts_with(kMedia) &&
                           std::all_of(name.begin() + kMedia.size(), name.end(), [](char c) {
                             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                           });
  if (!well_formed)
    return InvalidField(field, absl::StrFormat("got \"%s\", want media/{sha256}", name.substr(0, 80)));
  return absl::HexStringToBytes(name.substr(kMedia.size()));
}

}  // namespace

absl::StatusOr<v1::ScoreAppeal> RecordAppeal(const AreaContext& context, const rpc::Call& call,
                                             db::Transaction& tx, const AppealStep& step, AppealRow appeal) {
  const bool is_new = appeal.chain.seq == 0;
  appeal.chain.id = appeal.id;
  appeal.value.set_etag(absl::StrCat(appeal.chain.seq + 1));
  v1::ScoreAppealEvent event;
  event.set_action(step.action);
  event.set_from(step.from);
  *event.mutable_after() = appeal.value;
  event.mutable_after()->clear_statement();  // may name people; a leaf never does
  for (v1::ScoreAppeal::Decision& decision : *event.mutable_after()->mutable_decisions())
    decision.clear_reason();
  std::vector<std::string> media;
  for (int i = 0; is_new && i < appeal.value.evidence_size(); ++i) {
    const std::string field = absl::StrFormat("evidence[%d].media", i);
    GW_ASSIGN_OR_RETURN(std::string digest, DigestIn(appeal.value.evidence(i).media(), field));
    media.push_back(std::move(digest));
  }
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                      journal::Seal(call, {.kind = "score.appeal",
                                           .before = appeal.chain,
                                           .event = &event,
                                           .post = step.acting.post,
                                           .tenure = step.acting.tenure,
                                           .earliest = call.now,
                                           .latest = call.now,
                                           .media = media,
                                           .rule_version = context.policy->version,
                                           .request_id = step.request_id}));
  appeal.chain = sealed.after;
  GW_RETURN_IF_ERROR(is_new ? InsertAppeal(tx, appeal) : SaveAppeal(tx, appeal));
  GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
  return appeal.value;
}

absl::StatusOr<HeldAppeal> LockAppealFor(const AreaContext& context, const rpc::Call& call,
                                         db::Transaction& tx, std::string_view name, std::string_view etag,
                                         v1::ScoreAppeal::State from, std::string_view action) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("scoreAppeals", name));
  absl::StatusOr<AppealRow> locked = LockAppeal(tx, id);
  if (absl::IsNotFound(locked.status())) return access::Absent(*ground, call, name);
  if (!locked.ok()) return locked.status();
  HeldAppeal held{*std::move(locked), {}};
  GW_ASSIGN_OR_RETURN(held.acting, access::AllowAt(*ground, call, held.appeal.division));
  if (!etag.empty() && etag != held.appeal.value.etag()) return EtagMismatch(name);
  if (held.appeal.value.state() != from) {
    return FailedPrecondition(
        "ILLEGAL_TRANSITION", "the appeal does not stand so",
        {{"state", v1::ScoreAppeal::State_Name(held.appeal.value.state())}, {"action", std::string(action)}});
  }
  return held;
}

Level LevelOfAppeal(int level) {
  return level == 1 ? Level::kTownship : level == 2 ? Level::kCounty : Level::kCity;
}

std::optional<int> NextAppealLevel(const domain::Ground& ground, const Uuid& division, absl::Time now,
                                   int after) {
  std::vector<const domain::Division*> above = ground.AncestorsAt(division, now, absl::InfiniteFuture());
  if (above.empty()) above = ground.AncestorsOf(division);
  for (int level = after + 1; level <= kLevels; ++level) {
    if (std::any_of(above.begin(), above.end(),
                    [&](const domain::Division* one) { return one->level == LevelOfAppeal(level); })) {
      return level;
    }
  }
  return std::nullopt;
}

bool HoldsParty(const domain::Ground& ground, const Uuid& person, const std::string& party, absl::Time now) {
  for (const domain::Holding& holding : ground.HoldingsOf(person, now, absl::InfiniteFuture())) {
    if (party == ResourceName("posts", holding.post->id)) return true;
    if (!holding.post->unit.IsNil() && party == ResourceName("units", holding.post->unit)) return true;
  }
  return false;
}

bool LeadsGround(const domain::Ground& ground, const Uuid& person, const Uuid& division, absl::Time now) {
  for (const domain::Holding& holding : ground.HoldingsOf(person, now, absl::InfiniteFuture())) {
    const PostKind kind = holding.post->kind;
    if (kind != PostKind::kGridLeader && kind != PostKind::kFirstGridLeader &&
        kind != PostKind::kCampaignOffice)
      continue;
    const domain::Division* own = ground.FindDivision(ground.DivisionOf(*holding.post));
    if (own == nullptr || own->level < Level::kCounty) continue;
    if (ground.AnswersFor(own->id, division, now)) return true;
  }
  return false;
}

absl::Status CheckAppealText(std::string_view field, std::string_view text) {
  const auto count = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
  if (count <= kAppealTextCharactersMax) return absl::OkStatus();
  return InvalidField(field,
                      absl::StrFormat("got %d characters, want at most %d", count, kAppealTextCharactersMax));
}

google::protobuf::Timestamp AppealTime(absl::Time time) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

}  // namespace gridwarden::report
