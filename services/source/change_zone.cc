#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "access/permission.h"
#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "platform/crypto/digest.h"
#include "platform/rpc/mutate.h"
#include "source/zone_repository.h"
#include "source/zone_rpcs.h"
#include "source/zone_shape.h"

namespace gridwarden::source {
namespace {

constexpr int kTitleBytesMax = 600;
constexpr int kDocumentBytesMax = 200;
constexpr int kDivisionsMax = 5000;

absl::Status CheckDay(std::string_view field, const std::string& text) {
  absl::CivilDay day;
  if (text.size() == 10 && absl::ParseCivilTime(text, &day) && absl::FormatCivilTime(day) == text)
    return absl::OkStatus();
  return InvalidField(field, absl::StrFormat("got \"%s\", want a date YYYY-MM-DD", text.substr(0, 40)));
}

absl::Status CheckText(std::string_view field, const std::string& text, int bytes_max) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    return InvalidField(field, "got nothing, want words");
  if (static_cast<int>(text.size()) > bytes_max)
    return InvalidField(field, absl::StrFormat("got %d bytes, want at most %d", text.size(), bytes_max));
  return absl::OkStatus();
}

absl::Status CheckZone(v1::Zone& zone) {
  if (!v1::Zone::Kind_IsValid(zone.kind()) || zone.kind() == v1::Zone::KIND_UNSPECIFIED)
    return InvalidField("zone.kind", "got none, want a kind of zone");
  GW_RETURN_IF_ERROR(CheckText("zone.title", zone.title(), kTitleBytesMax));
  GW_RETURN_IF_ERROR(CheckText("zone.document_no", zone.document_no(), kDocumentBytesMax));
  GW_RETURN_IF_ERROR(CheckDay("zone.valid_from_date", zone.valid_from_date()));
  if (!zone.valid_to_date().empty()) {
    GW_RETURN_IF_ERROR(CheckDay("zone.valid_to_date", zone.valid_to_date()));
    if (zone.valid_to_date() <= zone.valid_from_date())
      return InvalidField("zone.valid_to_date", "got a day not after valid_from_date, want a later one");
  }
  if (zone.divisions().empty() && zone.rings().empty())
    return InvalidField("zone", "got neither divisions nor rings, want some ground");
  if (zone.divisions_size() > kDivisionsMax) {
    return InvalidField("zone.divisions",
                        absl::StrFormat("got %d, want at most %d", zone.divisions_size(), kDivisionsMax));
  }
  return NormaliseRings(zone);
}

// The divisions by id, each once and each in the caller's scope.
absl::StatusOr<std::vector<Uuid>> ReadDivisions(const domain::Ground& ground, const rpc::Call& call,
                                                v1::Zone& zone, access::Acting& acting) {
  std::vector<Uuid> ids;
  for (int i = 0; i < zone.divisions_size(); ++i) {
    const domain::Division* division = ground.FindDivisionBySpelling(zone.divisions(i), call.now);
    if (division == nullptr)
      return InvalidField(absl::StrFormat("zone.divisions[%d]", i),
                          "got an unknown division, want one of the ground");
    GW_ASSIGN_OR_RETURN(acting, access::AllowAt(ground, call, division->id));
    ids.push_back(division->id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  zone.clear_divisions();
  for (const Uuid& id : ids) zone.add_divisions(ResourceName("divisions", id));
  return ids;
}

// A polygon may cross counties: it is the city's.
absl::StatusOr<access::Acting> AllowPolygon(const domain::Ground& ground, const rpc::Call& call) {
  absl::Status refused = NotAllowed("a zone drawn as a polygon is declared by the city's campaign office");
  for (const domain::Division& division : ground.divisions()) {
    if (division.level != domain::Level::kCity ||
        !ground.Existed(division.id, call.now, absl::InfiniteFuture()))
      continue;
    const absl::StatusOr<access::Acting> acting = access::AllowAt(ground, call, division.id);
    if (acting.ok()) return acting;
  }
  return refused;
}

absl::Status Tell(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                  v1::ZoneEvent::Act act, const access::Acting& acting, const std::string& request_id,
                  ZoneFile& file) {
  v1::Zone corners;
  *corners.mutable_rings() = file.zone.rings();
  v1::ZoneEvent event;
  event.set_act(act);
  *event.mutable_after() = file.zone;
  event.mutable_after()->clear_rings();
  event.mutable_after()->set_name(ResourceName("zones", file.id));
  if (act == v1::ZoneEvent::CREATE) event.set_corners_digest(crypto::Sha256(corners.SerializeAsString()));
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed, journal::Seal(call, {.kind = "zone",
                                                                         .before = file.subject,
                                                                         .event = &event,
                                                                         .post = acting.post,
                                                                         .tenure = acting.tenure,
                                                                         .earliest = call.now,
                                                                         .latest = call.now,
                                                                         .rule_version = policy.version,
                                                                         .request_id = request_id}));
  file.subject = sealed.after;
  return journal::Stage(tx, sealed);
}

v1::Zone View(const ZoneFile& file) {
  v1::Zone out = file.zone;
  out.set_name(ResourceName("zones", file.id));
  out.set_etag(absl::StrCat(file.subject.seq));
  return out;
}

}  // namespace

absl::StatusOr<v1::Zone> CreateZone(const AreaContext& context, const rpc::Call& call,
                                    const v1::CreateZoneRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  ZoneFile file{.id = Uuid::Make(call.now), .zone = request.zone(), .created = call.now};
  access::Acting acting;
  GW_ASSIGN_OR_RETURN(file.divisions, ReadDivisions(*ground, call, file.zone, acting));
  if (!file.zone.rings().empty() || file.divisions.empty()) {
    GW_ASSIGN_OR_RETURN(acting, AllowPolygon(*ground, call));
  }
  GW_RETURN_IF_ERROR(CheckZone(file.zone));
  file.zone.clear_name();
  file.zone.clear_etag();
  file.zone.clear_end_document_no();
  const int64_t us = absl::ToUnixMicros(call.now);
  file.zone.mutable_create_time()->set_seconds(us / 1000000);
  file.zone.mutable_create_time()->set_nanos(static_cast<int32_t>(us % 1000000) * 1000);
  file.subject.id = file.id;
  return rpc::Mutate<v1::Zone>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Zone> {
        ZoneFile made = file;
        GW_RETURN_IF_ERROR(
            Tell(tx, call, *context.policy, v1::ZoneEvent::CREATE, acting, request.request_id(), made));
        GW_RETURN_IF_ERROR(InsertZone(tx, made));
        return View(made);
      });
}

absl::StatusOr<v1::Zone> EndZone(const AreaContext& context, const rpc::Call& call,
                                 const v1::EndZoneRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_RETURN_IF_ERROR(CheckDay("valid_to_date", request.valid_to_date()));
  GW_RETURN_IF_ERROR(CheckText("document_no", request.document_no(), kDocumentBytesMax));
  return rpc::Mutate<v1::Zone>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Zone> {
        GW_ASSIGN_OR_RETURN(ZoneFile file, LockZone(tx, request.name()));
        access::Acting acting;
        for (const Uuid& division : file.divisions) {
          GW_ASSIGN_OR_RETURN(acting, access::AllowAt(*ground, call, division));
        }
        if (file.divisions.empty()) {
          GW_ASSIGN_OR_RETURN(acting, AllowPolygon(*ground, call));
        }
        if (!request.etag().empty() && request.etag() != absl::StrCat(file.subject.seq))
          return EtagMismatch(request.name());
        if (!file.zone.valid_to_date().empty()) {
          return FailedPrecondition("ILLEGAL_TRANSITION", "the zone has an end already",
                                    {{"state", "已有终止日期"}, {"action", "终止"}});
        }
        if (request.valid_to_date() <= file.zone.valid_from_date())
          return InvalidField("valid_to_date", "got a day not after the zone's first, want a later one");
        file.zone.set_valid_to_date(request.valid_to_date());
        file.zone.set_end_document_no(request.document_no());
        GW_RETURN_IF_ERROR(
            Tell(tx, call, *context.policy, v1::ZoneEvent::END, acting, request.request_id(), file));
        GW_RETURN_IF_ERROR(SaveZoneEnd(tx, file));
        return View(file);
      });
}

}  // namespace gridwarden::source
