#include "casework/rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"
#include "domain/policy/application_rules.h"

namespace gridwarden::casework {
namespace {

absl::StatusOr<absl::Time> CalendarTime(const google::protobuf::Timestamp& time, std::string_view field) {
  constexpr int64_t kSecondsMin = 0;                // 1970
  constexpr int64_t kSecondsMax = 253'402'300'799;  // 9999, the end of Timestamp
  if (time.seconds() < kSecondsMin || time.seconds() > kSecondsMax || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return InvalidField(
        field, absl::StrFormat("got %d s and %d ns, want a time from 1970 on", time.seconds(), time.nanos()));
  }
  return FromTimestamp(time);
}

}  // namespace

absl::StatusOr<absl::Time> EventTime(const rpc::Call& call, const google::protobuf::Timestamp& event_time,
                                     absl::Time not_before, std::string_view field) {
  GW_ASSIGN_OR_RETURN(const absl::Time time, CalendarTime(event_time, field));
  if (time > call.now + kClockSkewMax) {
    return FailedPrecondition("EVENT_TIME_IN_FUTURE", absl::StrCat(std::string(field), " is after now, ",
                                                                   absl::FormatTime(call.now)));
  }
  if (time < not_before) {
    return FailedPrecondition("EVENT_TIME_BEFORE_CASE",
                              absl::StrCat(std::string(field), " is before ", absl::FormatTime(not_before)));
  }
  return std::min(time, std::max(call.now, not_before));
}

absl::StatusOr<std::optional<absl::Time>> EarliestTime(const google::protobuf::Timestamp& earliest_time,
                                                       absl::Time latest, absl::Time not_before,
                                                       std::string_view field) {
  GW_ASSIGN_OR_RETURN(const absl::Time earliest, CalendarTime(earliest_time, field));
  // The event's own time may have been pulled back by what a phone's clock runs ahead.
  if (earliest > latest + kClockSkewMax) {
    return InvalidField(field, absl::StrCat("got ", absl::FormatTime(earliest), ", want no later than ",
                                            absl::FormatTime(latest)));
  }
  return std::clamp(earliest, std::min(not_before, latest), latest);
}

bool IsUncertain(const domain::Policy& policy, const std::optional<absl::Time>& earliest, absl::Time latest) {
  const absl::Duration wide = policy.applications == nullptr ? domain::ApplicationRules().wide_interval
                                                             : policy.applications->wide_interval;
  return domain::IsWide(earliest.value_or(latest), latest, wide);
}

absl::StatusOr<Uuid> ParseId(std::string_view text, std::string_view field) {
  if (text.empty()) return Uuid();
  if (const std::optional<Uuid> id = Uuid::Parse(text); id && !id->IsNil()) return *id;
  return InvalidField(field, absl::StrFormat("got %s, want a UUID", text.substr(0, 80)));
}

absl::Time EntryTime(const journal::FeedEntry& entry) {
  return absl::FromUnixMicros(entry.entry.time().latest_us());
}

absl::Status CheckEtag(std::string_view etag, uint64_t subject_seq, std::string_view name) {
  if (etag.empty() || etag == absl::StrCat(subject_seq)) return absl::OkStatus();
  return EtagMismatch(name);
}

absl::StatusOr<access::Acting> AllowAs(const domain::Ground& ground, const rpc::Call& call,
                                       const Uuid& division, access::PostKinds kinds) {
  GW_RETURN_IF_ERROR(access::AllowAt(ground, call, division).status());
  const access::Permission* row = access::FindPermission(call.method);
  if (row != nullptr && row->kinds != 0) kinds &= row->kinds;
  access::Acting nearest;
  size_t nearest_depth = 0;
  for (const auto& [holding, at] : access::HeldBy(ground, call)) {
    if (nearest_depth > 0 && at != call.now) break;
    if ((kinds & access::Kinds({holding.post->kind})) == 0) continue;
    const Uuid stands = ground.DivisionOf(*holding.post);
    const size_t depth = ground.AncestorsAt(stands, at, absl::InfiniteFuture()).size();
    if (depth <= nearest_depth || !ground.AnswersFor(stands, division, at)) continue;
    nearest = {holding.post->id, holding.tenure->id, holding.post->kind, stands};
    nearest_depth = depth;
  }
  if (nearest_depth == 0) return NotAllowed("the caller may not do this here");
  return nearest;
}

}  // namespace gridwarden::casework
