#include <algorithm>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "domain/geo/datum.h"
#include "platform/rpc/page.h"
#include "source/zone_repository.h"
#include "source/zone_rpcs.h"
#include "source/zone_shape.h"

namespace gridwarden::source {
namespace {

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

// The local day of an instant.
std::string DayOf(absl::Time at) {
  return absl::FormatCivilTime(absl::ToCivilDay(at, domain::CalendarZone()));
}

v1::Zone View(const ZoneFile& file, bool corners) {
  v1::Zone out = file.zone;
  if (!corners) out.clear_rings();
  out.set_name(ResourceName("zones", file.id));
  out.set_etag(absl::StrCat(file.subject.seq));
  return out;
}

template <typename Kinds>
absl::StatusOr<std::vector<int>> ReadKinds(const Kinds& kinds) {
  std::set<int> read;
  for (const int kind : kinds) {
    if (!v1::Zone::Kind_IsValid(kind) || kind == 0)
      return InvalidField("kinds", absl::StrCat("got ", kind, ", want kinds of zones"));
    read.insert(kind);
  }
  return std::vector<int>(read.begin(), read.end());
}

}  // namespace

absl::StatusOr<v1::Zone> GetZone(const AreaContext& context, const rpc::Call& call,
                                 const v1::GetZoneRequest& request) {
  v1::Zone zone;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const ZoneFile file, ReadZone(tx, request.name()));
    zone = View(file, true);
    return absl::OkStatus();
  }));
  return zone;
}

absl::StatusOr<v1::ListZonesResponse> ListZones(const AreaContext& context, const rpc::Call& call,
                                                const v1::ListZonesRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const std::vector<int> kinds, ReadKinds(request.kinds()));
  const std::string day = request.has_at_time() ? DayOf(TimeOf(request.at_time())) : "";
  ZoneKey after;
  if (!page.after.empty()) {
    const std::optional<Uuid> id = page.after.size() == 2 ? Uuid::FromBytes(page.after[1]) : std::nullopt;
    if (!id || !absl::SimpleAtoi(page.after[0], &after.time_us))
      return InvalidField("page_token", "not a token of this list");
    after.id = *id;
  }
  std::vector<ZoneFile> files;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(files,
                        ListZoneFiles(tx, kinds, day, page.after.empty() ? nullptr : &after, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListZonesResponse response;
  for (size_t i = 0; i < files.size() && i < static_cast<size_t>(page.size); ++i)
    *response.add_zones() = View(files[i], false);
  if (files.size() > static_cast<size_t>(page.size)) {
    const ZoneFile& last = files[page.size - 1];
    response.set_next_page_token(
        rpc::NextPageToken(request, {absl::StrCat(absl::ToUnixMicros(last.created)), last.id.Bytes()}));
  }
  return response;
}

absl::StatusOr<v1::FindZonesResponse> FindZones(const AreaContext& context, const rpc::Call& call,
                                                const v1::FindZonesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  const absl::Time at = request.has_at_time() ? TimeOf(request.at_time()) : call.now;
  GW_ASSIGN_OR_RETURN(const std::vector<int> kinds, ReadKinds(request.kinds()));
  std::vector<Uuid> chain;
  if (!request.division().empty()) {
    const domain::Division* division = ground->FindDivisionBySpelling(request.division(), at);
    if (division == nullptr) return InvalidField("division", "got no division of that time, want one");
    // Before the first list nothing else is known than where it stands today.
    std::vector<const domain::Division*> above =
        ground->AncestorsAt(division->id, at, absl::InfiniteFuture());
    if (above.empty()) above = ground->AncestorsOf(division->id);
    for (const domain::Division* one : above) chain.push_back(one->id);
  }
  std::optional<domain::Point> point;
  if (request.has_position()) {
    GW_ASSIGN_OR_RETURN(point,
                        domain::ToWgs84({request.position().longitude(), request.position().latitude()},
                                        static_cast<domain::Datum>(request.position().datum())));
  }
  if (chain.empty() && !point)
    return InvalidField("division", "got neither division nor position, want a place");
  std::vector<ZoneFile> found;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(found, ZonesOfDivisions(tx, chain, DayOf(at)));
    if (!point) return absl::OkStatus();
    GW_ASSIGN_OR_RETURN(const std::vector<ZoneFile> around, ZonesAround(tx, *point, DayOf(at)));
    for (const ZoneFile& file : around) {
      const bool known =
          std::any_of(found.begin(), found.end(), [&](const ZoneFile& f) { return f.id == file.id; });
      if (!known && Contains(file.zone, *point)) found.push_back(file);
    }
    return absl::OkStatus();
  }));
  std::sort(found.begin(), found.end(), [](const ZoneFile& a, const ZoneFile& b) { return b.id < a.id; });
  v1::FindZonesResponse response;
  for (const ZoneFile& file : found) {
    const bool wanted =
        kinds.empty() || std::find(kinds.begin(), kinds.end(), file.zone.kind()) != kinds.end();
    if (wanted) *response.add_zones() = View(file, false);
  }
  return response;
}

}  // namespace gridwarden::source
