#include <cmath>
#include <cstdlib>
#include <iostream>

#include "gtest/gtest.h"
#include "unit/ground/generated_reorganisations.h"

// Who answered for which ground, over reorganisations, acting periods and back-dated corrections (beyond.md
// B1): equal to a reading of the book line by line, for more than ten thousand reorganisations.
namespace gridwarden::domain {
namespace {

using testing::Book;
using testing::BookAnswers;
using testing::Clerk;
using testing::Day;
using testing::DivisionId;
using testing::kNever;
using testing::Operation;
using testing::World;

// A run can be repeated: GRIDWARDEN_SEED=n.
uint32_t Seed() {
  const char* given = std::getenv("GRIDWARDEN_SEED");
  return given == nullptr ? std::random_device()() : static_cast<uint32_t>(std::strtoul(given, nullptr, 10));
}

// One line of the book of appointments: on day `recorded` it was written down, on day `struck` struck out.
struct Appointment {
  int post = 0;
  TenureKind kind = TenureKind::kFormal;
  int from = 0, to = 0;
  int recorded = 0, struck = kNever;
};

struct PostLine {
  int division = 0;
  Regime regime = Regime::kGeneral;
  int from = -kNever, to = kNever;
};

struct Province {
  Book book;
  std::vector<Division> divisions;
  std::vector<Lineage> lineages;
  std::vector<PostLine> post_lines;
  std::vector<Appointment> appointments;
  std::vector<Post> posts;
  std::vector<Tenure> tenures;
};

absl::Time At(int day) {
  return day <= -kNever ? absl::InfinitePast() : day >= kNever ? absl::InfiniteFuture() : Day(day);
}

void Appoint(std::mt19937& random, Province& province) {
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  for (int d = 0; d < province.book.divisions; ++d) {
    for (int n = pick(0, 2); n > 0; --n) {
      PostLine line{d, static_cast<Regime>(pick(1, 3))};
      if (pick(0, 4) == 0) line.from = pick(0, 50);
      if (pick(0, 4) == 0) line.to = pick(51, 110);
      Post post;
      post.id = testing::IdOf("post", static_cast<int>(province.posts.size()));
      post.division = DivisionId(d);
      post.kind = static_cast<PostKind>(pick(1, 4));
      post.regime = line.regime;
      post.ordinal = n;
      post.valid = {At(line.from), At(line.to)};
      province.posts.push_back(post);
      province.post_lines.push_back(line);
    }
  }
  for (int n = 3 * static_cast<int>(province.posts.size()); n > 0; --n) {
    Appointment line;
    line.post = pick(0, static_cast<int>(province.posts.size()) - 1);
    line.kind = pick(0, 3) == 0 ? TenureKind::kActing : TenureKind::kFormal;
    line.recorded = pick(0, 110);
    line.from = pick(line.recorded - 40, line.recorded + 10);  // often back-dated
    line.to = pick(0, 2) == 0 ? kNever : line.from + pick(1, 40);
    // What stands never overlaps within one post and kind: the later line strikes the earlier out, or gives
    // way.
    bool gives_way = false;
    for (Appointment& old : province.appointments) {
      const bool clash = old.post == line.post && old.kind == line.kind && old.from < line.to &&
                         line.from < old.to && line.recorded < old.struck;
      if (!clash) continue;
      if (old.recorded <= line.recorded) {
        old.struck = line.recorded;
      } else {
        gives_way = true;
      }
    }
    if (!gives_way) province.appointments.push_back(line);
  }
  for (size_t i = 0; i < province.appointments.size(); ++i) {
    const Appointment& line = province.appointments[i];
    Tenure tenure;
    tenure.id = testing::IdOf("tenure", static_cast<int>(i));
    tenure.post = province.posts[line.post].id;
    tenure.person = testing::IdOf("person", static_cast<int>(i));
    tenure.kind = line.kind;
    tenure.valid = {At(line.from), At(line.to)};
    tenure.recorded = Day(line.recorded);
    tenure.revoked = At(line.struck);
    province.tenures.push_back(tenure);
  }
}

Province MakeProvince(std::mt19937& random, int reorganisations) {
  Province province;
  std::optional<Clerk> clerk;
  province.book = testing::MakeBook(random, reorganisations, [](const Book&, int) {});
  clerk.emplace(province.book);
  clerk->WriteUp(Clerk::kBefore);
  std::set<int> days;
  for (const Operation& op : province.book.operations) {
    days.insert(op.recorded);
    if (op.struck != kNever) days.insert(op.struck);
  }
  for (const int day : days) clerk->WriteUp(day);
  testing::Records records = clerk->Make();
  province.divisions = std::move(records.divisions);
  province.lineages = std::move(records.lineages);
  Appoint(random, province);
  return province;
}

struct Answer {
  Uuid division, post, tenure;
  auto operator<=>(const Answer&) const = default;
};

std::vector<Answer> ByTheBook(const Province& province, const std::vector<int>& chain, Regime regime, int at,
                              int known) {
  std::vector<Answer> answers;
  for (const int division : chain) {
    for (size_t p = 0; p < province.post_lines.size(); ++p) {
      const PostLine& post = province.post_lines[p];
      if (post.division != division || at < post.from || at >= post.to) continue;
      if (post.regime != Regime::kGeneral && post.regime != regime) continue;
      Answer answer{DivisionId(division), province.posts[p].id, Uuid()};
      for (const TenureKind kind : {TenureKind::kFormal, TenureKind::kActing}) {
        for (size_t i = 0; i < province.appointments.size(); ++i) {
          const Appointment& line = province.appointments[i];
          if (line.post == static_cast<int>(p) && line.kind == kind && line.recorded <= known &&
              known < line.struck && line.from <= at && at < line.to)
            answer.tenure = province.tenures[i].id;
        }
      }
      answers.push_back(answer);
    }
  }
  return answers;
}

TEST(ReorganisedGround, AnswersAsTheBookReadLineByLine) {
  const uint32_t seed = Seed();
  std::cout << "GRIDWARDEN_SEED=" << seed << "\n";
  constexpr int kProvinces = 720, kReorganisations = 30, kQuestions = 60;
  std::mt19937 random(seed);
  int64_t reorganised = 0, made = 0, struck = 0, back_dated = 0, compared = 0;
  int64_t gone = 0, passed_on = 0, divided = 0, before = 0, acting = 0, vacant = 0, used_again = 0;
  for (int n = 0; n < kProvinces; ++n) {
    const Province province = MakeProvince(random, kReorganisations);
    const BookAnswers book{province.book};
    const Ground ground(province.divisions, province.posts, province.tenures, {}, {}, province.lineages);
    province.book.Replay(kNever, kNever - 1, [&](int, const auto&, const World&) { ++made; });
    for (const Operation& op : province.book.operations) {
      ++reorganised;
      struck += op.struck != kNever;
      back_dated += op.effective < op.recorded;
    }
    for (int q = 0; q < kQuestions; ++q) {
      const int division = static_cast<int>(random() % province.book.divisions);
      const Regime regime = static_cast<Regime>(1 + random() % 3);
      const int at = static_cast<int>(random() % 125) - 5;
      const int known = static_cast<int>(random() % 125) - 5;
      const Uuid id = DivisionId(division);
      const auto where = [&] {
        return "seed " + std::to_string(seed) + " province " + std::to_string(n) + " division " +
               std::to_string(division) + " at " + std::to_string(at) + " known " + std::to_string(known) +
               testing::TextOf(province.book, known);
      };
      const std::vector<int> chain = book.AncestorsAt(division, at, known);
      std::vector<Uuid> want_chain, got_chain;
      for (const int d : chain) want_chain.push_back(DivisionId(d));
      for (const Division* d : ground.AncestorsAt(id, Day(at), Day(known))) got_chain.push_back(d->id);
      ASSERT_EQ(got_chain, want_chain) << where();
      ASSERT_EQ(ground.Existed(id, Day(at), Day(known)), !chain.empty()) << where();
      std::string key;
      for (auto level = want_chain.rbegin(); level != want_chain.rend(); ++level) key += level->Bytes();
      ASSERT_EQ(ground.PathKeyAt(id, Day(at), Day(known)), key) << where();

      // A code means whoever had it that day, as known today: none, or one.
      const World of_day = book.book.WorldAt(at, kNever - 1);
      const int code = static_cast<int>(random() % 28);
      const auto has_it = std::find(of_day.code.begin(), of_day.code.end(), code);
      const Division* by_code = ground.FindDivisionBySpelling("code:" + std::to_string(code), Day(at));
      ASSERT_EQ(
          by_code == nullptr ? Uuid() : by_code->id,
          has_it == of_day.code.end() ? Uuid() : DivisionId(static_cast<int>(has_it - of_day.code.begin())))
          << where();
      used_again += by_code != nullptr && by_code->id != DivisionId(code);

      const std::map<int, double> holders = book.HoldersOf(division, at, known);
      const bool shares_known = book.book.WorldAt(at, known).ever[division];
      std::map<Uuid, double> want_holders, got_holders;
      for (const auto& [d, share] : holders) want_holders[DivisionId(d)] = shares_known ? share : 0;
      for (const Ground::Heir& heir : ground.HoldersOf(id, Day(at), Day(known))) {
        ASSERT_TRUE(got_holders.emplace(heir.division->id, shares_known ? heir.share : 0).second) << where();
      }
      ASSERT_EQ(got_holders.size(), want_holders.size()) << where();
      for (const auto& [holder, share] : want_holders) {
        ASSERT_TRUE(got_holders.contains(holder)) << where();
        ASSERT_NEAR(got_holders[holder], share, 1e-9) << where();
      }
      gone += chain.empty() && holders.empty();
      passed_on += chain.empty() && holders.size() == 1;
      divided += chain.empty() && holders.size() > 1;
      before += !shares_known && !holders.empty();

      std::vector<Answer> want = ByTheBook(province, chain, regime, at, known), got;
      for (const Link& link : ground.ResolveResponsible(id, regime, Day(at), Day(known))) {
        got.push_back({link.division->id, link.post->id, link.tenure == nullptr ? Uuid() : link.tenure->id});
        vacant += link.tenure == nullptr;
        acting += link.tenure != nullptr && link.tenure->kind == TenureKind::kActing;
      }
      std::sort(got.begin(), got.end());
      std::sort(want.begin(), want.end());
      ASSERT_EQ(got, want) << where();
      ++compared;
    }
  }
  std::cout << reorganised << " reorganisations written down (" << made << " possible as known today, "
            << back_dated << " back-dated, " << struck << " struck out), " << compared
            << " questions: " << passed_on << " to one holder, " << divided << " to several, " << before
            << " before the division existed, " << gone << " to nobody; " << acting << " acting, " << vacant
            << " vacant; " << used_again << " codes used again\n";
  EXPECT_GE(made, 10000);
  EXPECT_EQ(compared, int64_t{kProvinces} * kQuestions);
  // The histories hold what they are meant to try.
  for (const int64_t tried :
       {struck, back_dated, gone, passed_on, divided, before, acting, vacant, used_again})
    EXPECT_GT(tried, 300);
}

// May act -> may list: every row whose division somebody answers for today lies in his ranges, wherever it
// was counted and whatever was thought of the ground when it was recorded.
TEST(ReorganisedGround, WhoAnswersForGroundListsAllItsRows) {
  const uint32_t seed = Seed();
  std::cout << "GRIDWARDEN_SEED=" << seed << "\n";
  std::mt19937 random(seed);
  int64_t answered = 0, foreign = 0;
  size_t keys_max = 0;
  for (int n = 0; n < 100; ++n) {
    const Province province = MakeProvince(random, 30);
    const Ground ground(province.divisions, {}, {}, {}, {}, province.lineages);
    const int today = 120;
    for (int q = 0; q < 400; ++q) {
      const Uuid row = DivisionId(static_cast<int>(random() % province.book.divisions));
      const Uuid mine = DivisionId(static_cast<int>(random() % province.book.divisions));
      const int at = static_cast<int>(random() % 120), known = at + static_cast<int>(random() % 20);
      const std::string path = ground.PathKeyAt(row, Day(at), Day(known));
      const std::vector<std::string> keys = ground.PathKeysHeldBy(mine, Day(today));
      keys_max = std::max(keys_max, keys.size());
      for (size_t i = 1; i < keys.size(); ++i) {
        ASSERT_LT(keys[i - 1], keys[i]);
        ASSERT_FALSE(keys[i].starts_with(keys[i - 1]));
      }
      if (path.empty() || !ground.AnswersFor(mine, row, Day(today))) continue;
      ++answered;
      const bool listed = std::any_of(keys.begin(), keys.end(),
                                      [&](const std::string& key) { return path.starts_with(key); });
      ASSERT_TRUE(listed) << "seed " << seed << " province " << n << " question " << q;
      const std::vector<std::string> own = ground.PathKeysEver(mine);
      foreign +=
          std::none_of(own.begin(), own.end(), [&](const std::string& key) { return path.starts_with(key); });
    }
  }
  std::cout << answered << " rows answered for, " << foreign << " of them under paths of others, at most "
            << keys_max << " ranges\n";
  EXPECT_GT(answered, 2000);
  EXPECT_GT(foreign, 50);
}

}  // namespace
}  // namespace gridwarden::domain
