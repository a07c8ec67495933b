#include "casework/signal_rules.h"

#include <algorithm>

#include "base/status.h"
#include "casework/handler.h"
#include "casework/place.h"
#include "casework/signal_repository.h"
#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"
#include "domain/policy/signal_rules.h"

namespace gridwarden::casework {
namespace {

absl::Status AccusedUnit(const domain::Ground& ground, const Handler& accused) {
  return FailedPrecondition("ACCUSED_UNIT", "whoever is complained about does not look whether it is so",
                            {{"unit", DisplayName(ground, accused)}});
}

std::optional<domain::Point> PointOf(const Place& place) {
  if (!place.position) return std::nullopt;
  return domain::Point{place.position->longitude(), place.position->latitude()};
}

}  // namespace

absl::StatusOr<access::Acting> AllowSignalDecision(const domain::Ground& ground, const rpc::Call& call,
                                                   const SignalFile& signal) {
  if (signal.details.dispute_count() == 0) return access::AllowAt(ground, call, signal.place.division);
  return access::AllowAt(ground, call, CountyOf(ground, signal.place.division, call.now));
}

bool HasReporter(const SignalFile& signal) {
  return signal.channel == v1::Signal::PUBLIC || signal.channel == v1::Signal::HOTLINE;
}

void StartReporterClock(const domain::Policy& policy, SignalFile& signal, absl::Time since) {
  if (!HasReporter(signal)) return;
  const absl::Time due =
      domain::AddLimit(since, domain::SignalRulesOf(policy).tell_reporter, policy.calendar);
  if (due != absl::InfiniteFuture()) *signal.details.mutable_acknowledge_due_time() = ToTimestamp(due);
  signal.details.clear_reporter_told_time();
}

absl::Status CheckNotAccused(db::Transaction& tx, const domain::Ground& ground, const SignalFile& signal,
                             const Uuid& post, const Uuid& person, absl::Time at) {
  std::vector<Handler> accused;
  GW_ASSIGN_OR_RETURN(const Uuid unit,
                      ParseResourceName("units", signal.details.accused_unit(), "accused_unit"));
  if (!unit.IsNil()) accused.push_back({unit, true});
  if (!signal.source.IsNil()) {
    GW_ASSIGN_OR_RETURN(const std::optional<Handler> handler, ReadLastHandler(tx, signal.source));
    if (handler) accused.push_back(*handler);
  }
  const auto belongs = [](const domain::Post& held, const Handler& to) {
    return to.is_unit ? held.unit == to.id : held.id == to.id;
  };
  const domain::Post* asked = ground.FindPost(post);
  const std::vector<domain::Holding> holdings = ground.HoldingsOf(person, at, absl::InfiniteFuture());
  for (const Handler& one : accused) {
    const bool is_accused = (asked != nullptr && belongs(*asked, one)) ||
                            std::any_of(holdings.begin(), holdings.end(), [&](const domain::Holding& held) {
                              return belongs(*held.post, one);
                            });
    if (is_accused) return AccusedUnit(ground, one);
  }
  return absl::OkStatus();
}

domain::Sighting SightingOf(const SignalFile& signal) {
  return {.category = signal.category,
          .source = signal.source,
          .point = PointOf(signal.place),
          .found = signal.event_time};
}

domain::Sighting SightingOf(const CaseFile& file) {
  return {.category = file.category,
          .source = file.source,
          .point = PointOf(file.place),
          .found = file.event_time};
}

}  // namespace gridwarden::casework
