#pragma once

#include "access/area.h"
#include "access/permission.h"
#include "domain/workflow/conditions.h"
#include "gridwarden/intake/v1/fire_event.pb.h"
#include "gridwarden/intake/v1/fire_service.pb.h"
#include "intake/hotspot_repository.h"
#include "intake/verdict_repository.h"

// Verdicts on hotspots and the counts of fire points. What the rpcs promise stands in fire_service.proto.
namespace gridwarden::intake {

absl::StatusOr<v1::HotspotVerdict> AdjudicateHotspot(const AreaContext& context, const rpc::Call& call,
                                                     const v1::AdjudicateHotspotRequest& request);
absl::StatusOr<v1::HotspotVerdict> AppealVerdict(const AreaContext& context, const rpc::Call& call,
                                                 const v1::AppealVerdictRequest& request);
absl::StatusOr<v1::HotspotVerdict> DecideVerdictAppeal(const AreaContext& context, const rpc::Call& call,
                                                       const v1::DecideVerdictAppealRequest& request);
absl::StatusOr<v1::HotspotVerdict> GetHotspotVerdict(const AreaContext& context, const rpc::Call& call,
                                                     const v1::GetHotspotVerdictRequest& request);
absl::StatusOr<v1::CountFirePointsResponse> CountFirePoints(const AreaContext& context, const rpc::Call& call,
                                                            const v1::CountFirePointsRequest& request);

// What the three acts share.

// One act on a verdict, for its journal entry.
struct VerdictAct {
  v1::VerdictEvent::Action action = v1::VerdictEvent::ACTION_UNSPECIFIED;
  access::Acting acting;
  absl::Time event_time;
  std::string request_id;
};
// Seals and stages the entry and moves the file's subject; the caller saves the file after it.
absl::Status TellVerdict(db::Transaction& tx, const rpc::Call& call, const VerdictAct& act,
                         VerdictFile& file);
// As the client sees it.
v1::HotspotVerdict VerdictOf(const VerdictFile& file, const domain::Ground& ground);
// At most 20 photos and documents named media/{sha256}; INVALID_FIELD names the path.
absl::Status CheckEvidence(const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence);
std::vector<domain::Evidence> ToDomain(
    const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence);
// INVALID_FIELD for more than 2,000 characters, or for nothing where words are needed.
absl::Status CheckWords(std::string_view field, std::string_view words, bool needed);
// The hotspot and its verdict, whose row is locked. NOT_FOUND without a verdict; refused alike where the
// caller may not know.
struct Judged {
  HotspotRecord hotspot;
  VerdictFile file;
};
absl::StatusOr<Judged> LockJudged(const AreaContext& context, const rpc::Call& call, db::Transaction& tx,
                                  const std::string& name);

}  // namespace gridwarden::intake
