#include "gateway/throttle.h"

#include <algorithm>

#include "gtest/gtest.h"

namespace gridwarden::gateway {
namespace {

constexpr int kHealth = 1;
constexpr int kEvidence = 2;
constexpr int kRead = 4;
const char kService[] = "casework";

// An area behind the throttle: so many calls come in a second, of which it takes at most so many.
struct Area {
  Throttle::Time now{std::chrono::hours(1)};
  Throttle throttle{[this] { return now; }};
  static constexpr int kQueue = 10;
  int room_left = 0;

  struct Counts {
    int sent = 0, accepted = 0, refused = 0;
  };
  Counts Run(int seconds, int calls, int room, int call_class = kRead) {
    Counts counts;
    for (int ms = 0; ms < seconds * 1000; ++ms) {
      // Evenly within the second.
      const auto due = [&](int rate) { return (ms + 1) * rate / 1000 - ms * rate / 1000; };
      room_left = std::min(room_left + due(room), kQueue);
      for (int i = due(calls); i > 0; --i) {
        if (throttle.Refuses(kService, call_class)) {
          ++counts.refused;
          continue;
        }
        ++counts.sent;
        if (room_left == 0) continue;
        --room_left;
        ++counts.accepted;
        throttle.Accepted(kService, call_class);
      }
      now += std::chrono::milliseconds(1);
    }
    return counts;
  }
};

TEST(Throttle, RefusesNothingWhileTheAreaTakesEverything) {
  Area area;
  EXPECT_EQ(area.Run(5, 1000, 1000).refused, 0);
}

TEST(Throttle, SendsNotMuchMoreThanTheAreaTakes) {
  Area area;
  area.Run(3, 5000, 500);
  const Area::Counts counts = area.Run(5, 5000, 500);
  EXPECT_LT(counts.sent, 2.2 * 500 * 5) << "of 25,000";
  EXPECT_GT(counts.accepted, 0.85 * 500 * 5) << "the area's room is used";
}

TEST(Throttle, SendsEverythingAgainSoonAfterTheAreaHasRoom) {
  Area area;
  area.Run(5, 5000, 500);
  area.Run(4, 500, 1000);
  EXPECT_EQ(area.Run(2, 500, 1000).refused, 0);
}

TEST(Throttle, FindsOutThatAnAreaThatTookNothingIsBack) {
  Area area;
  area.Run(5, 1000, 0);
  area.Run(6, 1000, 2000);
  EXPECT_EQ(area.Run(2, 1000, 2000).refused, 0);
}

TEST(Throttle, JudgesEachClassByItselfAndNeverRefusesHealth) {
  Area area;
  area.Run(3, 5000, 0);
  EXPECT_EQ(area.Run(1, 1000, 1000, kEvidence).refused, 0);
  EXPECT_EQ(area.Run(1, 1000, 0, kHealth).refused, 0);
  EXPECT_GT(area.throttle.refused()[kRead], 0u);
}

}  // namespace
}  // namespace gridwarden::gateway
