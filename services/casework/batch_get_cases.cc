#include <map>
#include <set>

#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/history_line.h"
#include "casework/views.h"

namespace gridwarden::casework {
namespace {

using Histories = std::map<Uuid, std::vector<HistoryRow>>;

absl::StatusOr<Histories> ReadBySubject(db::Transaction& tx, Aggregate aggregate,
                                        const std::vector<Uuid>& subjects) {
  GW_ASSIGN_OR_RETURN(std::vector<HistoryRow> rows, ReadHistories(tx, aggregate, subjects));
  Histories histories;
  for (HistoryRow& row : rows) histories[row.subject].push_back(std::move(row));
  return histories;
}

// The newest of the story of one case.
absl::StatusOr<v1::ListCaseEventsResponse> NewestOf(const domain::Ground& ground, const CaseFile& file,
                                                    const Histories& of_cases, const Histories& of_signals) {
  std::vector<HistoryRow> signal_rows;
  for (const Uuid& signal : file.signals) {
    const auto found = of_signals.find(signal);
    if (found != of_signals.end())
      signal_rows.insert(signal_rows.end(), found->second.begin(), found->second.end());
  }
  const auto found = of_cases.find(file.id);
  GW_ASSIGN_OR_RETURN(
      v1::ListCaseEventsResponse story,
      StoryOf(ground, signal_rows, found == of_cases.end() ? std::vector<HistoryRow>() : found->second));
  const int older = story.events_size() - kStepsMax;
  if (older > 0) story.mutable_events()->DeleteSubrange(0, older);
  return story;
}

}  // namespace

absl::StatusOr<v1::BatchGetCasesResponse> BatchGetCases(const Casework& casework, const rpc::Call& call,
                                                        const v1::BatchGetCasesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadNames(request.names(), "cases"));
  std::map<Uuid, CaseFile> seen;
  Histories of_cases, of_signals;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    seen.clear();
    GW_ASSIGN_OR_RETURN(std::vector<CaseFile> files, ReadCases(tx, ids));
    std::vector<Uuid> cases, signals;
    for (CaseFile& file : files) {
      if (!AllowView(*ground, call, file).ok()) continue;
      cases.push_back(file.id);
      signals.insert(signals.end(), file.signals.begin(), file.signals.end());
      seen.emplace(file.id, std::move(file));
    }
    if (!request.with_events()) return absl::OkStatus();
    GW_ASSIGN_OR_RETURN(of_cases, ReadBySubject(tx, Aggregate::kCase, cases));
    GW_ASSIGN_OR_RETURN(of_signals, ReadBySubject(tx, Aggregate::kSignal, signals));
    return absl::OkStatus();
  }));

  v1::BatchGetCasesResponse response;
  std::set<Uuid> answered;
  for (const Uuid& id : ids) {
    const auto found = seen.find(id);
    if (found == seen.end() || !answered.insert(id).second) continue;
    *response.add_cases() = ToProto(found->second);
    if (!request.with_events()) continue;
    GW_ASSIGN_OR_RETURN(*response.add_histories(), NewestOf(*ground, found->second, of_cases, of_signals));
  }
  return response;
}

}  // namespace gridwarden::casework
