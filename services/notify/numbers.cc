#include "notify/numbers.h"

#include <string>

#include "absl/strings/ascii.h"
#include "platform/runtime/instruments.h"

namespace gridwarden::notify {
namespace {

Counter Deliveries(v1::Delivery::Channel channel, v1::Delivery::State state) {
  return Counter("gridwarden_notice_deliveries_total",
                 "Attempts to deliver a notice, by channel and what became of them.",
                 {{"channel", absl::AsciiStrToLower(v1::Delivery::Channel_Name(channel))},
                  {"state", absl::AsciiStrToLower(v1::Delivery::State_Name(state))}});
}

Counter& Beyond() {
  static Counter counter("gridwarden_notice_recipients_beyond_total",
                         "Recipients that were left out because one notice had too many.");
  return counter;
}

Counter& Vacant() {
  static Counter counter("gridwarden_notices_to_vacant_posts_total",
                         "Notices to posts that nobody held: they wait for the next holder.");
  return counter;
}

}  // namespace

void CountOutcome(v1::Delivery::Channel channel, v1::Delivery::State state) {
  Deliveries(channel, state).Add();
}
void CountBeyond(size_t recipients) { Beyond().Add(static_cast<double>(recipients)); }
void CountVacant() { Vacant().Add(); }

void ShowNumbers(v1::Delivery::Channel channel) {
  Beyond();
  Vacant();
  for (const auto state :
       {v1::Delivery::WAITING, v1::Delivery::DELIVERED, v1::Delivery::GIVEN_UP, v1::Delivery::NOBODY})
    Deliveries(channel, state);
}

}  // namespace gridwarden::notify
