#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/views.h"

namespace gridwarden::casework {

absl::StatusOr<v1::Case> GetCase(const Casework& casework, const rpc::Call& call,
                                 const v1::GetCaseRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  v1::Case found;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const CaseFile file, ReadCase(tx, request.name()));
    GW_RETURN_IF_ERROR(AllowView(*ground, call, file));
    found = ToProto(file);
    return absl::OkStatus();
  }));
  return found;
}

}  // namespace gridwarden::casework
