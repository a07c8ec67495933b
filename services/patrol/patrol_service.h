#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"

// Inspections (巡查): table of contents. Each rpc that changes something has its own file.
namespace gridwarden::patrol {

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry);

absl::StatusOr<v1::PatrolTask> CreatePatrolTask(const AreaContext&, const rpc::Call&,
                                                const v1::CreatePatrolTaskRequest&);
absl::StatusOr<v1::BatchCreatePatrolTasksResponse> BatchCreatePatrolTasks(
    const AreaContext&, const rpc::Call&, const v1::BatchCreatePatrolTasksRequest&);
absl::StatusOr<v1::PatrolTask> AssignPatrolTask(const AreaContext&, const rpc::Call&,
                                                const v1::AssignPatrolTaskRequest&);
absl::StatusOr<v1::PatrolTask> StartPatrolTask(const AreaContext&, const rpc::Call&,
                                               const v1::StartPatrolTaskRequest&);
absl::StatusOr<v1::Visit> SubmitVisit(const AreaContext&, const rpc::Call&, const v1::SubmitVisitRequest&);
absl::StatusOr<v1::PatrolTask> MissPatrolTask(const AreaContext&, const rpc::Call&,
                                              const v1::MissPatrolTaskRequest&);
absl::StatusOr<v1::PatrolTask> WaivePatrolTask(const AreaContext&, const rpc::Call&,
                                               const v1::WaivePatrolTaskRequest&);
absl::StatusOr<v1::PatrolTask> GetPatrolTask(const AreaContext&, const rpc::Call&,
                                             const v1::GetPatrolTaskRequest&);
absl::StatusOr<v1::BatchGetPatrolTasksResponse> BatchGetPatrolTasks(const AreaContext&, const rpc::Call&,
                                                                    const v1::BatchGetPatrolTasksRequest&);
absl::StatusOr<v1::ListPatrolTasksResponse> ListPatrolTasks(const AreaContext&, const rpc::Call&,
                                                            const v1::ListPatrolTasksRequest&);
absl::StatusOr<v1::Visit> GetVisit(const AreaContext&, const rpc::Call&, const v1::GetVisitRequest&);
absl::StatusOr<v1::ListVisitsResponse> ListVisits(const AreaContext&, const rpc::Call&,
                                                  const v1::ListVisitsRequest&);

}  // namespace gridwarden::patrol
