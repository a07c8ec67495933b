#include "intake/hotspot_journal.h"

#include "gridwarden/intake/v1/hotspot_event.pb.h"
#include "intake/intake_service.h"

namespace gridwarden::intake {
namespace {

using v1::Hotspot;

v1::HotspotEvent EventOf(const HotspotRecord& record) {
  v1::HotspotEvent event;
  Hotspot* after = event.mutable_after();
  *after = HotspotOf(record);
  after->clear_file_name();
  after->clear_file_line();
  after->clear_given_place();
  after->clear_etag();
  event.set_hotspot(after->name());
  event.set_state(after->state());
  event.set_channel_key(after->channel_key());
  *event.mutable_position() = after->position();
  event.set_division(after->division());
  event.set_place_confidence(after->place_confidence());
  *event.mutable_acquisition_time() = after->acquisition_time();
  if (after->has_acquisition_until_time())
    *event.mutable_acquisition_until_time() = after->acquisition_until_time();
  event.set_confidence(after->confidence());
  event.set_confidence_percent(after->confidence_percent());
  event.set_frp_mw(after->frp_mw());
  event.set_satellite(after->satellite());
  event.set_instrument(after->instrument());
  event.set_version(after->version());
  if (record.signal_stands) event.set_replaces(after->replaces());
  return event;
}

}  // namespace

absl::StatusOr<journal::Sealed> SealHotspot(const rpc::Call& call, const access::Acting& acting,
                                            const std::string& request_id, HotspotRecord& record) {
  const v1::HotspotEvent event = EventOf(record);
  const bool day_only = record.row.acquired_until != absl::InfiniteFuture();
  GW_ASSIGN_OR_RETURN(
      journal::Sealed sealed,
      journal::Seal(call, {.kind = "hotspot",
                           .before = record.subject(),
                           .event = &event,
                           .post = acting.post,
                           .tenure = acting.tenure,
                           .earliest = record.row.acquired,
                           .latest = day_only ? record.row.acquired_until : record.row.acquired,
                           .request_id = request_id}));
  record.subject_seq = sealed.after.seq;
  record.subject_leaf = sealed.after.leaf;
  return sealed;
}

}  // namespace gridwarden::intake
