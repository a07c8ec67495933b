#include "absl/strings/str_cat.h"
#include "access/standing.h"
#include "base/status.h"
#include "casework/casework.h"
#include "casework/media_repository.h"
#include "casework/place.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "gridwarden/intake/v1/hotspot_event.pb.h"
#include "gridwarden/patrol/v1/patrol_event.pb.h"

// Signals that other areas' entries become. What stands in the feed has happened: it is never refused here,
// only filed.
namespace gridwarden::casework {
namespace {

constexpr std::string_view kStrawBurning = "STRAW_BURNING";

// The signal of an entry has an id derived from it, so that a repeat can only make the same one again.
SignalFile SignalOf(const rpc::Call& call, const journal::FeedEntry& entry) {
  SignalFile signal;
  signal.id = Uuid::Derive(entry.id(), "casework.signal");
  signal.event_time = EntryTime(entry);
  signal.receive_time = call.now;
  return signal;
}

// Claims what can be claimed: a photo that is another case's evidence stays with the visit and is not refused
// after the fact.
absl::Status ClaimWhatIsFree(db::Transaction& tx, const SignalFile& signal, absl::Time now) {
  for (const std::string& digest : DigestsOf(signal.evidence, signal.answers)) {
    const absl::Status claimed = ClaimMedia(tx, {.signal = signal.id}, {digest}, signal.finder, now);
    if (!claimed.ok() && ReasonOf(claimed) != "PHOTO_OF_OTHER_CASE") return claimed;
  }
  return absl::OkStatus();
}

// `post` is the one in which the finder found it; nil for what no person found.
absl::Status Submit(const Casework& casework, const rpc::Call& call, db::Transaction& tx, SignalFile& signal,
                    const Uuid& post) {
  Step step{.action = v1::SUBMIT,
            .acting = {.post = post},
            .event_time = signal.event_time,
            .earliest = EarliestOf(signal),
            .received = call.now,
            .proof = {signal.evidence, signal.answers, signal.place.position}};
  GW_RETURN_IF_ERROR(Advance(*casework.policy, signal, step));
  const absl::StatusOr<v1::Signal> recorded = Record(tx, call, *casework.policy, signal, step);
  // Handed in before, by the officer or by an earlier run: the first one stands.
  if (db::IsDuplicateKey(recorded.status())) return absl::OkStatus();
  GW_RETURN_IF_ERROR(recorded.status());
  return ClaimWhatIsFree(tx, signal, call.now);
}

// The ground this process knows must hold the division, or the entry waits until it does.
absl::StatusOr<Place> PlaceOf(const domain::Ground& ground, std::string_view division,
                              const type::v1::Position* position, absl::Time event_time) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("divisions", division, "division"));
  const domain::Division* told = ground.FindDivision(id);
  if (told == nullptr) {
    return Unavailable("LOST_RACE", "the division of the entry is newer than this process's ground",
                       absl::Seconds(1));
  }
  return PlaceAt(ground, access::LikeliestAt(ground, *told, event_time).id,
                 position == nullptr ? std::nullopt : std::optional(*position), event_time);
}

}  // namespace

absl::Status SignalOfVisit(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                           const journal::FeedEntry& entry) {
  patrol::v1::VisitEvent visit;
  if (!entry.ReadEvent(&visit) || visit.result() != patrol::v1::Visit::PROBLEM) return absl::OkStatus();
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  SignalFile signal = SignalOf(call, entry);
  SetEarliest(absl::FromUnixMicros(entry.entry.time().earliest_us()), signal);
  signal.channel = v1::Signal::PATROL;
  signal.channel_key = visit.visit();
  signal.category = visit.category();
  GW_ASSIGN_OR_RETURN(signal.place,
                      PlaceOf(*ground, visit.division(), visit.has_position() ? &visit.position() : nullptr,
                              signal.event_time));
  signal.place_confidence = 1;
  GW_ASSIGN_OR_RETURN(signal.source, ParseResourceName("sources", visit.source(), "source"));
  GW_ASSIGN_OR_RETURN(signal.finder, ParseResourceName("persons", visit.finder(), "finder"));
  signal.evidence.assign(visit.evidence().begin(), visit.evidence().end());
  signal.answers.assign(visit.answers().begin(), visit.answers().end());
  GW_ASSIGN_OR_RETURN(const Uuid post, ParseResourceName("posts", visit.finder_post(), "finder_post"));
  return Submit(casework, call, tx, signal, post);
}

absl::Status SignalOfHotspot(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                             const journal::FeedEntry& entry) {
  intake::v1::HotspotEvent hotspot;
  if (!entry.ReadEvent(&hotspot)) return absl::OkStatus();
  if (hotspot.state() != intake::v1::Hotspot::LOCATED || !hotspot.replaces().empty()) return absl::OkStatus();
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  SignalFile signal = SignalOf(call, entry);
  signal.channel = v1::Signal::SATELLITE;
  signal.channel_key = hotspot.channel_key();
  signal.category = std::string(kStrawBurning);
  signal.event_time = FromTimestamp(hotspot.acquisition_time());
  GW_ASSIGN_OR_RETURN(signal.place,
                      PlaceOf(*ground, hotspot.division(),
                              hotspot.has_position() ? &hotspot.position() : nullptr, signal.event_time));
  signal.place_confidence = hotspot.place_confidence();
  return Submit(casework, call, tx, signal, Uuid());
}

}  // namespace gridwarden::casework
