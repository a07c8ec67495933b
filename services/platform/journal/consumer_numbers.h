#pragma once

#include <cstdint>
#include <string>

#include "platform/runtime/instruments.h"

// How far one reader of the feed has come. Seconds behind are time() less gridwarden_consumer_caught_up_...:
// they grow by themselves while nothing goes on.
namespace gridwarden::journal {

class ConsumerNumbers {
 public:
  explicit ConsumerNumbers(const std::string& consumer)
      : lag_("gridwarden_consumer_lag_entries", "Entries of the journal that a consumer has not looked at.",
             {{"consumer", consumer}}),
        index_("gridwarden_consumer_index", "The next entry a consumer will look at.",
               {{"consumer", consumer}}),
        caught_up_("gridwarden_consumer_caught_up_timestamp_seconds",
                   "When a consumer had last looked at every entry, Unix time.", {{"consumer", consumer}}) {
    caught_up_.SetToNow();
    NoteHealth(consumer, absl::OkStatus());
  }

  // It has come to `next` of a log of `size` entries.
  void Read(uint64_t next, uint64_t size) {
    lag_.Set(next < size ? static_cast<double>(size - next) : 0);
    index_.Set(static_cast<double>(next));
    if (next >= size) caught_up_.SetToNow();
  }

 private:
  Gauge lag_, index_, caught_up_;
};

}  // namespace gridwarden::journal
