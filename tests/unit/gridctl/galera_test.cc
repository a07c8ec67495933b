#include "gridctl/galera.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gridwarden::gridctl {
namespace {

using ::testing::HasSubstr;

constexpr char kCluster[] = "6f3a1c52-c7a1-11f0-9b7e-0a1b2c3d4e5f";

std::string Grastate(const std::string& cluster, int seqno, bool safe) {
  return "# GALERA saved state\nversion: 2.1\nuuid:    " + cluster + "\nseqno:   " + std::to_string(seqno) +
         "\nsafe_to_bootstrap: " + (safe ? "1" : "0") + "\n";
}

NodePosition At(int64_t seqno, bool safe = false) {
  return {.cluster = kCluster, .seqno = seqno, .safe_to_bootstrap = safe};
}

TEST(ReadPosition, ReadsAStateFileOfANodeThatStoppedInOrder) {
  const auto node = ReadPosition(Grastate(kCluster, 1835, true));
  ASSERT_TRUE(node.ok()) << node.status();
  EXPECT_EQ(node->cluster, kCluster);
  EXPECT_EQ(node->seqno, 1835);
  EXPECT_TRUE(node->safe_to_bootstrap);
  EXPECT_FALSE(node->empty());
}

TEST(ReadPosition, AfterACrashTheStateFileKnowsNoPosition) {
  const auto node = ReadPosition(Grastate(kCluster, -1, false));
  ASSERT_TRUE(node.ok());
  EXPECT_FALSE(node->seqno.has_value());
}

TEST(ReadPosition, ReadsWhatTheServerRecoveredAndTakesItsLastWord) {
  const auto node =
      ReadPosition("2026-11-22  9:00:01 0 [Note] WSREP: Recovered position: " + std::string(kCluster) +
                   ":1\n2026-11-22  9:12:01 0 [Note] InnoDB: log sequence number 45\n"
                   "2026-11-22  9:12:02 0 [Note] WSREP: Recovered position: " +
                   kCluster + ":1815,0-1-1815\n");
  ASSERT_TRUE(node.ok()) << node.status();
  EXPECT_EQ(node->seqno, 1815);
}

TEST(ReadPosition, ReadsAPastedPair) {
  EXPECT_EQ(ReadPosition(std::string(kCluster) + ":651")->seqno, 651);
  EXPECT_FALSE(ReadPosition(std::string(kCluster) + ":-1")->seqno.has_value());
}

TEST(ReadPosition, ANodeThatNeverHadDataIsEmpty) {
  EXPECT_TRUE(ReadPosition(Grastate("00000000-0000-0000-0000-000000000000", -1, false))->empty());
}

TEST(ReadPosition, RefusesWhatIsNone) {
  for (const std::string bad : {"", "651", "hello", "uuid: 12\nseqno: 3", "WSREP: Recovered position: x:1"}) {
    EXPECT_EQ(ReadPosition(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(Together, TheRecoveredPositionCompletesTheStateFile) {
  const auto both = Together(*ReadPosition(Grastate(kCluster, -1, true)), At(1835));
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->seqno, 1835);
  EXPECT_TRUE(both->safe_to_bootstrap);
  EXPECT_FALSE(Together(At(1), At(2)).ok());
  EXPECT_FALSE(Together(At(1), {.cluster = "another", .seqno = 1}).ok());
}

TEST(ChooseNode, OnlyTheOneThatCameFurthest) {
  // The figures of guarantees.md F5: another node would have dropped 1,184 commits.
  BootstrapQuestion question{.nodes = {{"a", At(1835)}, {"b", At(1815)}, {"c", At(651)}}, .cluster_size = 3};
  EXPECT_EQ(*ChooseNode(question), "a");
  question.wanted = "c";
  EXPECT_THAT(std::string(ChooseNode(question).status().message()),
              HasSubstr("would drop 1184 commits that a has"));
  question.wanted = "b";
  EXPECT_THAT(std::string(ChooseNode(question).status().message()), HasSubstr("would drop 20 commits"));
  question.wanted = "a";
  EXPECT_EQ(*ChooseNode(question), "a");
  question.wanted = "d";
  EXPECT_FALSE(ChooseNode(question).ok());
}

TEST(ChooseNode, AMarkOnANodeThatIsBehindCountsForNothing) {
  EXPECT_EQ(*ChooseNode({.nodes = {{"a", At(1835)}, {"c", At(651, true)}}, .cluster_size = 2}), "a");
  // Among equals it does.
  EXPECT_EQ(*ChooseNode({.nodes = {{"a", At(9)}, {"b", At(9, true)}, {"c", At(9)}}, .cluster_size = 3}), "b");
}

TEST(ChooseNode, EveryNodeIsLookedAtUnlessAReasonIsGiven) {
  BootstrapQuestion question{.nodes = {{"a", At(5)}, {"b", At(4)}}, .cluster_size = 3};
  EXPECT_THAT(std::string(ChooseNode(question).status().message()), HasSubstr("got 2 of 3 nodes"));
  question.missing_reason = "the disk of c is gone";
  EXPECT_EQ(*ChooseNode(question), "a");
  question.cluster_size = 1;
  EXPECT_FALSE(ChooseNode(question).ok());
}

TEST(ChooseNode, APositionThatIsNotKnownIsAskedFor) {
  const BootstrapQuestion question{.nodes = {{"a", At(5)}, {"b", {.cluster = kCluster}}}, .cluster_size = 2};
  EXPECT_THAT(std::string(ChooseNode(question).status().message()), HasSubstr("--wsrep-recover"));
}

TEST(ChooseNode, NodesOfDifferentClustersAreNoCluster) {
  const BootstrapQuestion question{
      .nodes = {{"a", At(5)}, {"b", {.cluster = "7f3a1c52-c7a1-11f0-9b7e-0a1b2c3d4e5f", .seqno = 9}}},
      .cluster_size = 2};
  EXPECT_THAT(std::string(ChooseNode(question).status().message()), HasSubstr("different clusters"));
}

TEST(ChooseNode, AnEmptyNodeOnlyJoins) {
  NodePosition empty;
  EXPECT_EQ(*ChooseNode({.nodes = {{"a", At(5)}, {"b", empty}}, .cluster_size = 2}), "a");
  EXPECT_FALSE(ChooseNode({.nodes = {{"a", At(5)}, {"b", empty}}, .cluster_size = 2, .wanted = "b"}).ok());
  EXPECT_FALSE(ChooseNode({.nodes = {{"a", empty}, {"b", empty}}, .cluster_size = 2}).ok());
}

}  // namespace
}  // namespace gridwarden::gridctl
