#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "access/permission.h"
#include "access/standing.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/intake/v1/hotspot_event.pb.h"
#include "intake/intake_service.h"
#include "platform/crypto/digest.h"
#include "platform/journal/stage.h"
#include "platform/journal/stage_all.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::intake {
namespace {

using v1::Hotspot;

constexpr std::string_view kLocatePoints = "gridwarden.grid.v1.GridService/LocatePoints";
constexpr size_t kLocateAtOnce = 5000;

// Of several processings of one fire in one file only the best is looked at; answers how many were left
// aside.
int KeepBest(std::vector<HotspotRow>& rows) {
  absl::flat_hash_map<Uuid, size_t> best;
  std::vector<HotspotRow> kept;
  kept.reserve(rows.size());
  for (HotspotRow& row : rows) {
    const auto [found, is_new] = best.try_emplace(row.FireId(), kept.size());
    if (is_new) {
      kept.push_back(std::move(row));
    } else if (row.grade > kept[found->second].grade) {
      kept[found->second] = std::move(row);
    }
  }
  const int aside = static_cast<int>(rows.size() - kept.size());
  rows = std::move(kept);
  return aside;
}

// Where each row lies, by the polygons of the grid area.
absl::StatusOr<std::vector<HotspotRecord>> Locate(const AreaContext& context, const rpc::Call& call,
                                                  std::vector<HotspotRow> rows) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  std::vector<HotspotRecord> records(rows.size());
  absl::flat_hash_map<Uuid, access::Standing> standings;
  for (size_t at = 0; at < rows.size(); at += kLocateAtOnce) {
    const size_t end = std::min(rows.size(), at + kLocateAtOnce);
    grid::v1::LocatePointsRequest request;
    for (size_t i = at; i < end; ++i) {
      type::v1::Position* position = request.add_positions();
      position->set_longitude(rows[i].position.longitude);
      position->set_latitude(rows[i].position.latitude);
      position->set_datum(type::v1::Position::WGS84);
      position->set_accuracy_m(rows[i].accuracy_m);
    }
    GW_ASSIGN_OR_RETURN(const auto located, rpc::Send<grid::v1::LocatePointsResponse>(
                                                context.channel("grid"), call, kLocatePoints, request));
    if (located.results_size() != request.positions_size())
      return Internal("the grid did not locate every point");
    for (size_t i = at; i < end; ++i) {
      HotspotRecord& record = records[i];
      record.row = std::move(rows[i]);
      record.id = record.row.HotspotId();
      record.fire = record.row.FireId();
      record.state = Hotspot::OUTSIDE;
      const grid::v1::LocatePointResponse& result = located.results(static_cast<int>(i - at));
      if (result.candidates().empty()) continue;
      const auto& best = result.candidates(0);
      GW_ASSIGN_OR_RETURN(record.division, ParseResourceName("divisions", best.division(), "division"));
      auto standing = standings.find(record.division);
      if (standing == standings.end()) {
        GW_ASSIGN_OR_RETURN(access::Standing found, access::StandingOf(*ground, record.division));
        standing = standings.emplace(record.division, std::move(found)).first;
      }
      record.state = Hotspot::LOCATED;
      record.city = standing->second.city;
      record.ground_path = standing->second.ground_path;
      record.place_confidence = best.confidence();
      record.place_basis = best.basis();
    }
  }
  return records;
}

// What the file adds to what is kept.
struct Plan {
  std::vector<HotspotRecord> created;
  std::vector<HotspotRecord> superseded;
  int duplicates = 0;
};

Plan Decide(const std::vector<HotspotRecord>& records,
            const absl::flat_hash_map<Uuid, HotspotRecord>& known) {
  Plan plan;
  for (const HotspotRecord& record : records) {
    const auto found = known.find(record.fire);
    if (found == known.end()) {
      plan.created.push_back(record);
    } else if (found->second.row.grade >= record.row.grade) {
      ++plan.duplicates;
    } else {
      HotspotRecord before = found->second;
      before.state = Hotspot::SUPERSEDED;
      before.superseded_by = record.id;
      plan.created.push_back(record);
      plan.created.back().replaces = before.id;
      plan.superseded.push_back(std::move(before));
    }
  }
  return plan;
}

v1::HotspotEvent EventOf(const HotspotRecord& record) {
  v1::HotspotEvent event;
  Hotspot* after = event.mutable_after();
  *after = HotspotOf(record);
  after->clear_file_name();
  after->clear_file_line();
  after->clear_given_place();
  after->clear_etag();
  event.set_hotspot(after->name());
  event.set_state(after->state());
  event.set_channel_key(after->channel_key());
  *event.mutable_position() = after->position();
  event.set_division(after->division());
  event.set_place_confidence(after->place_confidence());
  *event.mutable_acquisition_time() = after->acquisition_time();
  if (after->has_acquisition_until_time())
    *event.mutable_acquisition_until_time() = after->acquisition_until_time();
  event.set_confidence(after->confidence());
  event.set_confidence_percent(after->confidence_percent());
  event.set_frp_mw(after->frp_mw());
  event.set_satellite(after->satellite());
  event.set_instrument(after->instrument());
  event.set_version(after->version());
  event.set_replaces(after->replaces());
  return event;
}

// Seals one entry per hotspot and writes the end of its chain into the record.
absl::StatusOr<journal::Sealed> SealHotspot(const rpc::Call& call, const access::Acting& acting,
                                            const std::string& request_id, HotspotRecord& record) {
  const v1::HotspotEvent event = EventOf(record);
  const bool day_only = record.row.acquired_until != absl::InfiniteFuture();
  GW_ASSIGN_OR_RETURN(
      journal::Sealed sealed,
      journal::Seal(call, {.kind = "hotspot",
                           .before = record.subject(),
                           .event = &event,
                           .post = acting.post,
                           .tenure = acting.tenure,
                           .earliest = record.row.acquired,
                           .latest = day_only ? record.row.acquired_until : record.row.acquired,
                           .request_id = request_id}));
  record.subject_seq = sealed.after.seq;
  record.subject_leaf = sealed.after.leaf;
  return sealed;
}

void Count(const Plan& plan, int aside, v1::ImportHotspotsResponse& response) {
  response.set_duplicates(plan.duplicates + aside);
  response.set_superseded(static_cast<int>(plan.superseded.size()));
  for (const HotspotRecord& record : plan.created) {
    if (record.state == Hotspot::LOCATED)
      response.set_located(response.located() + 1);
    else
      response.set_outside(response.outside() + 1);
  }
  type::v1::ImportReport* report = response.mutable_report();
  report->set_created(static_cast<int>(plan.created.size()) - response.superseded());
  report->set_updated(response.superseded());
  report->set_unchanged(response.duplicates());
}

v1::ImportHotspotsResponse AnswerOf(const HotspotFile& file, bool dry_run) {
  v1::ImportHotspotsResponse response;
  response.set_recognised_as(file.recognised_as);
  type::v1::ImportReport* report = response.mutable_report();
  report->set_rows_read(file.rows_read);
  report->set_rows_refused(file.rows_refused);
  report->set_dry_run(dry_run);
  for (const type::v1::RowProblem& problem : file.problems) *report->add_problems() = problem;
  for (const std::string& remark : file.remarks) report->add_remarks(remark);
  return response;
}

std::vector<Uuid> FiresOf(const std::vector<HotspotRecord>& records) {
  std::vector<Uuid> fires;
  fires.reserve(records.size());
  for (const HotspotRecord& record : records) fires.push_back(record.fire);
  return fires;
}

}  // namespace

absl::StatusOr<v1::ImportHotspotsResponse> ImportHotspots(const AreaContext& context, const rpc::Call& call,
                                                          const v1::ImportHotspotsRequest& request) {
  // Allowed before anything is read; the post it is done in stands in the journal.
  GW_ASSIGN_OR_RETURN(const access::Acting acting,
                      access::AllowAt(*context.directory.ground(), call, Uuid()));
  if (request.file_name().size() > 200) return InvalidField("file_name", "want at most 200 bytes");
  GW_ASSIGN_OR_RETURN(HotspotFile file,
                      ReadHotspotFile(request.content(), request.first_line(),
                                      static_cast<domain::Datum>(request.datum()), call.now));
  if (file.rows_refused > 0) return AnswerOf(file, request.dry_run());
  const int aside = KeepBest(file.rows);
  GW_ASSIGN_OR_RETURN(const std::vector<HotspotRecord> records, Locate(context, call, std::move(file.rows)));
  const std::vector<Uuid> fires = FiresOf(records);
  if (request.dry_run()) {
    v1::ImportHotspotsResponse response = AnswerOf(file, true);
    GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(const auto known, ReadFires(tx, fires));
      response = AnswerOf(file, true);
      Count(Decide(records, known), aside, response);
      return absl::OkStatus();
    }));
    return response;
  }
  GW_ASSIGN_OR_RETURN(const Uuid import_id, rpc::RequestId(request.request_id()));
  return rpc::Mutate<v1::ImportHotspotsResponse>(
      context.database, call, request,
      [&](db::Transaction& tx) -> absl::StatusOr<v1::ImportHotspotsResponse> {
        GW_RETURN_IF_ERROR(PassGate(tx));
        GW_ASSIGN_OR_RETURN(const auto known, ReadFires(tx, fires));
        Plan plan = Decide(records, known);
        std::vector<journal::Sealed> entries;
        entries.reserve(plan.created.size() + plan.superseded.size());
        for (HotspotRecord& record : plan.superseded) {
          GW_ASSIGN_OR_RETURN(journal::Sealed sealed,
                              SealHotspot(call, acting, request.request_id(), record));
          entries.push_back(std::move(sealed));
          GW_RETURN_IF_ERROR(SaveSuperseded(tx, record));
        }
        for (HotspotRecord& record : plan.created) {
          record.import = import_id;
          record.received = call.now;
          GW_ASSIGN_OR_RETURN(journal::Sealed sealed,
                              SealHotspot(call, acting, request.request_id(), record));
          entries.push_back(std::move(sealed));
        }
        GW_RETURN_IF_ERROR(InsertHotspots(tx, plan.created));
        GW_RETURN_IF_ERROR(journal::StageAll(tx, entries));
        v1::ImportHotspotsResponse response = AnswerOf(file, false);
        Count(plan, aside, response);
        GW_RETURN_IF_ERROR(InsertImport(tx, {.id = import_id,
                                             .file_name = request.file_name(),
                                             .digest = crypto::Sha256(request.content()),
                                             .recognised_as = file.recognised_as,
                                             .account = call.principal.account,
                                             .rows_read = file.rows_read,
                                             .created = static_cast<int>(plan.created.size()),
                                             .duplicates = response.duplicates(),
                                             .outside = response.outside(),
                                             .superseded = response.superseded(),
                                             .received = call.now}));
        return response;
      });
}

}  // namespace gridwarden::intake
