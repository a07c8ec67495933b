#include "journal/ordering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "absl/time/clock.h"

namespace gridwarden::journal {
namespace {

std::string LeafOf(int subject, uint64_t seq) {
  return seq == 0 ? "" : "leaf of " + std::to_string(subject) + " at " + std::to_string(seq);
}
Uuid SubjectOf(int subject) {
  return Uuid::Derive(Uuid::Parse("01900000-0000-7000-8000-000000000001").value(), std::to_string(subject));
}

StagedEntry Staged(uint64_t id, int subject, uint64_t seq) {
  return {.id = id,
          .subject = SubjectOf(subject),
          .subject_seq = seq,
          .kind = "case",
          .subject_prev = LeafOf(subject, seq - 1),
          .leaf = LeafOf(subject, seq),
          .well_formed = true};
}

std::vector<uint64_t> Ids(const Order& order) {
  std::vector<uint64_t> ids;
  for (const StagedEntry& entry : order.ready) ids.push_back(entry.id);
  return ids;
}

TEST(OrderStaged, KeepsTheOrderOfStaging) {
  const Order order = OrderStaged({Staged(3, 1, 1), Staged(1, 2, 1), Staged(2, 3, 1)}, {});
  EXPECT_EQ(Ids(order), (std::vector<uint64_t>{1, 2, 3}));
}

TEST(OrderStaged, PutsAPredecessorFirstThoughItsIdIsHigher) {
  const Order order = OrderStaged({Staged(1, 1, 2), Staged(2, 2, 1), Staged(3, 1, 1)}, {});
  EXPECT_EQ(Ids(order), (std::vector<uint64_t>{2, 3, 1}));
}

TEST(OrderStaged, HoldsBackAnEntryWhosePredecessorIsMissing) {
  const Order order = OrderStaged({Staged(1, 1, 2), Staged(2, 1, 3), Staged(3, 2, 1)}, {});
  EXPECT_EQ(Ids(order), (std::vector<uint64_t>{3}));
  EXPECT_EQ(order.waiting, 2);
  EXPECT_TRUE(order.faults.empty());
}

TEST(OrderStaged, GoesOnFromTheLastSequencedEntry) {
  const Order order = OrderStaged({Staged(1, 1, 5), Staged(2, 1, 6)}, {{SubjectOf(1), 4, LeafOf(1, 4)}});
  EXPECT_EQ(Ids(order), (std::vector<uint64_t>{1, 2}));
}

TEST(OrderStaged, ANumberThatIsTakenIsAFaultAndHoldsNobodyElseUp) {
  const Order order = OrderStaged({Staged(1, 1, 4), Staged(2, 2, 1)}, {{SubjectOf(1), 4, LeafOf(1, 4)}});
  EXPECT_EQ(Ids(order), (std::vector<uint64_t>{2}));
  ASSERT_EQ(order.faults.size(), 1u);
  EXPECT_NE(order.faults[0].find("taken"), std::string::npos);
}

TEST(OrderStaged, AChainThatDoesNotFitIsAFault) {
  StagedEntry forged = Staged(1, 1, 2);
  forged.subject_prev = "another leaf";
  const Order order = OrderStaged({forged, Staged(2, 1, 3)}, {{SubjectOf(1), 1, LeafOf(1, 1)}});
  EXPECT_TRUE(order.ready.empty());
  EXPECT_EQ(order.faults.size(), 1u);
  EXPECT_EQ(order.waiting, 1);
}

TEST(OrderStaged, ABodyThatIsNotWhatItsColumnsSayIsAFault) {
  StagedEntry forged = Staged(1, 1, 1);
  forged.well_formed = false;
  EXPECT_EQ(OrderStaged({forged}, {}).faults.size(), 1u);
}

// Any arrival order, any cut into batches: each subject comes complete and in sequence.
TEST(OrderStaged, GivesEachSubjectInSequenceHoweverTheEntriesArrive) {
  std::mt19937 random(42);
  for (int round = 0; round < 200; ++round) {
    std::vector<StagedEntry> all;
    uint64_t id = 0;
    for (int subject = 0; subject < 6; ++subject) {
      const uint64_t count = 1 + random() % 8;
      for (uint64_t seq = 1; seq <= count; ++seq) all.push_back(Staged(++id, subject, seq));
    }
    std::shuffle(all.begin(), all.end(), random);
    std::vector<StagedEntry> staged;
    std::map<Uuid, ChainEnd> ends;
    size_t sequenced = 0;
    size_t arrived = 0;
    while (sequenced < all.size()) {
      const size_t more = std::min<size_t>(all.size() - arrived, 1 + random() % 5);
      staged.insert(staged.end(), all.begin() + arrived, all.begin() + arrived + more);
      arrived += more;
      std::vector<ChainEnd> known;
      for (const auto& [subject, end] : ends) known.push_back(end);
      const Order order = OrderStaged(staged, known);
      ASSERT_TRUE(order.faults.empty()) << order.faults[0];
      ASSERT_EQ(order.ready.size() + order.waiting, staged.size());
      for (const StagedEntry& entry : order.ready) {
        ASSERT_EQ(entry.subject_seq, ends[entry.subject].seq + 1);
        ends[entry.subject] = {entry.subject, entry.subject_seq, entry.leaf};
        std::erase_if(staged, [&](const StagedEntry& other) { return other.id == entry.id; });
        ++sequenced;
      }
    }
  }
}

}  // namespace
}  // namespace gridwarden::journal
