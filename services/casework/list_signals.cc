#include "absl/strings/str_cat.h"
#include "access/permission.h"
#include "base/status.h"
#include "casework/casework.h"
#include "casework/list_key.h"
#include "casework/signal_repository.h"
#include "casework/timestamps.h"
#include "casework/views.h"
#include "platform/rpc/page.h"

namespace gridwarden::casework {
namespace {

absl::StatusOr<SignalFilter> ReadFilter(const domain::Ground& ground, const rpc::Call& call,
                                        const v1::ListSignalsRequest& request) {
  SignalFilter filter;
  filter.only_assigned = request.assigned_to_me();
  filter.category = request.category();
  GW_ASSIGN_OR_RETURN(filter.states,
                      ReadStates<v1::Signal::State>(request.states(), v1::Signal::State_IsValid));
  GW_ASSIGN_OR_RETURN(filter.merged_case, ParseResourceName("cases", request.merged_into(), "merged_into"));
  if (request.reporter_to_tell()) {
    if (filter.only_assigned)
      return InvalidField("reporter_to_tell", "got it with assigned_to_me, want one of them");
    filter.to_tell_before =
        request.has_as_of() ? FromTimestamp(request.as_of()) : absl::FromUnixMicros(INT64_MAX);
  }
  if (filter.only_assigned) {
    // What is assigned to the caller is seen wherever it stands.
    filter.assignees = access::AssigneesOf(ground, call);
    if (filter.states.empty()) filter.states = {v1::Signal::ONSITE_CHECK};
    if (request.division().empty()) return filter;
  }
  GW_ASSIGN_OR_RETURN(filter.grounds, ScopeWithin(ground, call, request.division()));
  return filter;
}

absl::Time OrderTime(const v1::ListSignalsRequest& request, const SignalFile& signal) {
  return request.reporter_to_tell() ? FromTimestamp(signal.details.acknowledge_due_time())
                                    : signal.receive_time;
}

}  // namespace

absl::StatusOr<v1::ListSignalsResponse> ListSignals(const Casework& casework, const rpc::Call& call,
                                                    const v1::ListSignalsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_RETURN_IF_ERROR(CheckCategoryFilter(*casework.policy, request.category()));
  GW_ASSIGN_OR_RETURN(const std::optional<ListKey> after, ReadListKey(page));
  GW_ASSIGN_OR_RETURN(const SignalFilter filter, ReadFilter(*ground, call, request));
  std::vector<SignalFile> signals;
  std::vector<v1::Signal> shown;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    const SignalKey key = after ? SignalKey{after->time_us, after->id} : SignalKey();
    GW_ASSIGN_OR_RETURN(signals, ListSignalFiles(tx, filter, after ? &key : nullptr, page.size + 1));
    shown.clear();
    for (size_t i = 0; i < signals.size() && i < static_cast<size_t>(page.size); ++i) {
      shown.push_back(ToProto(signals[i]));
    }
    return ShowCasesOfMerged(tx, shown);
  }));
  v1::ListSignalsResponse response;
  *response.mutable_signals() = {std::make_move_iterator(shown.begin()),
                                 std::make_move_iterator(shown.end())};
  if (signals.size() > static_cast<size_t>(page.size)) {
    const SignalFile& last = signals[page.size - 1];
    response.set_next_page_token(
        rpc::NextPageToken(request, WriteListKey({absl::ToUnixMicros(OrderTime(request, last)), last.id})));
  }
  return response;
}

}  // namespace gridwarden::casework
