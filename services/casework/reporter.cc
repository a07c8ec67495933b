#include "casework/reporter.h"

#include "base/status.h"
#include "casework/closing.h"
#include "casework/signal_repository.h"

namespace gridwarden::casework {

absl::Status CheckReporterContent(db::Transaction& tx, const CaseFile& file) {
  if (!IsDisputed(file)) return absl::OkStatus();
  for (const Uuid& id : file.signals) {
    GW_ASSIGN_OR_RETURN(const SignalFile signal, ReadSignal(tx, ResourceName("signals", id)));
    if (!signal.details.reporter_identified()) continue;
    return FailedPrecondition("REPORTER_IN_DISPUTE", "an identified reporter disputes the closing");
  }
  return absl::OkStatus();
}

}  // namespace gridwarden::casework
