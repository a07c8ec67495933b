// A million generated assignments against B4 said once more: plainly, over numbers, without anything of the
// rules' own code.
#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "domain/workflow/separation.h"
#include "gtest/gtest.h"
#include "unit/domain/ground_builder.h"

namespace gridwarden::domain {
namespace {

using testing::GroundBuilder;
using testing::IdOf;

constexpr int kPersons = 24;
constexpr int kNobody = -1;

// Of the two times that are asked about, one lies before the handover of every post and one after it.
const absl::Time kHandover = absl::FromUnixSeconds(1'790'000'000);
absl::Time TimeOf(int epoch) { return kHandover + (epoch == 0 ? -absl::Hours(5) : absl::Hours(5)); }

struct PlainPlace {
  std::string name;
  int parent = kNobody;
  Level level = Level::kUnspecified;
};
struct PlainPost {
  std::string name;
  Uuid id;
  int place = 0;
  int unit = kNobody;
  bool supervision = false;
  std::array<int, 2> holder = {kNobody, kNobody};  // before and after the handover
};
struct PlainQuestion {
  int epoch = 0, place = 0, fixer = kNobody, fixer_post = kNobody, party_unit = kNobody;
  std::set<int> out;   // handled, found, in conflict ...
  std::set<int> last;  // checked this fixer last
};

class PlainCounty {
 public:
  explicit PlainCounty(uint64_t seed) : random_(seed) {
    const int city = AddPlace("city", kNobody, Level::kCity);
    const int county = AddPlace("county", city, Level::kCounty);
    for (int t = 0; t < 3; ++t) {
      const int township = AddPlace("t" + std::to_string(t), county, Level::kTownship);
      for (int v = 0; v < 2; ++v) {
        const int village =
            AddPlace(places_[township].name + "v" + std::to_string(v), township, Level::kVillage);
        if (v == 0) AddPlace(places_[village].name + "g", village, Level::kGroup);
      }
    }
    for (int unit = 0; unit < 2; ++unit) {
      builder_.AddUnit(UnitName(unit), "county");
      for (int i = 0; i < 2; ++i) AddPost(UnitName(unit) + " desk " + std::to_string(i), county, unit, false);
    }
    ground_ = builder_.Build();
    for (int i = 0; i < kPersons; ++i) person_ids_.push_back(IdOf(PersonName(i)));
  }

  const Ground& ground() const { return *ground_; }
  const PlainPost& post(int i) const { return posts_[i]; }

  PlainQuestion Ask() {
    PlainQuestion question;
    question.epoch = Pick(2);
    question.place = Pick(static_cast<int>(places_.size()));
    if (Pick(10) == 0) {
      question.party_unit = Pick(2);  // it was handed over
    } else {
      question.fixer = Pick(kPersons);
      if (Pick(3) > 0) question.fixer_post = Pick(static_cast<int>(posts_.size()));
    }
    for (int i = Pick(6); i > 0; --i) question.out.insert(Pick(kPersons));
    for (int i = Pick(7); i > 0; --i) question.last.insert(Pick(kPersons));
    return question;
  }

  CheckerQuestion ToDomain(const PlainQuestion& plain) {
    CheckerQuestion question;
    question.division = IdOf(places_[plain.place].name);
    if (plain.fixer != kNobody) question.fixer = person_ids_[plain.fixer];
    if (plain.fixer_post != kNobody) question.fixer_post = posts_[plain.fixer_post].id;
    if (plain.party_unit != kNobody) question.party_unit = IdOf(UnitName(plain.party_unit));
    for (const int person : plain.out) {
      const int why = Pick(7);
      if (why == 5) {
        question.chain.push_back({person_ids_[person], Duty::kFixer});
      } else if (why == 6) {
        question.chain.push_back({person_ids_[person], Duty::kSigner});
      } else {
        question.excluded.push_back({person_ids_[person], static_cast<Exclusion>(why)});
      }
    }
    for (const int person : plain.last)
      question.excluded.push_back({person_ids_[person], Exclusion::kAlternation});
    if (Pick(2) == 0)
      question.chain.push_back({person_ids_[Pick(kPersons)], Duty::kChecker});  // puts nobody out
    question.at = TimeOf(plain.epoch);
    question.known = absl::InfiniteFuture();
    return question;
  }

  // The posts of the nearest ring in which somebody may; the ring's number; whether alternation had to give
  // way.
  struct Answer {
    std::set<Uuid> posts;
    int ring = 0;
    bool relaxed = false;
  };
  Answer Right(const PlainQuestion& question) const {
    for (const bool relaxed : {false, true}) {
      for (int ring = 1; ring <= 3; ++ring) {
        Answer answer{.ring = ring, .relaxed = relaxed};
        for (const PlainPost& post : posts_) {
          if (InRing(question, post, ring) && May(question, post, relaxed)) answer.posts.insert(post.id);
        }
        if (!answer.posts.empty()) return answer;
      }
    }
    return {};
  }

 private:
  int Pick(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  static std::string PersonName(int i) { return "p" + std::to_string(i); }
  static std::string UnitName(int i) { return "bureau " + std::to_string(i); }

  int AddPlace(const std::string& name, int parent, Level level) {
    builder_.AddDivision(name, parent == kNobody ? "" : places_[parent].name, level);
    places_.push_back({name, parent, level});
    const int place = static_cast<int>(places_.size()) - 1;
    AddPost(name + " supervision", place, kNobody, true);
    AddPost(name + " officer", place, kNobody, false);
    if (level == Level::kTownship) AddPost(name + " second supervision", place, kNobody, true);
    return place;
  }

  void AddPost(const std::string& name, int place, int unit, bool supervision) {
    PlainPost post{.name = name, .id = IdOf(name), .place = place, .unit = unit, .supervision = supervision};
    if (unit == kNobody) {
      builder_.AddPost(name, supervision ? PostKind::kSupervisionOfficer : PostKind::kGridOfficer,
                       places_[place].name, "");
    } else {
      post.holder[0] = Pick(kPersons);
      builder_.AddUnitPost(name, UnitName(unit), PersonName(post.holder[0]));
      post.holder[1] = post.holder[0];
      posts_.push_back(post);
      return;
    }
    for (int epoch = 0; epoch < 2; ++epoch) {
      if (Pick(8) == 0) continue;  // vacant
      post.holder[epoch] = Pick(kPersons);
      builder_.Hold(name, PersonName(post.holder[epoch]),
                    epoch == 0 ? Interval{.to = kHandover} : Interval{.from = kHandover});
    }
    posts_.push_back(post);
  }

  bool Above(int high, int low) const {
    for (; low != kNobody; low = places_[low].parent) {
      if (low == high) return true;
    }
    return false;
  }
  int Nearest(int place, Level level) const {
    for (; place != kNobody && places_[place].level != level; place = places_[place].parent) {
    }
    return place;
  }

  bool InRing(const PlainQuestion& question, const PlainPost& post, int ring) const {
    const int township = Nearest(question.place, Level::kTownship);
    int top = Nearest(question.place, Level::kCounty);
    if (top == kNobody) top = Nearest(question.place, Level::kCity);
    switch (ring) {
      case 1:
        return township != kNobody && Above(township, post.place);
      case 2:
        return places_[post.place].parent == top && post.place != township;
      default:
        return post.place == top;
    }
  }

  struct Stand {
    int place, unit, post;
  };
  void AddStands(int person, int epoch, std::vector<Stand>& stands) const {
    for (size_t i = 0; i < posts_.size(); ++i) {
      if (posts_[i].holder[epoch] == person)
        stands.push_back({posts_[i].place, posts_[i].unit, static_cast<int>(i)});
    }
  }

  bool May(const PlainQuestion& question, const PlainPost& post, bool relaxed) const {
    const int person = post.holder[question.epoch];
    if (!post.supervision || person == kNobody || person == question.fixer) return false;
    if (question.out.contains(person)) return false;
    if (!relaxed && question.last.contains(person)) return false;
    std::vector<Stand> mine, theirs;
    AddStands(person, question.epoch, mine);
    if (question.fixer != kNobody) AddStands(question.fixer, question.epoch, theirs);
    if (question.fixer_post != kNobody) {
      const PlainPost& fixed_in = posts_[question.fixer_post];
      theirs.push_back({fixed_in.place, fixed_in.unit, question.fixer_post});
    }
    if (question.party_unit != kNobody)
      theirs.push_back({1, question.party_unit, -2});  // both stand in the county
    for (const Stand& a : mine) {
      for (const Stand& b : theirs) {
        if (a.post == b.post) return false;
        if (a.unit != kNobody && b.unit != kNobody) {
          if (a.unit == b.unit) return false;
        } else if (a.place == b.place) {
          return false;
        }
        if (places_[a.place].level > Level::kTownship && (Above(a.place, b.place) || Above(b.place, a.place)))
          return false;
      }
    }
    return true;
  }

  std::mt19937_64 random_;
  GroundBuilder builder_;
  std::unique_ptr<Ground> ground_;
  std::vector<PlainPlace> places_;
  std::vector<PlainPost> posts_;
  std::vector<Uuid> person_ids_;
};

TEST(IndependentAssignments, NeverBreakB4OverAMillionGeneratedQuestions) {
  constexpr int kAssignments = 1'000'000, kOfOneCounty = 2'000;
  int made = 0, widened = 0, relaxed = 0, waiting = 0;
  for (uint64_t seed = 1; made < kAssignments; ++seed) {
    PlainCounty county(seed);
    for (int i = 0; i < kOfOneCounty; ++i, ++made) {
      const PlainQuestion plain = county.Ask();
      const Pool pool = PoolOf(county.ground(), county.ToDomain(plain));
      const PlainCounty::Answer right = county.Right(plain);
      std::set<Uuid> got;
      for (const EligibleChecker& eligible : pool.eligible) got.insert(eligible.post);
      ASSERT_EQ(got, right.posts) << "county " << seed << " question " << i;
      ASSERT_EQ(pool.alternation_relaxed, right.relaxed) << "county " << seed << " question " << i;
      const EligibleChecker* chosen = ChooseChecker(
          pool.eligible, [](const EligibleChecker& candidate) { return candidate.person.Bytes(); });
      ASSERT_EQ(chosen == nullptr, right.posts.empty());
      if (chosen == nullptr) {
        ++waiting;
        continue;
      }
      ASSERT_TRUE(right.posts.contains(chosen->post));
      ASSERT_EQ(static_cast<int>(chosen->ring), right.ring);
      widened += right.ring > 1;
      relaxed += right.relaxed;
    }
  }
  RecordProperty("assignments", made);
  // The questions really went everywhere.
  EXPECT_GT(widened, 50'000);
  EXPECT_GT(relaxed, 1'000);
  EXPECT_GT(waiting, 1'000);
}

}  // namespace
}  // namespace gridwarden::domain
