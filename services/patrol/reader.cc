#include "patrol/reader.h"

#include "access/permission.h"

namespace gridwarden::patrol {

absl::Status AllowReader(const domain::Ground& ground, const rpc::Call& call, const TaskRow& task) {
  const absl::Status in_scope = access::AllowToSee(ground, call, task.division, task.ground_path);
  if (in_scope.ok() || (!task.post.IsNil() && access::AllowAssigned(ground, call, task.post).ok()))
    return absl::OkStatus();
  return in_scope;
}

}  // namespace gridwarden::patrol
