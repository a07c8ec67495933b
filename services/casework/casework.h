#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/casework/v1/check_service.pb.h"
#include "gridwarden/casework/v1/closing_service.pb.h"
#include "gridwarden/casework/v1/routing_service.pb.h"
#include "platform/journal/consumer.h"
#include "platform/rpc/call.h"

// The table of contents of casework: every rpc and every act of the system, each in the file named by its
// verb. What they promise stands in casework_service.proto.
namespace gridwarden::casework {

// What the bodies need of their process.
struct Casework {
  db::Database& database;
  access::Directory& directory;
  std::shared_ptr<const domain::Policy> policy;
  std::function<rpc::Channel&(std::string_view area)> channel;
};

// Signals.
absl::StatusOr<v1::Signal> SubmitSignal(const Casework&, const rpc::Call&, const v1::SubmitSignalRequest&);
absl::StatusOr<v1::Signal> RequestOnsiteCheck(const Casework&, const rpc::Call&,
                                              const v1::RequestOnsiteCheckRequest&);
absl::StatusOr<v1::Signal> SubmitOnsiteCheck(const Casework&, const rpc::Call&,
                                             const v1::SubmitOnsiteCheckRequest&);
absl::StatusOr<v1::Signal> RejectSignal(const Casework&, const rpc::Call&, const v1::RejectSignalRequest&);

// Cases, in the order of their life.
absl::StatusOr<v1::Case> FileCase(const Casework&, const rpc::Call&, const v1::FileCaseRequest&);
absl::StatusOr<v1::Case> SetDisposition(const Casework&, const rpc::Call&, const v1::SetDispositionRequest&);
absl::StatusOr<v1::Case> DispatchCase(const Casework&, const rpc::Call&, const v1::DispatchCaseRequest&);
absl::StatusOr<v1::Case> ReturnCase(const Casework&, const rpc::Call&, const v1::ReturnCaseRequest&);
absl::StatusOr<v1::Case> AcceptCase(const Casework&, const rpc::Call&, const v1::AcceptCaseRequest&);
absl::StatusOr<v1::Case> SubmitFeedback(const Casework&, const rpc::Call&, const v1::SubmitFeedbackRequest&);
absl::StatusOr<v1::Case> AssignCheck(const Casework&, const rpc::Call&, const v1::AssignCheckRequest&);
absl::StatusOr<v1::Case> SubmitCheck(const Casework&, const rpc::Call&, const v1::SubmitCheckRequest&);
absl::StatusOr<v1::Case> SignOff(const Casework&, const rpc::Call&, const v1::SignOffRequest&);
absl::StatusOr<v1::Case> SubmitRecheck(const Casework&, const rpc::Call&, const v1::SubmitRecheckRequest&);

// The end of a case (ClosingService).
absl::StatusOr<v1::Case> StopProduction(const Casework&, const rpc::Call&, const v1::StopProductionRequest&);
absl::StatusOr<v1::Case> SubmitPart(const Casework&, const rpc::Call&, const v1::SubmitPartRequest&);
absl::StatusOr<v1::Case> ExcusePart(const Casework&, const rpc::Call&, const v1::ExcusePartRequest&);
absl::StatusOr<v1::Case> TransferCase(const Casework&, const rpc::Call&, const v1::TransferCaseRequest&);
absl::StatusOr<v1::Case> SubmitTransferResult(const Casework&, const rpc::Call&,
                                              const v1::SubmitTransferResultRequest&);
absl::StatusOr<v1::Case> CosignCase(const Casework&, const rpc::Call&, const v1::CosignCaseRequest&);
absl::StatusOr<v1::Case> DisputeClosing(const Casework&, const rpc::Call&, const v1::DisputeClosingRequest&);
absl::StatusOr<v1::ListChainResponse> ListChain(const Casework&, const rpc::Call&,
                                                const v1::ListChainRequest&);

// Routing by the duty list.
absl::StatusOr<v1::ProposeRouteResponse> ProposeRoute(const Casework&, const rpc::Call&,
                                                      const v1::ProposeRouteRequest&);
absl::StatusOr<v1::ListDutyItemsResponse> ListDutyItems(const Casework&, const rpc::Call&,
                                                        const v1::ListDutyItemsRequest&);
absl::StatusOr<v1::Application> RequestDispatchOutsideList(const Casework&, const rpc::Call&,
                                                           const v1::RequestDispatchOutsideListRequest&);

// Views.
absl::StatusOr<v1::Signal> GetSignal(const Casework&, const rpc::Call&, const v1::GetSignalRequest&);
absl::StatusOr<v1::BatchGetSignalsResponse> BatchGetSignals(const Casework&, const rpc::Call&,
                                                            const v1::BatchGetSignalsRequest&);
absl::StatusOr<v1::ListSignalsResponse> ListSignals(const Casework&, const rpc::Call&,
                                                    const v1::ListSignalsRequest&);
absl::StatusOr<v1::Case> GetCase(const Casework&, const rpc::Call&, const v1::GetCaseRequest&);
absl::StatusOr<v1::BatchGetCasesResponse> BatchGetCases(const Casework&, const rpc::Call&,
                                                        const v1::BatchGetCasesRequest&);
absl::StatusOr<v1::ListCasesResponse> ListCases(const Casework&, const rpc::Call&,
                                                const v1::ListCasesRequest&);
absl::StatusOr<v1::ListCaseEventsResponse> ListCaseEvents(const Casework&, const rpc::Call&,
                                                          const v1::ListCaseEventsRequest&);

// Who may check whose work (CheckService).
absl::StatusOr<v1::Conflict> DeclareConflict(const Casework&, const rpc::Call&,
                                             const v1::DeclareConflictRequest&);
absl::StatusOr<v1::Conflict> WithdrawConflict(const Casework&, const rpc::Call&,
                                              const v1::WithdrawConflictRequest&);
absl::StatusOr<v1::ListConflictsResponse> ListConflicts(const Casework&, const rpc::Call&,
                                                        const v1::ListConflictsRequest&);
absl::StatusOr<v1::ExplainCheckersResponse> ExplainCheckers(const Casework&, const rpc::Call&,
                                                            const v1::ExplainCheckersRequest&);

// What the system does when the feed says so. Each is one act per entry: the cursor commits with it.
// Assigns a checker to a case that waits for one; leaves it waiting, visibly, when nobody is eligible.
absl::Status AssignCheckOnFeedback(const Casework&, const rpc::Call&, db::Transaction&,
                                   const journal::FeedEntry&);
// Starts the watch over a closed case.
absl::Status MonitorOnClosing(const Casework&, const rpc::Call&, db::Transaction&, const journal::FeedEntry&);
// Makes a signal of a visit that found a problem.
absl::Status SignalOfVisit(const Casework&, const rpc::Call&, db::Transaction&, const journal::FeedEntry&);
// Makes a signal of a hotspot that lies in a division.
absl::Status SignalOfHotspot(const Casework&, const rpc::Call&, db::Transaction&, const journal::FeedEntry&);

}  // namespace gridwarden::casework
