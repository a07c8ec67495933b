#include "base/status.h"
#include "casework/history_repository.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/signal_rules.h"
#include "casework/signal_service.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// What a step says about the clock it ends; its own name, because it is no stage of the office's work.
constexpr std::string_view kReporterClock = "REPORTER";

absl::Status CheckMayTell(const SignalFile& signal) {
  if (!HasReporter(signal))
    return FailedPrecondition("NO_REPORTER", "only public and hotline leads have a reporter to be told");
  if (signal.details.has_reporter_told_time())
    return FailedPrecondition("ALREADY_DECIDED", "the reporter was told how it stands");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Signal> TellReporter(const Casework& casework, const rpc::Call& call,
                                        const v1::TellReporterRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("note", request.note()));
  return rpc::Mutate<v1::Signal>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Signal> {
        GW_ASSIGN_OR_RETURN(SignalFile signal, LockSignal(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAt(*ground, call, signal.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), signal.subject.seq, request.name()));
        GW_ASSIGN_OR_RETURN(
            const absl::Time outcome,
            LastReceived(tx, Aggregate::kSignal, signal.id, {v1::MERGE, v1::REJECT, v1::TRANSFER, v1::FILE}));
        absl::Time told = call.now;
        if (request.has_event_time()) {
          GW_ASSIGN_OR_RETURN(told, EventTime(call, request.event_time(), NotBeforeAsked(outcome)));
        }

        Step step{.action = v1::TELL_REPORTER,
                  .acting = acting,
                  .event_time = told,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .note = request.note()};
        GW_RETURN_IF_ERROR(Advance(*casework.policy, signal, step));
        GW_RETURN_IF_ERROR(CheckMayTell(signal));
        if (signal.details.has_acknowledge_due_time()) {
          step.ended_clock = std::string(kReporterClock);
          step.ended_late = told > FromTimestamp(signal.details.acknowledge_due_time());
        }
        *signal.details.mutable_reporter_told_time() = ToTimestamp(told);
        return Record(tx, call, *casework.policy, signal, step);
      });
}

}  // namespace gridwarden::casework
