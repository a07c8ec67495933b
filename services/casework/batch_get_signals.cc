#include <map>
#include <set>

#include "base/status.h"
#include "casework/casework.h"
#include "casework/signal_repository.h"
#include "casework/views.h"

namespace gridwarden::casework {

absl::StatusOr<v1::BatchGetSignalsResponse> BatchGetSignals(const Casework& casework, const rpc::Call& call,
                                                            const v1::BatchGetSignalsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadNames(request.names(), "signals"));
  std::vector<v1::Signal> shown;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    shown.clear();
    GW_ASSIGN_OR_RETURN(const std::vector<SignalFile> signals, ReadSignals(tx, ids));
    std::map<Uuid, const SignalFile*> seen;
    for (const SignalFile& signal : signals) {
      if (AllowView(*ground, call, signal).ok()) seen[signal.id] = &signal;
    }
    std::set<Uuid> answered;
    for (const Uuid& id : ids) {
      const auto found = seen.find(id);
      if (found != seen.end() && answered.insert(id).second) shown.push_back(ToProto(*found->second));
    }
    return ShowCasesOfMerged(tx, shown);
  }));
  v1::BatchGetSignalsResponse response;
  *response.mutable_signals() = {std::make_move_iterator(shown.begin()),
                                 std::make_move_iterator(shown.end())};
  return response;
}

}  // namespace gridwarden::casework
