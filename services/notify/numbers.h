#pragma once

#include "gridwarden/notify/v1/notify.pb.h"

// What this area counts for /metrics.
namespace gridwarden::notify {

void CountOutcome(v1::Delivery::Channel channel, v1::Delivery::State state);
// Recipients that were left out because one notice had too many.
void CountBeyond(size_t recipients);
// A notice to a post that nobody held.
void CountVacant();

// Shows them all from the start, at 0: an alert on a number that is not there yet never fires.
void ShowNumbers(v1::Delivery::Channel channel);

}  // namespace gridwarden::notify
