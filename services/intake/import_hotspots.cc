#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "access/permission.h"
#include "intake/hotspot_journal.h"
#include "intake/intake_service.h"
#include "intake/locate_hotspots.h"
#include "platform/crypto/digest.h"
#include "platform/journal/stage.h"
#include "platform/journal/stage_all.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::intake {
namespace {

using v1::Hotspot;

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

std::vector<HotspotRecord> RecordsOf(std::vector<HotspotRow> rows) {
  std::vector<HotspotRecord> records(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    records[i].row = std::move(rows[i]);
    records[i].id = records[i].row.HotspotId();
    records[i].fire = records[i].row.FireId();
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
      const bool made_signal = before.state == Hotspot::LOCATED;
      before.state = Hotspot::SUPERSEDED;
      before.superseded_by = record.id;
      plan.created.push_back(record);
      plan.created.back().replaces = before.id;
      plan.created.back().signal_stands = made_signal;
      plan.superseded.push_back(std::move(before));
    }
  }
  return plan;
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
  std::vector<HotspotRecord> records = RecordsOf(std::move(file.rows));
  GW_RETURN_IF_ERROR(LocateHotspots(context, call, records));
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
