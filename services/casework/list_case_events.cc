#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/history_line.h"
#include "casework/history_repository.h"
#include "casework/signal_repository.h"
#include "casework/views.h"

namespace gridwarden::casework {

absl::StatusOr<v1::ListCaseEventsResponse> ListCaseEvents(const Casework& casework, const rpc::Call& call,
                                                          const v1::ListCaseEventsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  std::vector<HistoryRow> signal_rows, case_rows;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    signal_rows.clear();
    case_rows.clear();
    if (request.name().starts_with("signals/")) {
      GW_ASSIGN_OR_RETURN(const SignalFile signal, ReadSignal(tx, request.name()));
      GW_RETURN_IF_ERROR(AllowView(*ground, call, signal));
      GW_ASSIGN_OR_RETURN(signal_rows, ReadHistory(tx, Aggregate::kSignal, signal.id));
      return absl::OkStatus();
    }
    GW_ASSIGN_OR_RETURN(const CaseFile file, ReadCase(tx, request.name()));
    GW_RETURN_IF_ERROR(AllowView(*ground, call, file));
    GW_ASSIGN_OR_RETURN(case_rows, ReadHistory(tx, Aggregate::kCase, file.id));
    for (const Uuid& signal : file.signals) {
      GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> rows, ReadHistory(tx, Aggregate::kSignal, signal));
      signal_rows.insert(signal_rows.end(), rows.begin(), rows.end());
    }
    return absl::OkStatus();
  }));
  return StoryOf(*ground, signal_rows, case_rows);
}

}  // namespace gridwarden::casework
