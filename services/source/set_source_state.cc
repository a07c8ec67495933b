#include "absl/strings/str_format.h"
#include "access/standing.h"
#include "domain/ledger/source_life.h"
#include "google/protobuf/timestamp.pb.h"
#include "platform/rpc/mutate.h"
#include "source/record_change.h"
#include "source/source_fields.h"
#include "source/source_service.h"

namespace gridwarden::source {
namespace {

// A works may have been shut long before it came into the ledger. Microseconds of any other year may not fit.
absl::StatusOr<absl::Time> ReadEventTime(const google::protobuf::Timestamp& time) {
  constexpr int64_t kYear1900 = -2'208'988'800;
  constexpr int64_t kYear2200 = 7'258'118'400;
  if (time.seconds() < kYear1900 || time.seconds() >= kYear2200 || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return InvalidField("event_time",
                        absl::StrFormat("got %d s, want a time between 1900 and 2200", time.seconds()));
  }
  return absl::FromUnixSeconds(time.seconds()) + absl::Microseconds(time.nanos() / 1000);
}

}  // namespace

absl::StatusOr<v1::Source> SetSourceState(const AreaContext& context, const rpc::Call& call,
                                          const v1::SetSourceStateRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("sources", request.name()));
  if (CharacterCount(request.reason()) > kReasonCharactersMax) {
    return InvalidField("reason", absl::StrFormat("want at most %d characters", kReasonCharactersMax));
  }
  absl::Time event_time = call.now;
  if (request.has_event_time()) {
    GW_ASSIGN_OR_RETURN(event_time, ReadEventTime(request.event_time()));
    if (event_time > call.now) {
      return MakeError(absl::StatusCode::kInvalidArgument, "event_time lies after now",
                       {.reason = "EVENT_TIME_IN_FUTURE", .fields = {{"event_time", "want not after now"}}});
    }
  }
  return rpc::Mutate<v1::Source>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Source> {
        absl::StatusOr<LedgerSource> locked = LockSource(tx, id);
        if (absl::IsNotFound(locked.status())) return access::Absent(*ground, call, request.name());
        if (!locked.ok()) return locked.status();
        LedgerSource source = *std::move(locked);
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, source.division));
        GW_RETURN_IF_ERROR(CheckEtag(source, request.etag()));
        const v1::Source::State from = source.value.state();
        GW_RETURN_IF_ERROR(domain::AllowSourceMove(static_cast<domain::SourceState>(from),
                                                   static_cast<domain::SourceState>(request.state())));
        source.value.set_state(request.state());
        return RecordChange(context, call, tx,
                            {.action = v1::SourceChange::STATE_SET,
                             .from = from,
                             .changed_fields = {"state"},
                             .reason = request.reason(),
                             .event_time = event_time,
                             .acting = acting,
                             .request_id = request.request_id()},
                            source);
      });
}

}  // namespace gridwarden::source
