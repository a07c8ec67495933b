#include <algorithm>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "domain/ledger/source_life.h"
#include "platform/rpc/mutate.h"
#include "source/record_change.h"
#include "source/source_fields.h"
#include "source/source_file.h"
#include "source/source_service.h"

namespace gridwarden::source {
namespace {

using type::v1::ImportReport;
using type::v1::RowProblem;

constexpr size_t kLockBatch = 500;

RowProblem Problem(const FileRow& row, std::string_view column, std::string_view got, std::string_view want) {
  RowProblem problem;
  problem.set_line(row.line);
  problem.set_column(std::string(column));
  problem.set_got(std::string(got));
  problem.set_want(std::string(want));
  return problem;
}

// In which post the caller changes the ledger of each division; asked once per division.
class Rights {
 public:
  Rights(const domain::Ground& ground, const rpc::Call& call) : ground_(ground), call_(call) {}

  const absl::StatusOr<access::Acting>& At(const Uuid& division) {
    const auto at = by_division_.find(division);
    if (at != by_division_.end()) return at->second;
    return by_division_.emplace(division, access::AllowAt(ground_, call_, division)).first->second;
  }

 private:
  const domain::Ground& ground_;
  const rpc::Call& call_;
  absl::flat_hash_map<Uuid, absl::StatusOr<access::Acting>> by_division_;
};

using ByNumber = std::map<std::string, LedgerSource>;

absl::StatusOr<ByNumber> LockExisting(db::Transaction& tx, const std::vector<FileRow>& rows) {
  std::vector<std::string> numbers;
  for (const FileRow& row : rows) numbers.push_back(row.source.value.source_no());
  // In one order, so that two imports of overlapping files wait for each other instead of deadlocking.
  std::sort(numbers.begin(), numbers.end());
  ByNumber existing;
  for (size_t begin = 0; begin < numbers.size(); begin += kLockBatch) {
    const std::vector<std::string> part(numbers.begin() + begin,
                                        numbers.begin() + std::min(begin + kLockBatch, numbers.size()));
    GW_ASSIGN_OR_RETURN(std::vector<LedgerSource> found, LockSourcesByNo(tx, part));
    for (LedgerSource& source : found) {
      std::string number = source.value.source_no();
      existing.insert_or_assign(std::move(number), std::move(source));
    }
  }
  return existing;
}

// What a row makes of the ledger.
struct Step {
  const FileRow* row = nullptr;
  LedgerSource source;
  Change change;
};

// The step for a source that is there already; none when the row says nothing new. Faults become problems of
// the report.
std::optional<Step> PlanUpdate(const domain::Policy& policy, const FileRow& row, LedgerSource source,
                               Rights& rights, ImportReport& report) {
  const v1::Source before = source.value;
  if (!rights.At(source.division).ok()) {
    Refuse(report, row.line,
           {Problem(row, "编号", before.source_no(),
                    "want another number: this one belongs to a source outside your grid")});
    return std::nullopt;
  }
  for (const std::string& field : row.fields) CopyField(field, row.source.value, source.value);
  source.division = row.source.division;
  source.city = row.source.city;
  source.ground_path = row.source.ground_path;
  if (row.has_disposition) source.value.set_disposition(row.source.value.disposition());
  if (!NeedsDisposition(policy, source.value.category())) source.value.clear_disposition();
  if (row.has_state && row.source.value.state() != before.state()) {
    const absl::Status allowed =
        domain::AllowSourceMove(static_cast<domain::SourceState>(before.state()),
                                static_cast<domain::SourceState>(row.source.value.state()));
    if (!allowed.ok()) {
      Refuse(report, row.line,
             {Problem(row, "状态", v1::Source::State_Name(row.source.value.state()),
                      absl::StrFormat("want a state that %s may move to (ILLEGAL_TRANSITION)",
                                      v1::Source::State_Name(before.state())))});
      return std::nullopt;
    }
    source.value.set_state(row.source.value.state());
  }
  std::vector<std::string> changed = ChangedFields(before, source.value);
  if (source.value.disposition() != before.disposition()) changed.push_back("disposition");
  if (source.value.state() != before.state()) changed.push_back("state");
  if (changed.empty()) {
    report.set_unchanged(report.unchanged() + 1);
    return std::nullopt;
  }
  report.set_updated(report.updated() + 1);
  return Step{&row, std::move(source), {.from = before.state(), .changed_fields = std::move(changed)}};
}

// Decides every row against the ledger as it is; `report` gets the counts and the problems.
std::vector<Step> Plan(const domain::Policy& policy, const rpc::Call& call, const std::vector<FileRow>& rows,
                       const ByNumber& existing, Rights& rights, ImportReport& report) {
  std::vector<Step> steps;
  for (const FileRow& row : rows) {
    const absl::StatusOr<access::Acting>& acting = rights.At(row.source.division);
    if (!acting.ok()) {
      Refuse(report, row.line,
             {Problem(row, "所属区划", row.source.value.division(),
                      "want ground of your own grid (NOT_ALLOWED)")});
      continue;
    }
    std::optional<Step> step;
    if (const auto at = existing.find(row.source.value.source_no()); at != existing.end()) {
      step = PlanUpdate(policy, row, at->second, rights, report);
    } else {
      report.set_created(report.created() + 1);
      step = Step{&row, row.source, {}};
      step->source.id = Uuid::Make(call.now);
    }
    if (!step) continue;
    step->change.action = v1::SourceChange::IMPORTED;
    step->change.event_time = call.now;
    step->change.acting = *acting;
    steps.push_back(*std::move(step));
  }
  return steps;
}

}  // namespace

absl::StatusOr<ImportReport> ImportSources(const AreaContext& context, const rpc::Call& call,
                                           const v1::ImportSourcesRequest& request) {
  // Divisions imported a moment ago count: a script imports one file after the other.
  GW_RETURN_IF_ERROR(context.directory.Refresh());
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const FileReading reading, ReadSourceFile(*context.policy, *ground, call.now, request));
  Rights rights(*ground, call);
  const auto body = [&](db::Transaction& tx) -> absl::StatusOr<ImportReport> {
    ImportReport report = reading.report;
    GW_ASSIGN_OR_RETURN(const ByNumber existing, LockExisting(tx, reading.rows));
    std::vector<Step> steps = Plan(*context.policy, call, reading.rows, existing, rights, report);
    report.set_dry_run(request.dry_run());
    if (request.dry_run()) return report;
    if (report.rows_refused() > 0 || report.problems_size() > 0) {
      // All or nothing: what would have been done is not what was done.
      report.set_created(0);
      report.set_updated(0);
      return report;
    }
    for (Step& step : steps) {
      step.change.request_id = request.request_id();
      GW_RETURN_IF_ERROR(RecordChange(context, call, tx, step.change, std::move(step.source)).status());
    }
    return report;
  };
  if (!request.dry_run()) return rpc::Mutate<ImportReport>(context.database, call, request, body);
  // A dry run keeps nothing, not even its answer: the same request_id may then do it.
  GW_RETURN_IF_ERROR(rpc::RequestId(request.request_id()).status());
  ImportReport report;
  GW_RETURN_IF_ERROR(
      context.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(report, body(tx));
        return absl::OkStatus();
      }));
  return report;
}

}  // namespace gridwarden::source
