#pragma once

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "access/permission.h"
#include "domain/policy/policy.h"
#include "google/protobuf/timestamp.pb.h"
#include "platform/journal/consumer.h"
#include "platform/rpc/call.h"

// What every command asks before it decides.
namespace gridwarden::casework {

// A phone's clock may run ahead by this much; such an event is taken to have happened now.
inline constexpr absl::Duration kClockSkewMax = absl::Minutes(2);

// When it happened. EVENT_TIME_IN_FUTURE after the call's now; EVENT_TIME_BEFORE_CASE before `not_before`,
// the instant that has to come first (the find, the feedback, the closing); INVALID_FIELD for a time that no
// calendar has.
absl::StatusOr<absl::Time> EventTime(const rpc::Call& call, const google::protobuf::Timestamp& event_time,
                                     absl::Time not_before, std::string_view field = "event_time");

// The earliest it can have happened (B12); nothing when the time is exact. Not before what has to come first.
// INVALID_FIELD for a time after `latest`, the event's own, and for one that no calendar has.
absl::StatusOr<std::optional<absl::Time>> EarliestTime(const google::protobuf::Timestamp& earliest_time,
                                                       absl::Time latest, absl::Time not_before,
                                                       std::string_view field);
template <typename Request>
absl::StatusOr<std::optional<absl::Time>> EarliestOf(const Request& request, absl::Time latest,
                                                     absl::Time not_before,
                                                     std::string_view field = "earliest_time") {
  if (!request.has_earliest_time()) return std::optional<absl::Time>();
  return EarliestTime(request.earliest_time(), latest, not_before, field);
}

// The interval is wider than the policy takes for certain: no penal count until somebody reviewed it.
bool IsUncertain(const domain::Policy& policy, const std::optional<absl::Time>& earliest, absl::Time latest);

// Nobody does what nobody has asked for: the earliest instant for an answer to something the server took in
// at `received`, less the skew that a phone's clock may have.
inline absl::Time NotBeforeAsked(absl::Time received) { return received - kClockSkewMax; }

// A client-made id; "" is the nil id. INVALID_FIELD for anything but a UUID.
absl::StatusOr<Uuid> ParseId(std::string_view text, std::string_view field);

// When what an entry tells happened: the later bound of its interval, so that the clock it begins favours
// whoever is under it.
absl::Time EntryTime(const journal::FeedEntry& entry);

// ABORTED / ETAG_MISMATCH when the caller saw another version; no etag agrees with any.
absl::Status CheckEtag(std::string_view etag, uint64_t subject_seq, std::string_view name);

// As access::AllowAt, narrowed to some of the kinds of posts that the rpc's row names: answers the nearest
// such post.
absl::StatusOr<access::Acting> AllowAs(const domain::Ground& ground, const rpc::Call& call,
                                       const Uuid& division, access::PostKinds kinds);

}  // namespace gridwarden::casework
