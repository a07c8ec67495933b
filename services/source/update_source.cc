#include <algorithm>

#include "absl/strings/str_format.h"
#include "access/standing.h"
#include "platform/rpc/mutate.h"
#include "source/record_change.h"
#include "source/source_fields.h"
#include "source/source_service.h"

namespace gridwarden::source {
namespace {

// The paths to change: those of the mask, or the populated ones.
absl::StatusOr<std::vector<std::string>> PathsOf(const v1::UpdateSourceRequest& request) {
  std::vector<std::string> paths(request.update_mask().paths().begin(), request.update_mask().paths().end());
  if (paths.empty()) {
    const v1::Source empty;
    paths = ChangedFields(empty, request.source());
  }
  for (const std::string& path : paths) {
    if (std::find(EditableFields().begin(), EditableFields().end(), path) == EditableFields().end()) {
      return InvalidField("update_mask",
                          absl::StrFormat("got \"%s\", want fields that UpdateSource changes", path));
    }
  }
  return paths;
}

}  // namespace

absl::StatusOr<v1::Source> UpdateSource(const AreaContext& context, const rpc::Call& call,
                                        const v1::UpdateSourceRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("sources", request.source().name(), "source.name"));
  if (id.IsNil()) return InvalidField("source.name", "want sources/{uuid}");
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> paths, PathsOf(request));
  v1::Source wanted = request.source();
  GW_RETURN_IF_ERROR(Normalise(wanted));

  return rpc::Mutate<v1::Source>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Source> {
        absl::StatusOr<LedgerSource> locked = LockSource(tx, id);
        if (absl::IsNotFound(locked.status())) return access::Absent(*ground, call, request.source().name());
        if (!locked.ok()) return locked.status();
        LedgerSource source = *std::move(locked);
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, source.division));
        GW_RETURN_IF_ERROR(CheckEtag(source, request.source().etag()));

        const v1::Source before = source.value;
        for (const std::string& path : paths) CopyField(path, wanted, source.value);
        if (source.value.source_no().empty())
          return InvalidField("source.source_no", "got nothing, want a number");
        GW_RETURN_IF_ERROR(CheckFields(*context.policy, source.value));
        GW_ASSIGN_OR_RETURN(
            const access::Standing standing,
            access::StandingOf(*ground, source.value.division(), call.now, "source.division"));
        // It may only be moved to ground that the caller also answers for.
        GW_RETURN_IF_ERROR(access::AllowAt(*ground, call, standing.division).status());
        source.division = standing.division;
        source.city = standing.city;
        source.ground_path = standing.ground_path;
        source.value.set_division(ResourceName("divisions", standing.division));
        if (!NeedsDisposition(*context.policy, source.value.category())) source.value.clear_disposition();

        std::vector<std::string> changed = ChangedFields(before, source.value);
        if (changed.empty()) return before;
        return RecordChange(context, call, tx,
                            {.action = v1::SourceChange::UPDATED,
                             .from = before.state(),
                             .changed_fields = std::move(changed),
                             .event_time = call.now,
                             .acting = acting,
                             .request_id = request.request_id()},
                            std::move(source));
      });
}

}  // namespace gridwarden::source
