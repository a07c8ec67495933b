#include "absl/strings/str_format.h"
#include "access/standing.h"
#include "domain/ledger/source_life.h"
#include "platform/rpc/mutate.h"
#include "source/record_change.h"
#include "source/source_fields.h"
#include "source/source_service.h"

namespace gridwarden::source {

absl::StatusOr<v1::Source> SetSourceDisposition(const AreaContext& context, const rpc::Call& call,
                                                const v1::SetSourceDispositionRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("sources", request.name()));
  if (CharacterCount(request.reason()) > kReasonCharactersMax) {
    return InvalidField("reason", absl::StrFormat("want at most %d characters", kReasonCharactersMax));
  }
  return rpc::Mutate<v1::Source>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Source> {
        absl::StatusOr<LedgerSource> locked = LockSource(tx, id);
        if (absl::IsNotFound(locked.status())) return access::Absent(*ground, call, request.name());
        if (!locked.ok()) return locked.status();
        LedgerSource source = *std::move(locked);
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, source.division));
        GW_RETURN_IF_ERROR(CheckEtag(source, request.etag()));
        if (!NeedsDisposition(*context.policy, source.value.category())) {
          return InvalidField(
              "disposition",
              absl::StrFormat("got %s, want none: category %s has no disposition",
                              v1::Source::Disposition_Name(request.disposition()), source.value.category()));
        }
        GW_RETURN_IF_ERROR(domain::AllowDisposition(static_cast<domain::SourceState>(source.value.state())));
        if (source.value.disposition() == request.disposition()) return source.value;
        source.value.set_disposition(request.disposition());
        return RecordChange(context, call, tx,
                            {.action = v1::SourceChange::DISPOSITION_SET,
                             .from = source.value.state(),
                             .changed_fields = {"disposition"},
                             .reason = request.reason(),
                             .event_time = call.now,
                             .acting = acting,
                             .request_id = request.request_id()},
                            source);
      });
}

}  // namespace gridwarden::source
