#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/views.h"

namespace gridwarden::casework {
namespace {

std::string NameOf(const domain::Ground& ground, const Uuid& person) {
  const domain::Person* found = ground.FindPerson(person);
  return found == nullptr ? "" : found->display_name;
}

}  // namespace

absl::StatusOr<v1::ListChainResponse> ListChain(const Casework& casework, const rpc::Call& call,
                                                const v1::ListChainRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  std::vector<CaseFile> files;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const CaseFile file, ReadCase(tx, request.name()));
    GW_RETURN_IF_ERROR(AllowView(*ground, call, file));
    GW_ASSIGN_OR_RETURN(files, ReadCasesOfChain(tx, file.chain));
    return absl::OkStatus();
  }));
  v1::ListChainResponse response;
  for (const CaseFile& file : files) {
    if (!AllowView(*ground, call, file).ok()) continue;  // it came back on ground that is somebody else's
    v1::ChainLink& link = *response.add_links();
    *link.mutable_case_() = ToProto(file);
    link.set_fixer_display_name(NameOf(*ground, file.fixer));
    link.set_checker_display_name(NameOf(*ground, file.checker));
    link.set_signer_display_name(NameOf(*ground, file.signer));
  }
  return response;
}

}  // namespace gridwarden::casework
