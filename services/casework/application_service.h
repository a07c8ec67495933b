#pragma once

#include "absl/status/statusor.h"
#include "casework/casework.h"
#include "gridwarden/casework/v1/application_service.pb.h"

// The rpcs of ApplicationService, each in the file of its verb. What they promise stands in
// application_service.proto.
namespace gridwarden::casework {

absl::StatusOr<v1::Application> RequestPostponement(const Casework&, const rpc::Call&,
                                                    const v1::RequestPostponementRequest&);
absl::StatusOr<v1::Application> RequestSuspension(const Casework&, const rpc::Call&,
                                                  const v1::RequestSuspensionRequest&);
absl::StatusOr<v1::Application> RequestForcedClosing(const Casework&, const rpc::Call&,
                                                     const v1::RequestForcedClosingRequest&);
absl::StatusOr<v1::Application> RequestVoiding(const Casework&, const rpc::Call&,
                                               const v1::RequestVoidingRequest&);
absl::StatusOr<v1::Application> DecideApplication(const Casework&, const rpc::Call&,
                                                  const v1::DecideApplicationRequest&);
absl::StatusOr<v1::Application> WithdrawApplication(const Casework&, const rpc::Call&,
                                                    const v1::WithdrawApplicationRequest&);
absl::StatusOr<v1::Case> ReviewSuspension(const Casework&, const rpc::Call&,
                                          const v1::ReviewSuspensionRequest&);
absl::StatusOr<v1::Case> ResumeCase(const Casework&, const rpc::Call&, const v1::ResumeCaseRequest&);
absl::StatusOr<v1::Application> GetApplication(const Casework&, const rpc::Call&,
                                               const v1::GetApplicationRequest&);
absl::StatusOr<v1::ListApplicationsResponse> ListApplications(const Casework&, const rpc::Call&,
                                                              const v1::ListApplicationsRequest&);
absl::StatusOr<v1::ListSuspendedCasesResponse> ListSuspendedCases(const Casework&, const rpc::Call&,
                                                                  const v1::ListSuspendedCasesRequest&);
absl::StatusOr<v1::ListClockRunsResponse> ListClockRuns(const Casework&, const rpc::Call&,
                                                        const v1::ListClockRunsRequest&);

}  // namespace gridwarden::casework
