#include "intake/fire_service.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/fire/verdict.h"

namespace gridwarden::intake {
namespace {

constexpr int kEvidenceMax = 20;
constexpr int kWordsMax = 2000;
constexpr std::string_view kMedia = "media/";

// "media/" and the hex digits of a SHA-256.
bool IsMedia(std::string_view name) {
  if (!name.starts_with(kMedia) || name.size() != kMedia.size() + 64) return false;
  return std::all_of(name.begin() + kMedia.size(), name.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

void AddDigests(const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence,
                std::vector<std::string>& digests) {
  for (const type::v1::Evidence& one : evidence)
    digests.push_back(absl::HexStringToBytes(one.media().substr(kMedia.size())));
}

// The verdict without the words that may name people.
v1::HotspotVerdict ForJournal(v1::HotspotVerdict verdict) {
  verdict.clear_note();
  if (verdict.has_appeal()) {
    verdict.mutable_appeal()->clear_statement();
    verdict.mutable_appeal()->clear_reason();
  }
  return verdict;
}

// Whoever bears a share sees what it rests on, though the pixel's centre lies with somebody else.
bool SeesAShare(const domain::Ground& ground, const rpc::Call& call, const VerdictFile& file,
                absl::Time acquired) {
  for (const v1::HotspotVerdict::Share& share : file.verdict.shares()) {
    const auto division = ParseResourceName("divisions", share.division(), "division");
    if (!division.ok()) continue;
    const auto standing = access::StandingOf(ground, *division, acquired);
    if (standing.ok() && access::AllowToSee(ground, call, *division, standing->ground_path).ok()) return true;
  }
  return false;
}

}  // namespace

absl::Status CheckEvidence(const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence) {
  if (evidence.size() > kEvidenceMax)
    return InvalidField("evidence",
                        absl::StrFormat("got %d, want at most %d", evidence.size(), kEvidenceMax));
  for (int i = 0; i < evidence.size(); ++i) {
    const type::v1::Evidence& one = evidence.Get(i);
    if (!IsMedia(one.media())) {
      return InvalidField(
          absl::StrFormat("evidence[%d].media", i),
          absl::StrFormat("got %s, want media/ and 64 lower-case hex digits", one.media().substr(0, 80)));
    }
    if (!type::v1::Evidence::Kind_IsValid(one.kind()) || one.kind() == type::v1::Evidence::KIND_UNSPECIFIED)
      return InvalidField(absl::StrFormat("evidence[%d].kind", i), "got none, want what the photo shows");
  }
  return absl::OkStatus();
}

std::vector<domain::Evidence> ToDomain(
    const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence) {
  std::vector<domain::Evidence> out;
  for (const type::v1::Evidence& one : evidence)
    out.push_back({one.media(), static_cast<domain::EvidenceKind>(one.kind())});
  return out;
}

absl::Status CheckWords(std::string_view field, std::string_view words, bool needed) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  if (needed && std::all_of(words.begin(), words.end(), is_space))
    return InvalidField(field, "got nothing, want words");
  // Every byte but those that go on with a character begins one.
  const auto characters =
      std::count_if(words.begin(), words.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; });
  if (characters > kWordsMax)
    return InvalidField(field, absl::StrFormat("got %d characters, want at most %d", characters, kWordsMax));
  return absl::OkStatus();
}

v1::HotspotVerdict VerdictOf(const VerdictFile& file, const domain::Ground& ground) {
  v1::HotspotVerdict out = file.verdict;
  out.set_counted(domain::Counts(static_cast<domain::FireVerdict>(out.verdict()),
                                 static_cast<domain::VerdictState>(out.state())));
  for (v1::HotspotVerdict::Share& share : *out.mutable_shares()) {
    const auto id = ParseResourceName("divisions", share.division(), "division");
    const domain::Division* division = id.ok() ? ground.FindDivision(*id) : nullptr;
    if (division != nullptr) share.set_display_name(division->display_name);
  }
  out.set_etag(absl::StrCat(file.subject.seq));
  return out;
}

absl::Status TellVerdict(db::Transaction& tx, const rpc::Call& call, const VerdictAct& act,
                         VerdictFile& file) {
  v1::VerdictEvent event;
  event.set_action(act.action);
  *event.mutable_after() = ForJournal(file.verdict);
  std::vector<std::string> media;
  AddDigests(file.verdict.evidence(), media);
  AddDigests(file.verdict.appeal().evidence(), media);
  std::sort(media.begin(), media.end());
  media.erase(std::unique(media.begin(), media.end()), media.end());
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed, journal::Seal(call, {.kind = "hotspot.verdict",
                                                                         .before = file.subject,
                                                                         .event = &event,
                                                                         .post = act.acting.post,
                                                                         .tenure = act.acting.tenure,
                                                                         .earliest = act.event_time,
                                                                         .latest = act.event_time,
                                                                         .media = media,
                                                                         .request_id = act.request_id}));
  file.subject = sealed.after;
  return journal::Stage(tx, sealed);
}

absl::StatusOr<Judged> LockJudged(const AreaContext& context, const rpc::Call& call, db::Transaction& tx,
                                  const std::string& name) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("hotspots", name));
  GW_ASSIGN_OR_RETURN(std::optional<HotspotRecord> hotspot, ReadHotspot(tx, id));
  if (!hotspot) return access::Absent(*ground, call, name);
  GW_ASSIGN_OR_RETURN(std::optional<VerdictFile> file, LockVerdict(tx, id));
  if (!file) {
    GW_RETURN_IF_ERROR(access::AllowToSee(*ground, call, hotspot->division, hotspot->ground_path));
    return NotFound(absl::StrCat(name, "/verdict"));
  }
  return Judged{*std::move(hotspot), *std::move(file)};
}

absl::StatusOr<v1::HotspotVerdict> GetHotspotVerdict(const AreaContext& context, const rpc::Call& call,
                                                     const v1::GetHotspotVerdictRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("hotspots", request.name()));
  std::optional<HotspotRecord> hotspot;
  std::optional<VerdictFile> file;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(hotspot, ReadHotspot(tx, id));
    GW_ASSIGN_OR_RETURN(file, ReadVerdict(tx, id));
    return absl::OkStatus();
  }));
  if (!hotspot) return access::Absent(*ground, call, request.name());
  const absl::Status centre = access::AllowToSee(*ground, call, hotspot->division, hotspot->ground_path);
  if (!centre.ok() && !(file && SeesAShare(*ground, call, *file, hotspot->row.acquired))) return centre;
  if (!file) return NotFound(absl::StrCat(request.name(), "/verdict"));
  return VerdictOf(*file, *ground);
}

}  // namespace gridwarden::intake
