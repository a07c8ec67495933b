#pragma once

#include "absl/status/statusor.h"
#include "casework/casework.h"
#include "gridwarden/casework/v1/supervision_service.pb.h"

// The rpcs of SupervisionService, each in the file of its verb, and what the ladder does when the feed says
// so. What they promise stands in supervision_service.proto.
namespace gridwarden::casework {

absl::StatusOr<v1::SupervisionOrder> IssueOrder(const Casework&, const rpc::Call&,
                                                const v1::IssueOrderRequest&);
absl::StatusOr<v1::SupervisionOrder> ReplyToOrder(const Casework&, const rpc::Call&,
                                                  const v1::ReplyToOrderRequest&);
absl::StatusOr<v1::SupervisionOrder> ApplyForExtension(const Casework&, const rpc::Call&,
                                                       const v1::ApplyForExtensionRequest&);
absl::StatusOr<v1::SupervisionOrder> DecideExtension(const Casework&, const rpc::Call&,
                                                     const v1::DecideExtensionRequest&);
absl::StatusOr<v1::SupervisionOrder> AcceptOrder(const Casework&, const rpc::Call&,
                                                 const v1::AcceptOrderRequest&);
absl::StatusOr<v1::SupervisionOrder> LiftOrder(const Casework&, const rpc::Call&,
                                               const v1::LiftOrderRequest&);
absl::StatusOr<v1::SupervisionOrder> GetOrder(const Casework&, const rpc::Call&, const v1::GetOrderRequest&);
absl::StatusOr<v1::ListOrdersResponse> ListOrders(const Casework&, const rpc::Call&,
                                                  const v1::ListOrdersRequest&);
absl::StatusOr<v1::ListRungsResponse> ListRungs(const Casework&, const rpc::Call&,
                                                const v1::ListRungsRequest&);
absl::StatusOr<v1::ListVacancyFindingsResponse> ListVacancyFindings(const Casework&, const rpc::Call&,
                                                                    const v1::ListVacancyFindingsRequest&);
absl::StatusOr<v1::Bulletin> GetBulletin(const Casework&, const rpc::Call&, const v1::GetBulletinRequest&);

// Fires what no clock counts: a second and third rework, a rebound soon after the closing (W6).
absl::Status EscalateOnStep(const Casework&, const rpc::Call&, db::Transaction&, const journal::FeedEntry&);
// Proposes the order that a rung asks for, and counts what is overdue in the township.
absl::Status ActOnRung(const Casework&, const rpc::Call&, db::Transaction&, const journal::FeedEntry&);

}  // namespace gridwarden::casework
