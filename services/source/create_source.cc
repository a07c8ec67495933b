#include "access/standing.h"
#include "platform/rpc/mutate.h"
#include "source/record_change.h"
#include "source/source_fields.h"
#include "source/source_service.h"

namespace gridwarden::source {

absl::StatusOr<v1::Source> CreateSource(const AreaContext& context, const rpc::Call& call,
                                        const v1::CreateSourceRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  LedgerSource source;
  source.value = request.source();
  source.value.set_state(v1::Source::ACTIVE);
  source.value.clear_disposition();
  GW_RETURN_IF_ERROR(Normalise(source.value));
  GW_RETURN_IF_ERROR(CheckFields(*context.policy, source.value));
  GW_ASSIGN_OR_RETURN(const access::Standing standing,
                      access::StandingOf(*ground, source.value.division(), call.now, "source.division"));
  GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, standing.division));
  source.division = standing.division;
  source.city = standing.city;
  source.ground_path = standing.ground_path;
  source.id = Uuid::Make(call.now);
  if (!request.source_id().empty()) {
    const std::optional<Uuid> id = Uuid::Parse(request.source_id());
    if (!id || id->IsNil()) return InvalidField("source_id", "want a UUID");
    source.id = *id;
  }
  if (source.value.source_no().empty()) {
    source.value.set_source_no(MakeSourceNo(*ground, source.division, source.id));
  }
  return rpc::Mutate<v1::Source>(context.database, call, request, [&](db::Transaction& tx) {
    return RecordChange(context, call, tx,
                        {.action = v1::SourceChange::CREATED,
                         .event_time = call.now,
                         .acting = acting,
                         .request_id = request.request_id()},
                        source);
  });
}

}  // namespace gridwarden::source
