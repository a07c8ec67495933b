#include "intake/intake_service.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "access/permission.h"
#include "access/standing.h"
#include "intake/fire_service.h"
#include "intake/relocate_hotspots.h"
#include "platform/rpc/page.h"

namespace gridwarden::intake {
namespace {

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t us = absl::ToUnixMicros(time);
  out->set_seconds(us / 1000000);
  out->set_nanos(static_cast<int32_t>(us % 1000000) * 1000);
}

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace

v1::Hotspot HotspotOf(const HotspotRecord& record) {
  const HotspotRow& row = record.row;
  v1::Hotspot hotspot;
  hotspot.set_name(ResourceName("hotspots", record.id));
  hotspot.set_state(record.state);
  hotspot.set_satellite(row.satellite);
  hotspot.set_instrument(row.instrument);
  SetTime(row.acquired, hotspot.mutable_acquisition_time());
  if (row.acquired_until != absl::InfiniteFuture())
    SetTime(row.acquired_until, hotspot.mutable_acquisition_until_time());
  type::v1::Position* position = hotspot.mutable_position();
  position->set_longitude(row.position.longitude);
  position->set_latitude(row.position.latitude);
  position->set_datum(type::v1::Position::WGS84);
  position->set_accuracy_m(row.accuracy_m);
  position->set_given_datum(static_cast<type::v1::Position::Datum>(row.given_datum));
  type::v1::Position* given = hotspot.mutable_given_position();
  given->set_longitude(row.given.longitude);
  given->set_latitude(row.given.latitude);
  given->set_datum(static_cast<type::v1::Position::Datum>(row.given_datum));
  hotspot.set_division(ResourceName("divisions", record.division));
  hotspot.set_place_confidence(record.place_confidence);
  hotspot.set_place_basis(record.place_basis);
  hotspot.set_confidence(row.confidence);
  hotspot.set_confidence_percent(row.confidence_percent);
  hotspot.set_brightness_k(row.brightness_k);
  hotspot.set_brightness_2_k(row.brightness_2_k);
  hotspot.set_frp_mw(row.frp_mw);
  hotspot.set_scan_km(row.scan_km);
  hotspot.set_track_km(row.track_km);
  hotspot.set_night(row.night);
  hotspot.set_type(row.type);
  hotspot.set_version(row.version);
  hotspot.set_grade(row.grade);
  hotspot.set_superseded_by(ResourceName("hotspots", record.superseded_by));
  hotspot.set_replaces(ResourceName("hotspots", record.replaces));
  hotspot.set_channel_key(row.channel_key);
  hotspot.set_file_name(record.file_name);
  hotspot.set_file_line(row.line);
  hotspot.set_given_place(row.given_place);
  SetTime(record.received, hotspot.mutable_receive_time());
  hotspot.set_etag(absl::StrCat(record.subject_seq));
  return hotspot;
}

absl::StatusOr<v1::Hotspot> GetHotspot(const AreaContext& context, const rpc::Call& call,
                                       const v1::GetHotspotRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("hotspots", request.name()));
  std::optional<HotspotRecord> record;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(record, ReadHotspot(tx, id));
    return absl::OkStatus();
  }));
  if (!record) return access::Absent(*ground, call, request.name());
  GW_RETURN_IF_ERROR(access::AllowToSee(*ground, call, record->division, record->ground_path));
  return HotspotOf(*record);
}

absl::StatusOr<v1::ListHotspotsResponse> ListHotspots(const AreaContext& context, const rpc::Call& call,
                                                      const v1::ListHotspotsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  HotspotQuery query;
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> within,
                      access::PathKeysOf(*ground, request.division(), call.now, "division"));
  GW_ASSIGN_OR_RETURN(query.scope, access::ListScope(*ground, call, within));
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  for (int state : request.states()) {
    if (!v1::Hotspot::State_IsValid(state) || state == 0)
      return InvalidField("states", absl::StrCat("got ", state, ", want a state"));
    if (std::find(query.states.begin(), query.states.end(), state) == query.states.end())
      query.states.push_back(state);
  }
  if (query.states.empty()) query.states = {v1::Hotspot::LOCATED};
  if (request.has_from_time()) query.from = TimeOf(request.from_time());
  if (request.has_to_time()) query.to = TimeOf(request.to_time());
  if (page.after.size() == 2) {
    const std::optional<Uuid> id = Uuid::FromBytes(page.after[1]);
    int64_t acquired = 0;
    if (!id || !absl::SimpleAtoi(page.after[0], &acquired))
      return InvalidField("page_token", "not a token of this list");
    query.after = {acquired, page.after[1]};
  } else if (!page.after.empty()) {
    return InvalidField("page_token", "not a token of this list");
  }
  query.limit = page.size + 1;
  std::vector<HotspotRecord> records;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(records, ReadHotspots(tx, query));
    return absl::OkStatus();
  }));
  v1::ListHotspotsResponse response;
  for (const HotspotRecord& record : records) {
    if (response.hotspots_size() == page.size) {
      const HotspotRecord& last = records[page.size - 1];
      response.set_next_page_token(rpc::NextPageToken(
          request, {absl::StrCat(absl::ToUnixMicros(last.row.acquired)), last.id.Bytes()}));
      break;
    }
    *response.add_hotspots() = HotspotOf(record);
  }
  return response;
}

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry) {
  auto add = [&]<typename Request, typename Response>(
                 std::string_view method,
                 absl::StatusOr<Response> (*body)(const AreaContext&, const rpc::Call&, const Request&)) {
    registry.Add<Request, Response>(std::string("gridwarden.intake.v1.") + std::string(method),
                                    [&context, body](const rpc::Call& call, const Request& request) {
                                      return body(context, call, request);
                                    });
  };
  add("IntakeService/ImportHotspots", &ImportHotspots);
  add("IntakeService/GetHotspot", &GetHotspot);
  add("IntakeService/ListHotspots", &ListHotspots);
  add("IntakeService/RelocateHotspots", &RelocateHotspots);
  add("FireService/AdjudicateHotspot", &AdjudicateHotspot);
  add("FireService/AppealVerdict", &AppealVerdict);
  add("FireService/DecideVerdictAppeal", &DecideVerdictAppeal);
  add("FireService/GetHotspotVerdict", &GetHotspotVerdict);
  add("FireService/CountFirePoints", &CountFirePoints);
  return RelocationWorkers(context);
}

}  // namespace gridwarden::intake
