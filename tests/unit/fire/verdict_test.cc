#include "domain/fire/verdict.h"

#include <random>

#include "base/status.h"
#include "gridwarden/intake/v1/fire_service.pb.h"
#include "gtest/gtest.h"

namespace gridwarden::domain {
namespace {

using V = FireVerdict;
using S = VerdictState;
using A = VerdictAction;

TEST(FireVerdict, CarriesTheNumbersAndNamesOfTheProto) {
  namespace v1 = gridwarden::intake::v1;
  ASSERT_EQ(v1::HotspotVerdict::Verdict_MAX, kFireVerdictMax);
  ASSERT_EQ(v1::HotspotVerdict::State_MAX, kVerdictStateMax);
  for (int i = 0; i <= kFireVerdictMax; ++i)
    EXPECT_EQ(v1::HotspotVerdict::Verdict_Name(i), NameOf(static_cast<V>(i)));
  for (int i = 0; i <= kVerdictStateMax; ++i)
    EXPECT_EQ(v1::HotspotVerdict::State_Name(i), NameOf(static_cast<S>(i)));
}

TEST(FireVerdict, MovesByItsFourStepsAndByNothingElse) {
  int allowed = 0;
  for (int s = 0; s <= kVerdictStateMax; ++s) {
    for (int a = 0; a <= kVerdictActionMax; ++a) {
      const auto next = Next(static_cast<S>(s), static_cast<A>(a));
      if (next.ok()) {
        ++allowed;
      } else {
        EXPECT_EQ(ReasonOf(next.status()), "ILLEGAL_TRANSITION");
      }
    }
  }
  EXPECT_EQ(allowed, 4);
  EXPECT_EQ(*Next(S::kUnspecified, A::kAdjudicate), S::kAdjudicated);
  EXPECT_EQ(*Next(S::kAdjudicated, A::kAppeal), S::kAppealed);
  EXPECT_EQ(*Next(S::kAppealed, A::kDecide), S::kFinal);
  EXPECT_FALSE(Next(S::kFinal, A::kAppeal).ok());
}

TEST(FireVerdict, CountsOnlyStrawThatIsNotUnderAppeal) {
  for (int v = 0; v <= kFireVerdictMax; ++v) {
    for (int s = 1; s <= kVerdictStateMax; ++s) {
      EXPECT_EQ(Counts(static_cast<V>(v), static_cast<S>(s)),
                static_cast<V>(v) == V::kStraw && static_cast<S>(s) != S::kAppealed);
    }
  }
}

TEST(FireVerdict, NeedsPhotosOfWhatWasFoundOrThatNothingWas) {
  const Evidence near{"a", EvidenceKind::kNear}, far{"b", EvidenceKind::kFar},
      absence{"c", EvidenceKind::kAbsence};
  const Evidence both[] = {near, far}, one[] = {near}, none[] = {absence};
  EXPECT_TRUE(VerdictEvidence(V::kStraw, both).ok());
  EXPECT_EQ(ReasonOf(VerdictEvidence(V::kStraw, one)), "EVIDENCE_MISSING");
  EXPECT_EQ(ReasonOf(VerdictEvidence(V::kIndustrialFixed, none)), "EVIDENCE_MISSING");
  EXPECT_TRUE(VerdictEvidence(V::kNotFound, none).ok());
  EXPECT_EQ(ReasonOf(VerdictEvidence(V::kNotFound, both)), "EVIDENCE_MISSING");
  EXPECT_TRUE(VerdictEvidence(V::kNotObservable, {}).ok());
}

TEST(FireVerdict, TakesAppealsForTenDays) {
  const absl::Time decided = absl::FromUnixSeconds(1'790'000'000);
  EXPECT_TRUE(AppealTime(decided, decided + absl::Hours(240)).ok());
  EXPECT_EQ(ReasonOf(AppealTime(decided, decided + absl::Hours(240) + absl::Microseconds(1))),
            "APPEAL_PERIOD_OVER");
}

TEST(FireVerdict, SharesThePixelAmongTheDeepestDivisionsAndNeverMoreThanWhole) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> part(0, 0.7);
  for (int round = 0; round < 10'000; ++round) {
    std::vector<LocatedIn> located;
    const int villages = static_cast<int>(random() % 5);
    for (int i = 0; i < villages; ++i)
      located.push_back({Uuid::Derive(Uuid(), std::to_string(i)), Level::kVillage, part(random)});
    located.push_back({Uuid::Derive(Uuid(), "town"), Level::kTownship, part(random)});
    const auto shares = SharesOf(located);
    double sum = 0;
    for (const FireShare& share : shares) {
      EXPECT_GT(share.share, 0);
      sum += share.share;
      EXPECT_EQ(share.division == Uuid::Derive(Uuid(), "town"), villages == 0);
    }
    EXPECT_LE(sum, 1 + 1e-9);
  }
  EXPECT_TRUE(SharesOf({}).empty());
}

}  // namespace
}  // namespace gridwarden::domain
