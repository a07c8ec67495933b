#pragma once

#include "absl/status/statusor.h"
#include "casework/casework.h"
#include "gridwarden/casework/v1/signal_service.pb.h"

// The rpcs of SignalService, each in the file of its verb. What they promise stands in signal_service.proto.
namespace gridwarden::casework {

absl::StatusOr<v1::Signal> MergeSignal(const Casework&, const rpc::Call&, const v1::MergeSignalRequest&);
absl::StatusOr<v1::Signal> UnmergeSignal(const Casework&, const rpc::Call&, const v1::UnmergeSignalRequest&);
absl::StatusOr<v1::ListMergeCandidatesResponse> ListMergeCandidates(const Casework&, const rpc::Call&,
                                                                    const v1::ListMergeCandidatesRequest&);
absl::StatusOr<v1::Signal> DisputeRejection(const Casework&, const rpc::Call&,
                                            const v1::DisputeRejectionRequest&);
absl::StatusOr<v1::Signal> TransferSignal(const Casework&, const rpc::Call&,
                                          const v1::TransferSignalRequest&);
absl::StatusOr<v1::Signal> TellReporter(const Casework&, const rpc::Call&, const v1::TellReporterRequest&);

}  // namespace gridwarden::casework
