#include <algorithm>
#include <random>
#include <vector>

#include "domain/ground/ground.h"
#include "gtest/gtest.h"

// Who was responsible there, then, as known at a time: compared with an oracle that replays the record book
// from its first page.
namespace gridwarden::domain {
namespace {

const absl::Time kEpoch = absl::FromUnixSeconds(1700000000);
absl::Time Day(int day) { return kEpoch + absl::Hours(24) * day; }

// One line of the book: on day `recorded` the tenure was written down, or struck out.
struct BookLine {
  int recorded;
  bool strike;
  int tenure;
};

struct History {
  std::vector<Division> divisions;
  std::vector<Post> posts;
  std::vector<Tenure> tenures;
  std::vector<BookLine> book;
};

// A tree of four levels with posts, appointments, acting periods, gaps, and corrections made weeks after the
// event.
History MakeHistory(uint32_t seed) {
  std::mt19937 random(seed);
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  int next_id = 1;
  const auto id = [&] {
    return Uuid::Derive(*Uuid::Parse("018bcfe5-6800-7000-8000-000000000001"), std::to_string(next_id++));
  };
  History history;
  for (int i = 0; i < 12; ++i) {
    Division division;
    division.id = id();
    if (i > 0) division.parent = history.divisions[pick(std::max(0, i - 4), i - 1)].id;
    division.display_name = "d" + std::to_string(i);
    history.divisions.push_back(division);
  }
  for (const Division& division : history.divisions) {
    for (int n = pick(0, 4); n > 0; --n) {
      Post post;
      post.id = id();
      post.division = division.id;
      post.kind = static_cast<PostKind>(pick(1, 4));
      post.regime = static_cast<Regime>(pick(1, 3));
      post.ordinal = n;
      if (pick(0, 4) == 0) post.valid.from = Day(pick(0, 50));
      if (pick(0, 4) == 0) post.valid.to = Day(pick(51, 100));
      history.posts.push_back(post);
    }
  }
  // Day by day somebody writes into the book. What stands never overlaps within one post and kind.
  for (int day = 0; day < 120; ++day) {
    for (int n = pick(0, 3); n > 0 && !history.posts.empty(); --n) {
      const Post& post = history.posts[pick(0, static_cast<int>(history.posts.size()) - 1)];
      Tenure tenure;
      tenure.id = id();
      tenure.post = post.id;
      tenure.person = id();
      tenure.kind = pick(0, 3) == 0 ? TenureKind::kActing : TenureKind::kFormal;
      const int from = pick(std::max(0, day - 40), day + 10);  // often back-dated
      tenure.valid = {Day(from), pick(0, 2) == 0 ? absl::InfiniteFuture() : Day(from + pick(1, 40))};
      tenure.recorded = Day(day);
      for (size_t i = 0; i < history.tenures.size(); ++i) {
        Tenure& old = history.tenures[i];
        const bool stands = old.revoked == absl::InfiniteFuture();
        if (stands && old.post == tenure.post && old.kind == tenure.kind &&
            old.valid.Overlaps(tenure.valid)) {
          old.revoked = Day(day);
          history.book.push_back({day, true, static_cast<int>(i)});
        }
      }
      history.tenures.push_back(tenure);
      history.book.push_back({day, false, static_cast<int>(history.tenures.size()) - 1});
    }
  }
  return history;
}

struct Answer {
  Uuid division, post, tenure;
  auto operator<=>(const Answer&) const = default;
};

std::vector<Answer> Oracle(const History& history, const Uuid& division, Regime regime, int at, int known) {
  std::vector<bool> stands(history.tenures.size(), false);
  for (const BookLine& line : history.book) {
    if (line.recorded <= known) stands[line.tenure] = !line.strike;
  }
  std::vector<Answer> answers;
  for (Uuid here = division; !here.IsNil();) {
    for (const Post& post : history.posts) {
      if (post.division != here || !(post.valid.from <= Day(at) && Day(at) < post.valid.to)) continue;
      if (post.regime != Regime::kGeneral && post.regime != regime) continue;
      Answer answer{here, post.id, Uuid()};
      for (const TenureKind kind : {TenureKind::kFormal, TenureKind::kActing}) {
        for (size_t i = 0; i < stands.size(); ++i) {
          const Tenure& tenure = history.tenures[i];
          if (stands[i] && tenure.post == post.id && tenure.kind == kind && tenure.valid.from <= Day(at) &&
              Day(at) < tenure.valid.to) {
            answer.tenure = tenure.id;
          }
        }
      }
      answers.push_back(answer);
    }
    here = std::find_if(history.divisions.begin(), history.divisions.end(), [&](const Division& d) {
             return d.id == here;
           })->parent;
  }
  return answers;
}

TEST(ResolveResponsible, EqualsAReplayOfTheRecordBookForEveryGeneratedHistory) {
  int compared = 0;
  int vacant = 0;
  int acting = 0;
  for (uint32_t seed = 1; seed <= 120; ++seed) {
    const History history = MakeHistory(seed);
    const Ground ground(history.divisions, history.posts, history.tenures, {}, {});
    std::mt19937 random(seed * 7919);
    for (int n = 0; n < 100; ++n) {
      const Uuid division = history.divisions[random() % history.divisions.size()].id;
      const Regime regime = static_cast<Regime>(1 + random() % 3);
      const int at = static_cast<int>(random() % 130);
      const int known = static_cast<int>(random() % 130);
      std::vector<Answer> got;
      for (const Link& link : ground.ResolveResponsible(division, regime, Day(at), Day(known))) {
        got.push_back({link.division->id, link.post->id, link.tenure == nullptr ? Uuid() : link.tenure->id});
        if (link.tenure == nullptr) ++vacant;
        if (link.tenure != nullptr && link.tenure->kind == TenureKind::kActing) ++acting;
      }
      std::vector<Answer> want = Oracle(history, division, regime, at, known);
      std::sort(got.begin(), got.end());
      std::sort(want.begin(), want.end());
      ASSERT_EQ(got, want) << "seed " << seed << " query " << n;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 12000);
  // The histories hold what they are meant to try.
  EXPECT_GT(vacant, 1000);
  EXPECT_GT(acting, 1000);
}

// One post with one story, for the rules one by one.
class OnePost : public ::testing::Test {
 protected:
  OnePost() {
    village_.id = Id(1);
    village_.display_name = "前王村";
    post_.id = Id(2);
    post_.division = village_.id;
    post_.kind = PostKind::kGridLeader;
  }
  static Uuid Id(int n) {
    return Uuid::Derive(*Uuid::Parse("018bcfe5-6800-7000-8000-000000000001"), std::to_string(n));
  }
  Tenure Held(int n, TenureKind kind, absl::Time from, absl::Time to, absl::Time recorded) {
    Tenure tenure;
    tenure.id = Id(n);
    tenure.post = post_.id;
    tenure.person = Id(n + 100);
    tenure.kind = kind;
    tenure.valid = {from, to};
    tenure.recorded = recorded;
    return tenure;
  }
  Uuid HolderAt(const std::vector<Tenure>& tenures, absl::Time at, absl::Time known) {
    const Ground ground({village_}, {post_}, tenures, {}, {});
    const Tenure* tenure = ground.HolderOf(post_.id, at, known);
    return tenure == nullptr ? Uuid() : tenure->id;
  }
  Division village_;
  Post post_;
};

TEST_F(OnePost, TheDayATenureEndsBelongsToTheNextOne) {
  const std::vector<Tenure> tenures = {
      Held(10, TenureKind::kFormal, Day(0), Day(10), Day(0)),
      Held(11, TenureKind::kFormal, Day(10), absl::InfiniteFuture(), Day(9))};
  EXPECT_EQ(HolderAt(tenures, Day(10) - absl::Microseconds(1), Day(20)), Id(10));
  EXPECT_EQ(HolderAt(tenures, Day(10), Day(20)), Id(11));
}

TEST_F(OnePost, WhatWasRecordedLaterWasNotKnownBefore) {
  const std::vector<Tenure> tenures = {
      Held(10, TenureKind::kFormal, Day(0), absl::InfiniteFuture(), Day(30))};
  EXPECT_EQ(HolderAt(tenures, Day(5), Day(29)), Uuid());
  EXPECT_EQ(HolderAt(tenures, Day(5), Day(30)), Id(10));
}

TEST_F(OnePost, AWithdrawnRecordStillAnswersForWhatWasKnownThen) {
  Tenure wrong = Held(10, TenureKind::kFormal, Day(0), absl::InfiniteFuture(), Day(1));
  wrong.revoked = Day(20);
  const std::vector<Tenure> tenures = {
      wrong, Held(11, TenureKind::kFormal, Day(0), absl::InfiniteFuture(), Day(20))};
  EXPECT_EQ(HolderAt(tenures, Day(5), Day(19)), Id(10));
  EXPECT_EQ(HolderAt(tenures, Day(5), Day(20)), Id(11));
  EXPECT_EQ(HolderAt(tenures, Day(5), absl::InfiniteFuture()), Id(11));
}

TEST_F(OnePost, TheActingHolderAnswersWhileActing) {
  const std::vector<Tenure> tenures = {Held(10, TenureKind::kFormal, Day(0), absl::InfiniteFuture(), Day(0)),
                                       Held(11, TenureKind::kActing, Day(5), Day(8), Day(5))};
  EXPECT_EQ(HolderAt(tenures, Day(4), Day(9)), Id(10));
  EXPECT_EQ(HolderAt(tenures, Day(5), Day(9)), Id(11));
  EXPECT_EQ(HolderAt(tenures, Day(8), Day(9)), Id(10));
}

TEST_F(OnePost, APostThatDidNotExistThenHasNoHolderAndNoLink) {
  post_.valid = {Day(10), absl::InfiniteFuture()};
  const Ground ground({village_}, {post_},
                      {Held(10, TenureKind::kFormal, Day(0), absl::InfiniteFuture(), Day(0))}, {}, {});
  EXPECT_TRUE(ground.ResolveResponsible(village_.id, Regime::kGeneral, Day(9), Day(50)).empty());
  EXPECT_TRUE(ground.HoldingsOf(Id(110), Day(9), Day(50)).empty());
  EXPECT_EQ(ground.HoldingsOf(Id(110), Day(10), Day(50)).size(), 1u);
}

TEST_F(OnePost, AVacantPostIsALinkWithoutTenure) {
  const Ground ground({village_}, {post_}, {}, {}, {});
  const std::vector<Link> chain = ground.ResolveResponsible(village_.id, Regime::kGeneral, Day(0), Day(0));
  ASSERT_EQ(chain.size(), 1u);
  EXPECT_EQ(chain[0].post->id, post_.id);
  EXPECT_EQ(chain[0].tenure, nullptr);
}

}  // namespace
}  // namespace gridwarden::domain
