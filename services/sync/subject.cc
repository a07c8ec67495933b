#include "sync/subject.h"

#include "base/status.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "platform/rpc/channel.h"
#include "sync/operation_body.h"

namespace gridwarden::sync {
namespace {

template <typename Resource>
absl::StatusOr<Subject> Shown(const absl::StatusOr<Resource>& resource) {
  if (!resource.ok()) return resource.status();
  Subject subject{.name = resource->name(), .etag = resource->etag()};
  GW_ASSIGN_OR_RETURN(subject.division, ParseResourceName("divisions", resource->division()));
  GW_ASSIGN_OR_RETURN(subject.json, ToJson(*resource));
  return subject;
}

template <typename Resource, typename Request>
absl::StatusOr<Subject> Get(const Sync& sync, const rpc::Call& call, std::string_view area,
                            std::string_view method, const std::string& name) {
  Request request;
  request.set_name(name);
  return Shown(rpc::Send<Resource>(sync.channel(area), call, method, request));
}

absl::StatusOr<Subject> GetSource(const Sync& sync, const rpc::Call& call, const std::string& name) {
  source::v1::BatchGetSourcesRequest request;
  request.add_names(name);
  GW_ASSIGN_OR_RETURN(const auto found, rpc::Send<source::v1::BatchGetSourcesResponse>(
                                            sync.channel("source"), call,
                                            "gridwarden.source.v1.SourceService/BatchGetSources", request));
  if (found.sources_size() != 1) return NotFound(name);
  return Shown<source::v1::Source>(found.sources(0));
}

}  // namespace

absl::StatusOr<Subject> ReadSubject(const Sync& sync, const rpc::Call& call, const std::string& name,
                                    std::string_view field) {
  const size_t slash = name.find('/');
  const std::string kind = name.substr(0, slash);
  if (slash == std::string::npos || !Uuid::Parse(std::string_view(name).substr(slash + 1)))
    return InvalidField(field, "want the name of a case, signal, patrol task or source");
  if (kind == "cases")
    return Get<casework::v1::Case, casework::v1::GetCaseRequest>(
        sync, call, "casework", "gridwarden.casework.v1.CaseworkService/GetCase", name);
  if (kind == "signals")
    return Get<casework::v1::Signal, casework::v1::GetSignalRequest>(
        sync, call, "casework", "gridwarden.casework.v1.CaseworkService/GetSignal", name);
  if (kind == "patrolTasks")
    return Get<patrol::v1::PatrolTask, patrol::v1::GetPatrolTaskRequest>(
        sync, call, "patrol", "gridwarden.patrol.v1.PatrolService/GetPatrolTask", name);
  if (kind == "sources") return GetSource(sync, call, name);
  return InvalidField(field, "want the name of a case, signal, patrol task or source");
}

}  // namespace gridwarden::sync
