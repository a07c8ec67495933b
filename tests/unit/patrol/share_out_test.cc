#include "domain/patrol/share_out.h"

#include <algorithm>
#include <random>

#include "gtest/gtest.h"

// One day's tasks among people, against every other way of sharing them out.
namespace gridwarden::domain {
namespace {

Uuid Person(int i) { return Uuid::Derive(Uuid(), "person " + std::to_string(i)); }

struct Day {
  std::vector<Hand> hands;
  std::vector<Uuid> saw_last;
};

Day RandomDay(std::mt19937& random, int hands_max, int tasks_max) {
  Day day;
  const int hands = 1 + static_cast<int>(random() % hands_max);
  for (int i = 0; i < hands; ++i)
    day.hands.push_back({Person(i), static_cast<int>(random() % 3), static_cast<int>(random() % 5)});
  const int tasks = static_cast<int>(random() % (tasks_max + 1));
  for (int i = 0; i < tasks; ++i)
    day.saw_last.push_back(random() % 3 == 0 ? Uuid() : Person(random() % hands));
  return day;
}

std::vector<int> LoadsOf(const Day& day, const std::vector<int>& given) {
  std::vector<int> loads;
  for (const Hand& hand : day.hands) loads.push_back(hand.day_load);
  for (const int hand : given) ++loads[hand];
  return loads;
}

int RepeatsOf(const Day& day, const std::vector<int>& given) {
  int repeats = 0;
  for (size_t i = 0; i < given.size(); ++i) repeats += day.hands[given[i]].person == day.saw_last[i];
  return repeats;
}

// Every way of giving the tasks that leaves these loads.
int FewestRepeats(const Day& day, const std::vector<int>& loads, std::vector<int>& given) {
  if (given.size() == day.saw_last.size()) return LoadsOf(day, given) == loads ? RepeatsOf(day, given) : 1000;
  int fewest = 1000;
  for (size_t hand = 0; hand < day.hands.size(); ++hand) {
    given.push_back(static_cast<int>(hand));
    fewest = std::min(fewest, FewestRepeats(day, loads, given));
    given.pop_back();
  }
  return fewest;
}

TEST(ShareOut, LeavesNobodyMoreThanOneTaskAboveAnotherUnlessEarlierTasksDid) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const Day day = RandomDay(random, 7, 40);
    const std::vector<int> given = ShareOut(day.hands, day.saw_last);
    const std::vector<int> loads = LoadsOf(day, given);
    const int least = *std::min_element(loads.begin(), loads.end());
    for (size_t hand = 0; hand < loads.size(); ++hand) {
      if (loads[hand] > day.hands[hand].day_load) EXPECT_LE(loads[hand], least + 1);
    }
  }
}

TEST(ShareOut, RepeatsAPersonOnlyWhereEveryWayWithTheSameLoadsDoes) {
  std::mt19937 random(2);
  for (int i = 0; i < 3'000; ++i) {
    const Day day = RandomDay(random, 4, 6);
    const std::vector<int> given = ShareOut(day.hands, day.saw_last);
    std::vector<int> trial;
    ASSERT_EQ(RepeatsOf(day, given), FewestRepeats(day, LoadsOf(day, given), trial)) << "day " << i;
  }
}

TEST(ShareOut, GivesTheTaskLeftOverToWhoHasFewerOpenTasks) {
  const std::vector<Hand> hands = {{Person(0), 0, 9}, {Person(1), 0, 2}};
  EXPECT_EQ(ShareOut(hands, std::vector<Uuid>(1)), std::vector<int>{1});
}

TEST(ShareOut, GivesNothingWhenNobodyIsThere) {
  EXPECT_EQ(ShareOut({}, std::vector<Uuid>(3)), std::vector<int>(3, -1));
}

}  // namespace
}  // namespace gridwarden::domain
