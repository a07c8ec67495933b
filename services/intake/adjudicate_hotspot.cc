#include "access/permission.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/fire/verdict.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "intake/fire_service.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::intake {
namespace {

constexpr double kBurntAreaMax = 1e9;  // 1,000 square kilometres

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t us = absl::ToUnixMicros(time);
  out->set_seconds(us / 1000000);
  out->set_nanos(static_cast<int32_t>(us % 1000000) * 1000);
}

absl::Status CheckRequest(const v1::AdjudicateHotspotRequest& request) {
  if (!v1::HotspotVerdict::Verdict_IsValid(request.verdict()))
    return InvalidField("verdict", "got an unknown value, want what the hotspot was");
  if (!(request.burnt_area_m2() >= 0 && request.burnt_area_m2() <= kBurntAreaMax))
    return InvalidField("burnt_area_m2", "got a number out of range, want 0 to 1e9 square metres");
  GW_RETURN_IF_ERROR(CheckEvidence(request.evidence()));
  return CheckWords("note", request.note(), request.verdict() == v1::HotspotVerdict::NOT_OBSERVABLE);
}

// Somebody was there after the overpass and before now.
absl::Status CheckArrival(const rpc::Call& call, absl::Time arrived, absl::Time acquired) {
  constexpr absl::Duration kClockSkewMax = absl::Minutes(2);
  if (arrived > call.now + kClockSkewMax)
    return FailedPrecondition("EVENT_TIME_IN_FUTURE", "arrive_time is after now");
  if (arrived < acquired)
    return FailedPrecondition("EVENT_TIME_BEFORE_CASE", "arrive_time is before the overpass");
  return absl::OkStatus();
}

// The divisions that the pixel may lie in, as the ground was at the overpass. Calls another area.
absl::StatusOr<std::vector<ShareRow>> FindShares(const AreaContext& context, const rpc::Call& call,
                                                 const HotspotRecord& hotspot) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  grid::v1::LocatePointsRequest request;
  type::v1::Position* position = request.add_positions();
  position->set_longitude(hotspot.row.position.longitude);
  position->set_latitude(hotspot.row.position.latitude);
  position->set_datum(type::v1::Position::WGS84);
  position->set_accuracy_m(hotspot.row.accuracy_m);
  request.add_event_times()->set_seconds(absl::ToUnixSeconds(hotspot.row.acquired));
  GW_ASSIGN_OR_RETURN(const auto located, rpc::Send<grid::v1::LocatePointsResponse>(
                                              context.channel("grid"), call,
                                              "gridwarden.grid.v1.GridService/LocatePoints", request));
  if (located.results_size() != 1) return Internal("the grid did not locate the point");
  std::vector<domain::LocatedIn> places;
  for (const auto& candidate : located.results(0).candidates()) {
    GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("divisions", candidate.division(), "division"));
    const domain::Division* division = ground->FindDivision(id);
    if (division == nullptr) {
      return Unavailable("LOST_RACE", "a division of the hotspot is newer than this process's ground",
                         absl::Seconds(1));
    }
    places.push_back({access::LikeliestAt(*ground, *division, hotspot.row.acquired).id, division->level,
                      candidate.confidence()});
  }
  std::vector<ShareRow> shares;
  for (const domain::FireShare& share : domain::SharesOf(places)) {
    GW_ASSIGN_OR_RETURN(const access::Standing standing,
                        access::StandingOf(*ground, share.division, hotspot.row.acquired));
    shares.push_back({share.division, standing.ground_path, share.share});
  }
  return shares;
}

// A verdict is corrected by the county or above, or by whoever gave it.
absl::Status AllowCorrection(const domain::Ground& ground, const rpc::Call& call,
                             const access::Acting& acting, const v1::HotspotVerdict& before) {
  if (before.person() == ResourceName("persons", call.principal.person)) return absl::OkStatus();
  const domain::Division* stands = ground.FindDivision(acting.division);
  const bool office = acting.kind == domain::PostKind::kCampaignOffice;
  if (office && stands != nullptr && stands->level <= domain::Level::kCounty) return absl::OkStatus();
  return NotAllowed("a verdict is corrected by the county's campaign office, or by whoever gave it");
}

void Fill(const v1::AdjudicateHotspotRequest& request, const rpc::Call& call, const access::Acting& acting,
          const HotspotRecord& hotspot, v1::HotspotVerdict& verdict) {
  const absl::Time arrived = TimeOf(request.arrive_time());
  verdict.set_hotspot(ResourceName("hotspots", hotspot.id));
  verdict.set_verdict(request.verdict());
  *verdict.mutable_arrive_time() = request.arrive_time();
  verdict.set_minutes_after_overpass(
      static_cast<int32_t>((arrived - hotspot.row.acquired) / absl::Minutes(1)));
  verdict.set_burnt_area_m2(request.burnt_area_m2());
  *verdict.mutable_evidence() = request.evidence();
  verdict.set_note(request.note());
  verdict.set_person(ResourceName("persons", call.principal.person));
  verdict.set_post(ResourceName("posts", acting.post));
  SetTime(call.now, verdict.mutable_decide_time());
  SetTime(hotspot.row.acquired, verdict.mutable_acquisition_time());
}

}  // namespace

absl::StatusOr<v1::HotspotVerdict> AdjudicateHotspot(const AreaContext& context, const rpc::Call& call,
                                                     const v1::AdjudicateHotspotRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_RETURN_IF_ERROR(CheckRequest(request));
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("hotspots", request.name()));
  // Located again before the transaction, because it asks the grid; refused in the same words as inside.
  std::optional<HotspotRecord> seen;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(seen, ReadHotspot(tx, id));
    return absl::OkStatus();
  }));
  if (!seen) return access::Absent(*ground, call, request.name());
  GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, seen->division));
  GW_ASSIGN_OR_RETURN(const std::vector<ShareRow> shares, FindShares(context, call, *seen));
  return rpc::Mutate<v1::HotspotVerdict>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::HotspotVerdict> {
        GW_ASSIGN_OR_RETURN(const std::optional<HotspotRecord> hotspot, ReadHotspot(tx, id));
        GW_ASSIGN_OR_RETURN(std::optional<VerdictFile> before, LockVerdict(tx, id));
        if (!hotspot || hotspot->state != v1::Hotspot::LOCATED) {
          return FailedPrecondition("ILLEGAL_TRANSITION", "only a hotspot that lies in a division is judged",
                                    {{"state", "未定位或已被替代"}, {"action", "认定"}});
        }
        const bool first = !before.has_value();
        VerdictFile file = first ? VerdictFile{.hotspot = id} : *before;
        if (first) {
          file.subject.id = Uuid::Derive(id, "intake.verdict");
        } else {
          GW_RETURN_IF_ERROR(AllowCorrection(*ground, call, acting, file.verdict));
        }
        if (!request.etag().empty() && request.etag() != std::to_string(file.subject.seq))
          return EtagMismatch(request.name());
        GW_ASSIGN_OR_RETURN(const domain::VerdictState next,
                            domain::Next(static_cast<domain::VerdictState>(file.verdict.state()),
                                         domain::VerdictAction::kAdjudicate));
        GW_RETURN_IF_ERROR(CheckArrival(call, TimeOf(request.arrive_time()), hotspot->row.acquired));
        GW_RETURN_IF_ERROR(domain::VerdictEvidence(static_cast<domain::FireVerdict>(request.verdict()),
                                                   ToDomain(request.evidence())));
        file.verdict.set_state(static_cast<v1::HotspotVerdict::State>(next));
        Fill(request, call, acting, *hotspot, file.verdict);
        if (first) {
          for (const ShareRow& row : shares) {
            v1::HotspotVerdict::Share& share = *file.verdict.add_shares();
            share.set_division(ResourceName("divisions", row.division));
            share.set_share(row.share);
          }
        }
        GW_RETURN_IF_ERROR(TellVerdict(tx, call,
                                       {.action = v1::VerdictEvent::ADJUDICATE,
                                        .acting = acting,
                                        .event_time = TimeOf(request.arrive_time()),
                                        .request_id = request.request_id()},
                                       file));
        GW_RETURN_IF_ERROR(first ? InsertVerdict(tx, file, hotspot->row.acquired, shares)
                                 : SaveVerdict(tx, file));
        return VerdictOf(file, *ground);
      });
}

}  // namespace gridwarden::intake
