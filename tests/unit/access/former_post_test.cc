#include <random>

#include "access/permission.h"
#include "gtest/gtest.h"
#include "support/test_city.h"

// What somebody may still hand in who has left the post in which he did it (guarantees.md 6.5).
namespace gridwarden::access {
namespace {

using domain::PostKind;
using Interval = rpc::DeviceOperation::Interval;

const absl::Time kNow = absl::FromUnixSeconds(1790000000);
constexpr std::string_view kVisit = "gridwarden.patrol.v1.PatrolService/SubmitVisit";          // assigned
constexpr std::string_view kRecheck = "gridwarden.casework.v1.CaseworkService/SubmitRecheck";  // subtree

const testing::TestCity& C() { return testing::City(); }

domain::Ground WithTenures(std::vector<domain::Tenure> tenures) {
  const domain::Ground& city = *C().ground;
  return domain::Ground(city.divisions(), city.posts(), std::move(tenures), {}, city.units());
}

class FormerPost : public ::testing::Test {
 protected:
  const Uuid village = C().villages[0][0][0];
  const Uuid post = C().PostOf(PostKind::kPatrolOfficer, village).id;
  const Uuid person = C().PersonIn(post);
  const absl::Time left = kNow - absl::Hours(10);

  // The city after the officer has left, which was known and written down before.
  domain::Ground After(absl::Time known = kNow - absl::Hours(100)) const {
    std::vector<domain::Tenure> tenures = C().ground->tenures();
    for (domain::Tenure& tenure : tenures) {
      if (tenure.person != person) continue;
      domain::Tenure ended = tenure;
      ended.id = Uuid::Derive(tenure.id, "ended");
      ended.valid.to = left;
      ended.recorded = known;
      tenure.revoked = known;
      tenures.push_back(ended);
      break;
    }
    return WithTenures(tenures);
  }
  rpc::Call Replayed(std::optional<Interval> done, std::string_view method = kVisit) const {
    rpc::Call call = C().CallOfPerson(person, kNow, method);
    call.operation = rpc::DeviceOperation{};
    call.operation->done = done;
    return call;
  }
  Interval Around(absl::Time time) const { return {time - absl::Minutes(2), time + absl::Minutes(2)}; }
};

TEST_F(FormerPost, WhatWasDoneInTheTenureIsStillTaken) {
  const domain::Ground ground = After();
  const rpc::Call call = Replayed(Around(left - absl::Minutes(5)));
  EXPECT_TRUE(AllowCall(ground, call).ok());
  const absl::StatusOr<Acting> acting = AllowAssigned(ground, call, post);
  ASSERT_TRUE(acting.ok()) << acting.status();
  EXPECT_EQ(acting->post, post);
  EXPECT_EQ(acting->division, village);
  EXPECT_FALSE(acting->tenure.IsNil());
  const rpc::Call recheck = Replayed(Around(left - absl::Minutes(5)), kRecheck);
  EXPECT_EQ(AllowAt(ground, recheck, village)->post, post);
  EXPECT_FALSE(AllowAt(ground, recheck, C().villages[0][0][1]).ok());
}

TEST_F(FormerPost, WhatMayHaveBeenDoneAfterItsEndIsNot) {
  const domain::Ground ground = After();
  for (const Interval& done : {Around(left), Around(left + absl::Minutes(5)), Interval{left, left},
                               Interval{left - absl::Hours(5), kNow}, Interval{kNow, kNow},
                               Interval{left - absl::Minutes(1), left - absl::Minutes(2)}}) {
    EXPECT_FALSE(AllowCall(ground, Replayed(done)).ok());
    EXPECT_FALSE(AllowAssigned(ground, Replayed(done), post).ok());
  }
  const absl::Time last = left - absl::Microseconds(1);
  EXPECT_TRUE(AllowAssigned(ground, Replayed(Interval{last, last}), post).ok());
}

TEST_F(FormerPost, WithoutAnIntervalThePostsOfNowDecide) {
  const domain::Ground ground = After();
  EXPECT_FALSE(AllowCall(ground, Replayed(std::nullopt)).ok());
  EXPECT_FALSE(AllowAssigned(ground, C().CallOfPerson(person, kNow, kVisit), post).ok());
}

TEST_F(FormerPost, WhoeverWasSaidAfterwardsToHaveHeldItGetsNothingByIt) {
  // Written down after he did it: then he was not known to hold it.
  std::vector<domain::Tenure> tenures = C().ground->tenures();
  const Uuid other = C().PersonIn(PostKind::kGridLeader, C().townships[1][0]);
  domain::Tenure late = tenures.front();
  late.id = Uuid::Derive(other, "late");
  late.person = other;
  late.post = C().PostOf(PostKind::kPatrolOfficer, C().villages[0][0][3]).id;
  late.valid = {kNow - absl::Hours(48), kNow - absl::Hours(24)};
  late.recorded = kNow - absl::Hours(1);
  tenures.push_back(late);
  rpc::Call call = C().CallOfPerson(other, kNow, kVisit);
  call.operation = rpc::DeviceOperation{};
  call.operation->done = Around(kNow - absl::Hours(36));
  EXPECT_FALSE(AllowAssigned(WithTenures(tenures), call, late.post).ok());
}

TEST_F(FormerPost, AnEndThatIsWrittenDownLaterCountsFromItsDay) {
  // Known to hold it when he did it, and known today not to have held it.
  const domain::Ground ground = After(kNow - absl::Hours(1));
  EXPECT_FALSE(AllowAssigned(ground, Replayed(Around(left + absl::Hours(1))), post).ok());
  EXPECT_TRUE(AllowAssigned(ground, Replayed(Around(left - absl::Hours(1))), post).ok());
}

TEST_F(FormerPost, ListsGoByThePostsOfNow) {
  const domain::Ground ground = After();
  for (const std::string_view method : {kVisit, kRecheck}) {
    const rpc::Call call = Replayed(Around(left - absl::Minutes(5)), method);
    EXPECT_TRUE(ScopeOf(ground, call).empty());
    EXPECT_TRUE(AssigneesOf(ground, call).empty());
  }
}

TEST_F(FormerPost, ThePostsOfNowComeFirst) {
  // He is the township's supervision officer now; the village's patrol officer he was.
  std::vector<domain::Tenure> tenures = After().tenures();
  domain::Tenure now = tenures.back();
  now.id = Uuid::Derive(now.id, "now");
  now.post = C().PostOf(PostKind::kSupervisionOfficer, C().townships[0][0]).id;
  now.valid = {left, absl::InfiniteFuture()};
  tenures.push_back(now);
  const domain::Ground ground = WithTenures(tenures);
  const rpc::Call recheck = Replayed(Around(left - absl::Minutes(5)), kRecheck);
  EXPECT_EQ(AllowAt(ground, recheck, village)->post, now.post);
  EXPECT_EQ(HeldBy(ground, recheck).size(), 2u);
  EXPECT_EQ(AllowAssigned(ground, Replayed(Around(left - absl::Minutes(5))), post)->post, post);
}

TEST_F(FormerPost, NotLongerThanAPhoneMayBeAway) {
  const domain::Ground ground = After();
  rpc::Call call = Replayed(Around(left - absl::Minutes(5)));
  call.now = left + kAfterPost - absl::Hours(1);
  EXPECT_TRUE(AllowAssigned(ground, call, post).ok());
  call.now = left + kAfterPost + absl::Hours(1);
  EXPECT_FALSE(AllowAssigned(ground, call, post).ok());
}

// Whatever tenures there are and whenever something was done: what is allowed beyond the posts of now was
// allowed, by what was known then, at the beginning and at the end of the time in which it may have been
// done.
TEST(FormerPosts, NeverMoreThanWasAllowedThen) {
  std::mt19937_64 random(20261122);
  const auto pick = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  const std::vector<Uuid> people = {C().PersonIn(PostKind::kPatrolOfficer, C().villages[0][0][0]),
                                    C().PersonIn(PostKind::kGridOfficer, C().villages[0][0][1]),
                                    C().PersonIn(PostKind::kSupervisionOfficer, C().townships[0][0])};
  std::vector<Uuid> posts;
  for (const PostKind kind :
       {PostKind::kPatrolOfficer, PostKind::kGridOfficer, PostKind::kSupervisionOfficer})
    for (const Uuid& at : {C().villages[0][0][0], C().villages[0][0][1], C().townships[0][0]})
      posts.push_back(C().PostOf(kind, at).id);
  // As it stood at a time: what was not known yet is not there, what was withdrawn later stands.
  const auto known_at = [](std::vector<domain::Tenure> tenures, absl::Time time) {
    std::erase_if(tenures, [&](const domain::Tenure& one) { return one.recorded > time; });
    for (domain::Tenure& one : tenures)
      if (one.revoked > time) one.revoked = absl::InfiniteFuture();
    return WithTenures(tenures);
  };
  int beyond = 0, calls = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<domain::Tenure> tenures;
    for (int i = 0; i < 12; ++i) {
      domain::Tenure one;
      one.id = Uuid::Derive(Uuid(), std::to_string(round * 100 + i));
      one.post = posts[static_cast<size_t>(pick(static_cast<int64_t>(posts.size())))];
      one.person = people[static_cast<size_t>(pick(static_cast<int64_t>(people.size())))];
      one.kind = pick(3) == 0 ? domain::TenureKind::kActing : domain::TenureKind::kFormal;
      one.valid.from = kNow - absl::Hours(200 + pick(400));
      one.valid.to = pick(4) == 0 ? absl::InfiniteFuture() : one.valid.from + absl::Hours(1 + pick(500));
      one.recorded = one.valid.from + absl::Hours(pick(150) - 120);
      if (pick(5) == 0) one.revoked = one.recorded + absl::Hours(1 + pick(300));
      tenures.push_back(one);
    }
    const domain::Ground today = WithTenures(tenures);
    for (int i = 0; i < 40; ++i, ++calls) {
      const Uuid& person = people[static_cast<size_t>(pick(static_cast<int64_t>(people.size())))];
      const Uuid& subject = posts[static_cast<size_t>(pick(static_cast<int64_t>(posts.size())))];
      const Uuid division = today.DivisionOf(*today.FindPost(subject));
      Interval done;
      done.earliest = kNow - absl::Hours(pick(600));
      done.latest = done.earliest + absl::Hours(pick(60)) * pick(2);
      for (const std::string_view method : {kVisit, kRecheck}) {
        const auto allowed = [&](const domain::Ground& ground, const rpc::Call& call) {
          return AllowCall(ground, call).ok() && (method == kVisit ? AllowAssigned(ground, call, subject).ok()
                                                                   : AllowAt(ground, call, division).ok());
        };
        const rpc::Call plain = C().CallOfPerson(person, kNow, method);
        rpc::Call replayed = plain;
        replayed.operation = rpc::DeviceOperation{};
        ASSERT_EQ(allowed(today, plain), allowed(today, replayed)) << "without an interval as without sync";
        replayed.operation->done = done;
        ASSERT_EQ(ScopeOf(today, plain), ScopeOf(today, replayed));
        ASSERT_EQ(AssigneesOf(today, plain), AssigneesOf(today, replayed));
        if (allowed(today, plain)) {
          ASSERT_TRUE(allowed(today, replayed)) << "nothing is lost by it";
          continue;
        }
        if (!allowed(today, replayed)) continue;
        ++beyond;
        for (const absl::Time at : {done.earliest, done.latest}) {
          rpc::Call then = plain;
          then.now = at;
          ASSERT_TRUE(allowed(known_at(tenures, at), then)) << "as known then, round " << round;
          ASSERT_TRUE(allowed(today, then)) << "as known today, round " << round;
        }
      }
    }
  }
  EXPECT_GT(beyond, 200) << "of " << calls;
}

}  // namespace
}  // namespace gridwarden::access
