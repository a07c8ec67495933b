#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "base/status.h"
#include "grid/grid_change.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::grid {
namespace {

constexpr size_t kNameBytesMax = 120;
constexpr int kAliasesMax = 20;

absl::Status CheckName(std::string_view field, const std::string& name) {
  if (name.empty() || name.size() > kNameBytesMax) {
    return InvalidField(field, absl::StrFormat("got %d bytes, want 1 to %d", static_cast<int>(name.size()),
                                               static_cast<int>(kNameBytesMax)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Unit> CreateUnit(GridArea& area, const rpc::Call& call,
                                    const v1::CreateUnitRequest& request) {
  const v1::Unit& wanted = request.unit();
  GW_RETURN_IF_ERROR(CheckName("unit.display_name", wanted.display_name()));
  if (wanted.aliases_size() > kAliasesMax) return InvalidField("unit.aliases", "want at most 20");
  for (const std::string& alias : wanted.aliases()) GW_RETURN_IF_ERROR(CheckName("unit.aliases", alias));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  GW_ASSIGN_OR_RETURN(const domain::Division* division,
                      FindDivision(*ground, wanted.division(), call.now, "unit.division"));
  GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, division->id));
  return rpc::Mutate<v1::Unit>(
      area.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Unit> {
        GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, acting, request.request_id()));
        domain::Unit unit;
        unit.id = Uuid::Make(call.now);
        unit.display_name = wanted.display_name();
        unit.aliases.assign(wanted.aliases().begin(), wanted.aliases().end());
        unit.division = division->id;
        GW_ASSIGN_OR_RETURN(unit, change.Add(unit));
        const absl::Status saved = change.Save();
        if (db::IsDuplicateKey(saved))
          return AlreadyExists(ground->PathName(division->id) + "/" + unit.display_name);
        GW_RETURN_IF_ERROR(saved);
        return ToProto(unit);
      });
}

}  // namespace gridwarden::grid
