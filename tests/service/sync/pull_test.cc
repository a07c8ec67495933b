#include <algorithm>
#include <functional>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "platform/runtime/instruments.h"
#include "service/sync/pull_world.h"

// What a phone is told: its scope, its pages, what it has to forget, and when it has to begin anew.
namespace gridwarden::sync {
namespace {

using casework::v1::Signal;
using domain::PostKind;
using patrol::v1::PatrolTask;
using State = casework::v1::Case::State;
constexpr State HANDLING = casework::v1::Case::HANDLING;
constexpr State CHECKING = casework::v1::Case::CHECKING;
constexpr State SIGN_OFF = casework::v1::Case::SIGN_OFF;
constexpr State ARCHIVED = casework::v1::Case::ARCHIVED;
constexpr State FILED = casework::v1::Case::FILED;

class PullTest : public ::testing::Test {
 protected:
  PullTest() {
    testing::SharedDatabase().Clear();
    world.clock().Set(absl::FromUnixSeconds(1'780'000'000));
  }
  static std::string Key(v1::Record::Kind kind, const Uuid& id) {
    return absl::StrCat(v1::Record::Kind_Name(kind), ":", NameOf(kind, id));
  }
  static bool Holds(const ModelPhone& phone, const Uuid& id) {
    return std::any_of(phone.held.begin(), phone.held.end(),
                       [&](const auto& one) { return one.first.ends_with(id.ToString()); });
  }
  static std::string Posts(PostKind kind, const Uuid& division) {
    return ResourceName("posts", City().PostOf(kind, division).id);
  }
  static std::string Token(PostKind kind, const Uuid& division) { return City().TokenOf(kind, division); }
  static Uuid Id(int n) { return PullWorld::Named("record", n); }
  // The reason a record left with; 0 when it did not.
  static v1::Tombstone::Reason Why(const ModelPhone& phone, const Uuid& id) {
    for (const v1::Tombstone& tombstone : phone.tombstones) {
      if (tombstone.name().ends_with(id.ToString())) return tombstone.reason();
    }
    return v1::Tombstone::REASON_UNSPECIFIED;
  }

  PullWorld world;
  const Uuid village = City().villages[0][0][0];
  const Uuid neighbour = City().villages[0][0][1];
  const Uuid township = City().townships[0][0];
  const Uuid county = City().counties[0];
  const std::string officer = Token(PostKind::kGridOfficer, village);
  const std::string leader = Token(PostKind::kGridLeader, township);
  const std::string bureau = City().TokenOfPerson(City().PersonIn(City().HandlerOf(City().bureaus[0]).id));
};

TEST_F(PullTest, AVillageHasItsWholeGroundAndNothingBesideIt) {
  world.Case(Id(1),
             {.division = village, .state = HANDLING, .handler = ResourceName("units", City().bureaus[0])});
  world.Signal(Id(2), village, Signal::NEW);
  world.Task(Id(3), village, PatrolTask::PLANNED);
  world.Source(Id(4), village);
  world.Case(Id(5), {.division = neighbour, .state = HANDLING});
  world.Source(Id(6), City().villages[1][0][0]);
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone phone(world, officer);
  ASSERT_TRUE(phone.Pull().ok());
  EXPECT_EQ(phone.held.size(), 4u);
  for (int i = 1; i <= 4; ++i) EXPECT_TRUE(Holds(phone, Id(i))) << i;
  EXPECT_EQ(phone.as_of, 5u);
  EXPECT_EQ(phone.left_out, 0);
  ASSERT_EQ(phone.posts.size(), 1u);
  EXPECT_EQ(phone.posts[0].kind(), "GRID_OFFICER");
  EXPECT_EQ(phone.posts[0].level(), "VILLAGE");
  EXPECT_EQ(phone.posts[0].division(), ResourceName("divisions", village));
  EXPECT_EQ(phone.posts[0].division_display_name(), phone.names[ResourceName("divisions", village)]);
  const std::string short_path = phone.names[ResourceName("divisions", village)];
  EXPECT_EQ(std::count(short_path.begin(), short_path.end(), '/'), 1) << short_path;
  EXPECT_FALSE(phone.names[ResourceName("units", City().bureaus[0])].empty());
  EXPECT_FALSE(
      phone.names[ResourceName("persons", City().PersonIn(PostKind::kGridOfficer, village))].empty());
}

TEST_F(PullTest, ATownshipHasItsVillagesAndACountyOnlyWhatIsAssigned) {
  world.Case(Id(1), {.division = village, .state = HANDLING});
  world.Case(Id(2),
             {.division = neighbour, .state = HANDLING, .handler = ResourceName("units", City().bureaus[0])});
  world.Case(Id(3), {.division = City().villages[0][1][0], .state = HANDLING});
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone of_township(world, leader), of_bureau(world, bureau);
  ASSERT_TRUE(of_township.Pull().ok());
  EXPECT_EQ(of_township.held.size(), 2u);
  EXPECT_FALSE(of_township.held[Key(v1::Record::CASE, Id(2))].assigned);
  ASSERT_TRUE(of_bureau.Pull().ok());
  EXPECT_EQ(of_bureau.held.size(), 1u);
  EXPECT_TRUE(of_bureau.held[Key(v1::Record::CASE, Id(2))].assigned);
}

// Whoever has to do something with a case holds it wherever it stands.
TEST_F(PullTest, EverybodyHoldsWhatWaitsForThem) {
  const std::string checker = Token(PostKind::kSupervisionOfficer, county);
  const std::string county_office = Token(PostKind::kCampaignOffice, county);
  const std::string county_leader = Token(PostKind::kGridLeader, county);
  const Uuid office = City().PostOf(PostKind::kCampaignOffice, county).id;
  world.Case(Id(1),
             {.division = village, .state = FILED, .action = casework::v1::FILE, .actor_post = office});
  world.Case(Id(2), {.division = village,
                     .state = CHECKING,
                     .check_post = Posts(PostKind::kSupervisionOfficer, county),
                     .cooperators = {ResourceName("units", City().bureaus[1])}});
  world.Signal(Id(3), village, Signal::ONSITE_CHECK, City().PostOf(PostKind::kSupervisionOfficer, county).id);
  world.Task(Id(4), village, PatrolTask::ISSUED, City().PostOf(PostKind::kPatrolOfficer, county).id);
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone of_checker(world, checker), of_office(world, county_office), of_leader(world, county_leader),
      of_patrol(world, Token(PostKind::kPatrolOfficer, county)),
      of_other_bureau(world, City().TokenOfPerson(City().PersonIn(City().HandlerOf(City().bureaus[1]).id)));
  for (ModelPhone* phone : {&of_checker, &of_office, &of_leader, &of_patrol, &of_other_bureau})
    ASSERT_TRUE(phone->Pull().ok());
  EXPECT_EQ(of_checker.held.size(), 2u);
  EXPECT_EQ(of_office.held.size(), 1u);
  EXPECT_EQ(of_patrol.held.size(), 1u);
  EXPECT_EQ(of_other_bureau.held.size(), 1u);
  EXPECT_TRUE(of_leader.held.empty());
  // It waits to be signed: by the level that filed it.
  world.Case(Id(1), {.division = village, .state = SIGN_OFF});
  ASSERT_TRUE(world.CatchUp().ok());
  ASSERT_TRUE(of_leader.Pull().ok());
  EXPECT_TRUE(of_leader.held[Key(v1::Record::CASE, Id(1))].assigned);
  ASSERT_TRUE(of_office.Pull().ok());
  EXPECT_TRUE(of_office.held.empty());
  EXPECT_EQ(Why(of_office, Id(1)), v1::Tombstone::REASSIGNED);
}

// What a post was given and has done, or others have to go on with, is held and waits for nobody.
TEST_F(PullTest, AnAssignedRecordIsOneThatWaitsNowAndNotOneThatIsDone) {
  const std::string handler = Posts(PostKind::kGridOfficer, village);
  const Uuid patrol = City().PostOf(PostKind::kPatrolOfficer, village).id;
  world.Task(Id(1), village, PatrolTask::ISSUED, patrol);
  world.Task(Id(2), village, PatrolTask::DONE, patrol);
  world.Task(Id(3), village, PatrolTask::WAIVED, patrol);
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone of_patrol(world, Token(PostKind::kPatrolOfficer, village)), of_officer(world, officer);
  ASSERT_TRUE(of_patrol.Pull().ok());
  EXPECT_TRUE(of_patrol.held[Key(v1::Record::PATROL_TASK, Id(1))].assigned);
  EXPECT_FALSE(of_patrol.held[Key(v1::Record::PATROL_TASK, Id(2))].assigned);
  EXPECT_FALSE(of_patrol.held[Key(v1::Record::PATROL_TASK, Id(3))].assigned);
  const std::pair<State, bool> states[] = {
      {casework::v1::Case::DISPATCHED, true},  {HANDLING, true},  {casework::v1::Case::SUSPENDED, true},
      {casework::v1::Case::FEEDBACK, false},   {CHECKING, false}, {SIGN_OFF, false},
      {casework::v1::Case::MONITORING, false}, {ARCHIVED, false}};
  for (const auto& [state, waits] : states) {
    world.Case(Id(10), {.division = village, .state = state, .handler = handler});
    ASSERT_TRUE(world.CatchUp().ok());
    ASSERT_TRUE(of_officer.Pull().ok());
    EXPECT_EQ(of_officer.held[Key(v1::Record::CASE, Id(10))].assigned, waits) << state;
  }
}

TEST_F(PullTest, AMorningPullReadsOnlyWhatChangedInThreeStatementsAndOneCallAKind) {
  for (int i = 0; i < 30; ++i) {
    world.Case(Id(i), {.division = village, .state = HANDLING});
    world.Source(Id(100 + i), village);
  }
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone phone(world, officer);
  ASSERT_TRUE(phone.Pull().ok());
  world.Case(Id(3), {.division = village, .state = CHECKING});
  world.Case(Id(4), {.division = village, .state = CHECKING});
  world.Task(Id(200), village, PatrolTask::PLANNED);
  world.Source(Id(100), village, source::v1::Source::STOPPED);
  world.Signal(Id(300), village, Signal::NEW);
  ASSERT_TRUE(world.CatchUp().ok());
  world.statements = 0;
  world.asked.clear();
  const auto page = phone.Page();
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(world.statements, 3);
  EXPECT_EQ(world.asked, (std::vector<std::string>{"BatchGetCases", "BatchGetSignals", "BatchGetPatrolTasks",
                                                   "BatchGetSources"}));
  EXPECT_EQ(page->records_size(), 5);
  EXPECT_FALSE(page->more());
  EXPECT_EQ(page->posts_size(), 0);
  EXPECT_EQ(page->as_of_index(), world.log.size() - 1);
  EXPECT_FALSE(page->time_token().empty());
  EXPECT_EQ(page->checkpoint(), "a note");
  for (const v1::Record& record : page->records()) {
    EXPECT_EQ(record.revision(), record.name() == NameOf(v1::Record::PATROL_TASK, Id(200)) ||
                                         record.name() == NameOf(v1::Record::SIGNAL, Id(300))
                                     ? 1
                                     : 2);
    EXPECT_EQ(record.events().empty(), record.kind() != v1::Record::CASE);
  }
}

TEST_F(PullTest, APullWithNothingNewAsksNobodyElse) {
  world.Case(Id(1), {.division = village, .state = HANDLING});
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone phone(world, officer);
  ASSERT_TRUE(phone.Pull().ok());
  world.statements = 0;
  world.asked.clear();
  ASSERT_TRUE(phone.Pull().ok());
  EXPECT_EQ(world.statements, 2);
  EXPECT_TRUE(world.asked.empty());
  EXPECT_TRUE(phone.resets.empty());
}

TEST_F(PullTest, WhatIsNoLongerThePhonesLeavesItWithTheReason) {
  world.Case(Id(1),
             {.division = village, .state = HANDLING, .handler = ResourceName("units", City().bureaus[0])});
  world.Source(Id(2), village);
  world.Case(Id(3), {.division = village, .state = HANDLING});
  world.Case(Id(4),
             {.division = village, .state = HANDLING, .handler = ResourceName("units", City().bureaus[0])});
  world.Case(Id(5), {.division = village, .state = HANDLING});
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone of_bureau(world, bureau), of_village(world, officer);
  ASSERT_TRUE(of_bureau.Pull().ok());
  ASSERT_TRUE(of_village.Pull().ok());
  EXPECT_EQ(of_bureau.held.size(), 2u);

  world.Case(Id(1),
             {.division = village, .state = HANDLING, .handler = Posts(PostKind::kGridOfficer, village)});
  world.Source(Id(2), neighbour);
  world.Case(Id(3), {.division = village, .state = ARCHIVED});
  world.Case(Id(4),
             {.division = village, .state = CHECKING, .handler = ResourceName("units", City().bureaus[0])});
  world.Case(Id(5), {.division = village, .state = CHECKING});
  world.hidden = {Id(4), Id(5)};
  ASSERT_TRUE(world.CatchUp().ok());
  ASSERT_TRUE(of_bureau.Pull().ok());
  EXPECT_EQ(Why(of_bureau, Id(1)), v1::Tombstone::REASSIGNED);
  EXPECT_EQ(Why(of_bureau, Id(4)), v1::Tombstone::REVOKED);
  EXPECT_TRUE(of_bureau.held.empty());
  ASSERT_TRUE(of_village.Pull().ok());
  EXPECT_EQ(Why(of_village, Id(2)), v1::Tombstone::OUT_OF_SCOPE);
  EXPECT_EQ(Why(of_village, Id(5)), v1::Tombstone::OUT_OF_SCOPE);
  EXPECT_TRUE(Holds(of_village, Id(3)));  // closed today
  EXPECT_FALSE(of_village.held[Key(v1::Record::CASE, Id(3))].open);

  world.clock().Advance(absl::Hours(24 * 31));
  world.hidden.clear();
  ASSERT_TRUE(of_village.Pull().ok());
  EXPECT_EQ(Why(of_village, Id(3)), v1::Tombstone::CLOSED_ARCHIVED);
  EXPECT_FALSE(Holds(of_village, Id(3)));
  EXPECT_TRUE(Holds(of_village, Id(5)));  // shown again
  EXPECT_TRUE(of_village.resets.empty());
  // A phone that comes new does not hear of what was closed long ago.
  ModelPhone newcomer(world, officer);
  ASSERT_TRUE(newcomer.Pull().ok());
  EXPECT_EQ(newcomer.held, of_village.held);
}

TEST_F(PullTest, WhatIsWithheldDoesNotMakeThePhoneBeginAgainAndAgain) {
  world.Case(Id(1), {.division = village, .state = HANDLING});
  world.Case(Id(2), {.division = village, .state = HANDLING});
  world.hidden = {Id(1)};
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone phone(world, officer);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(phone.Pull().ok());
  world.Case(Id(2), {.division = village, .state = CHECKING});
  ASSERT_TRUE(world.CatchUp().ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(phone.Pull().ok());
  EXPECT_TRUE(phone.resets.empty());
  EXPECT_EQ(phone.held.size(), 1u);
  EXPECT_TRUE(phone.tombstones.empty());
  // An area that had not heard of the post yet shows it a little later, although nothing changed.
  world.hidden.clear();
  ASSERT_TRUE(phone.Pull().ok());
  EXPECT_EQ(phone.held.size(), 2u);
  ASSERT_TRUE(phone.Pull().ok());
  EXPECT_TRUE(phone.resets.empty());
}

TEST_F(PullTest, APhoneThatWasRefusedVeryMuchBeginsAgainAfterAWhile) {
  for (int i = 0; i < 30; ++i) {
    world.Case(Id(i), {.division = village, .state = HANDLING});
    world.hidden.insert(Id(i));
  }
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone phone(world, officer);
  phone.checks_digest = false;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(phone.Pull().ok());
  EXPECT_TRUE(phone.held.empty());
  EXPECT_TRUE(phone.resets.empty());
  world.hidden.clear();
  world.clock().Advance(absl::Minutes(11));
  phone.checks_digest = true;
  ASSERT_TRUE(phone.Pull().ok());
  EXPECT_EQ(phone.resets, std::vector<v1::ResetReason>{v1::DRIFT});
  EXPECT_EQ(phone.held.size(), 30u);
}

TEST_F(PullTest, APhoneBeginsAnewWithTheReason) {
  for (int i = 0; i < 10; ++i) world.Case(Id(i), {.division = village, .state = HANDLING});
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone phone(world, officer);
  ASSERT_TRUE(phone.Pull().ok());
  const auto expect_reset = [&](v1::ResetReason reason) {
    const Counter counted("gridwarden_sync_resets_total", "",
                          {{"reason", absl::AsciiStrToLower(v1::ResetReason_Name(reason))}});
    const double before = counted.value();
    ASSERT_TRUE(phone.Pull().ok());
    EXPECT_EQ(counted.value(), before + 1);
    ASSERT_FALSE(phone.resets.empty());
    EXPECT_EQ(phone.resets.back(), reason) << v1::ResetReason_Name(phone.resets.back());
    EXPECT_EQ(phone.held.size(), 10u);
    const size_t resets = phone.resets.size();
    ASSERT_TRUE(phone.Pull().ok());
    EXPECT_EQ(phone.resets.size(), resets);  // once
  };
  phone.cursor = "nonsense";
  expect_reset(v1::CURSOR_INVALID);
  phone.cursor[phone.cursor.size() / 2] = phone.cursor[phone.cursor.size() / 2] == 'A' ? 'B' : 'A';
  expect_reset(v1::CURSOR_INVALID);
  ModelPhone other(world, officer);
  ASSERT_TRUE(other.Pull().ok());
  phone.cursor = other.cursor;
  expect_reset(v1::CURSOR_INVALID);
  world.clock().Advance(absl::Hours(24 * 91));
  expect_reset(v1::CURSOR_OLD);
  phone.held.erase(phone.held.begin());
  expect_reset(v1::DRIFT);
  // The database was put back to what it was before the phone's last pull.
  testing::SharedDatabase().Exec("UPDATE feed_cursor SET next_index = 3");
  ASSERT_TRUE(phone.Pull().ok());
  EXPECT_EQ(phone.resets.back(), v1::OTHER_LOG);
  testing::SharedDatabase().Exec("UPDATE feed_cursor SET next_index = 10");
  ASSERT_TRUE(phone.Pull().ok());
  testing::SharedDatabase().Exec(
      "INSERT INTO journal_head (log_id, origin, demo, size, epoch, lease_until_us, last_sequenced_us, "
      "frontier) "
      "VALUES (1, 'another log', 0, 0, 0, 0, 0, '')");
  expect_reset(v1::OTHER_LOG);
}

// The city after `change` of its tenures.
std::shared_ptr<const domain::Ground> After(
    const std::function<void(std::vector<domain::Tenure>& tenures)>& change) {
  const domain::Ground& now = *City().ground;
  std::vector<domain::Tenure> tenures = now.tenures();
  change(tenures);
  return std::make_shared<domain::Ground>(now.divisions(), now.posts(), std::move(tenures), now.persons(),
                                          now.units(), now.lineages());
}

// After the grid officer of the village was put to the neighbour.
std::shared_ptr<const domain::Ground> Moved(const Uuid& from, const Uuid& to) {
  const Uuid post = City().PostOf(PostKind::kGridOfficer, from).id;
  return After([&](std::vector<domain::Tenure>& tenures) {
    for (domain::Tenure& tenure : tenures) {
      if (tenure.post == post) tenure.post = City().PostOf(PostKind::kGridOfficer, to).id;
    }
  });
}

// After the grid officer of the village was taken from the only post.
std::shared_ptr<const domain::Ground> Vacated(const Uuid& village) {
  const Uuid post = City().PostOf(PostKind::kGridOfficer, village).id;
  return After([&](std::vector<domain::Tenure>& tenures) {
    std::erase_if(tenures, [&](const domain::Tenure& tenure) { return tenure.post == post; });
  });
}

TEST_F(PullTest, WhoLostThePostSeesNothingNewOfItsGround) {
  world.Case(Id(1), {.division = village, .state = HANDLING});
  world.Case(Id(2), {.division = neighbour, .state = HANDLING});
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone phone(world, officer);
  ASSERT_TRUE(phone.Pull().ok());
  EXPECT_TRUE(Holds(phone, Id(1)));

  PullWorld after(Moved(village, neighbour));
  after.Share(world);
  after.Case(Id(3), {.division = village, .state = HANDLING});  // after the removal
  ASSERT_TRUE(after.CatchUp().ok());
  phone.MoveTo(after);
  const auto page = phone.Page();
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(page->reset());
  EXPECT_EQ(page->reset_reason(), v1::SCOPE_CHANGED);
  EXPECT_EQ(page->records_size(), 0);
  ASSERT_TRUE(phone.Pull().ok());
  EXPECT_FALSE(Holds(phone, Id(1)));
  EXPECT_FALSE(Holds(phone, Id(3)));
  EXPECT_TRUE(Holds(phone, Id(2)));
}

TEST_F(PullTest, WhoLostTheLastPostForgetsItsGround) {
  world.Case(Id(1), {.division = village, .state = HANDLING});
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone phone(world, officer);
  ASSERT_TRUE(phone.Pull().ok());
  ASSERT_TRUE(Holds(phone, Id(1)));

  PullWorld after(Vacated(village));
  after.Share(world);
  ASSERT_TRUE(after.CatchUp().ok());
  phone.MoveTo(after);
  const auto page = phone.Page();
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->reset_reason(), v1::SCOPE_CHANGED);
  for (int pull = 0; pull < 2; ++pull) {  // and it stays so: no reset after reset
    ASSERT_TRUE(phone.Pull().ok());
    EXPECT_FALSE(Holds(phone, Id(1)));
  }
  const auto again = phone.Page();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->reset());
  EXPECT_EQ(again->records_size() + again->tombstones_size(), 0);
}

TEST_F(PullTest, APageMayBeCutAnywhere) {
  for (int i = 0; i < 23; ++i) {
    world.Case(Id(i), {.division = i % 2 == 0 ? village : neighbour,
                       .state = i % 5 == 0 ? ARCHIVED : HANDLING,
                       .handler = i % 3 == 0 ? Posts(PostKind::kGridLeader, township) : ""});
  }
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone whole(world, leader);
  ASSERT_TRUE(whole.Pull().ok());
  EXPECT_EQ(whole.held.size(), 23u);
  for (const int size : {1, 2, 3, 7, 22, 23, 24}) {
    ModelPhone phone(world, leader);
    ASSERT_TRUE(phone.Pull(size).ok());
    EXPECT_EQ(phone.held, whole.held) << size;
    EXPECT_GE(phone.pages, (23 + size - 1) / size);
  }
}

// Any order of changes, folds and pulls: at the end of every whole pull the phone holds what a phone that
// begins then would hold, and the digest says so (the model checks it itself).
TEST_F(PullTest, NothingIsMissedWhateverHappensBetweenThePages) {
  std::mt19937 random(20261122);
  const auto pick = [&](int n) { return static_cast<int>(random() % n); };
  const std::vector<Uuid> grounds = {village, neighbour, City().villages[0][0][2], City().villages[0][1][0]};
  const std::vector<std::string> handlers = {
      "", ResourceName("units", City().bureaus[0]), Posts(PostKind::kGridOfficer, village),
      Posts(PostKind::kGridOfficer, neighbour), Posts(PostKind::kGridLeader, county)};
  const State states[] = {FILED, HANDLING, CHECKING, SIGN_OFF, casework::v1::Case::MONITORING, ARCHIVED};
  std::map<int, Uuid> division_of;
  const auto change = [&] {
    world.clock().Advance(absl::Minutes(pick(300)));
    const int n = pick(60);
    const auto [at, is_new] = division_of.try_emplace(n, grounds[pick(grounds.size())]);
    switch (n % 4) {
      case 0:
      case 1:
        world.Case(Id(n), {.division = at->second,
                           .state = states[pick(6)],
                           .handler = handlers[pick(handlers.size())],
                           .check_post = pick(3) == 0 ? Posts(PostKind::kSupervisionOfficer, county) : ""});
        break;
      case 2:
        world.Task(Id(n), at->second, static_cast<PatrolTask::State>(1 + pick(6)),
                   City().PostOf(PostKind::kPatrolOfficer, pick(2) == 0 ? village : county).id);
        break;
      default:
        if (pick(3) == 0) at->second = grounds[pick(grounds.size())];
        world.Source(Id(n), at->second, static_cast<source::v1::Source::State>(1 + pick(4)));
    }
  };
  const auto run = [&](int changes) {
    for (int i = 0; i < changes; ++i) change();
    if (pick(3) != 0) ASSERT_TRUE(world.CatchUp().ok());
  };
  std::vector<std::pair<std::string, std::unique_ptr<ModelPhone>>> phones;
  for (const std::string& token : {officer, leader, bureau, Token(PostKind::kSupervisionOfficer, county),
                                   Token(PostKind::kPatrolOfficer, county)})
    phones.emplace_back(token, std::make_unique<ModelPhone>(world, token));
  for (int round = 0; round < 60; ++round) {
    run(pick(8));
    auto& [token, phone] = phones[pick(phones.size())];
    ASSERT_TRUE(phone->Pull(1 + pick(6), [&] { run(pick(3)); }).ok());
    ModelPhone fresh(world, token);
    ASSERT_TRUE(fresh.Pull().ok());
    ASSERT_EQ(phone->Digest().SerializeAsString(), fresh.Digest().SerializeAsString()) << "round " << round;
    ASSERT_EQ(phone->held.size(), fresh.held.size()) << "round " << round;
  }
  // What waits for whom is told by the areas, which may be ahead of the feed: the same once all is folded.
  ASSERT_TRUE(world.CatchUp().ok());
  for (const auto& [token, phone] : phones) {
    ASSERT_TRUE(phone->Pull(3).ok());
    ModelPhone fresh(world, token);
    ASSERT_TRUE(fresh.Pull().ok());
    EXPECT_EQ(phone->held, fresh.held);
  }
  for (const auto& [token, phone] : phones) EXPECT_TRUE(phone->resets.empty());
}

TEST_F(PullTest, OfAScopeThatIsTooLargeWhatIsAssignedComesThenWhatIsOpenThenTheNewest) {
  // 5,300 sources, 100 closed cases, 50 open ones of which one waits for the officer.
  testing::SharedDatabase().Exec(absl::StrCat(
      "INSERT INTO sync_interest SELECT x'", absl::BytesToHexString(township.Bytes()), "', UNHEX(h), x'",
      absl::BytesToHexString(City().ground->PathKey(village)),
      "', 1, 4, 1, CAST(CAST(CONV(LEFT(SHA2(CONCAT('SOURCE:sources/', SUBSTR(h, 1, 8), '-', SUBSTR(h, 9, 4), "
      "'-', "
      "SUBSTR(h, 13, 4), '-', SUBSTR(h, 17, 4), '-', SUBSTR(h, 21), ':1'), 256), 16), 16, 10) AS UNSIGNED) "
      "AS SIGNED), "
      "seq, seq, NULL, 1, NULL FROM (SELECT seq, LOWER(MD5(seq)) AS h FROM seq_1_to_5300) numbers"));
  for (int i = 0; i < 5301; ++i) {
    journal::v1::Entry entry;
    entry.set_kind("other");
    world.log.push_back(entry);
  }
  for (int i = 0; i < 100; ++i) world.Case(Id(1000 + i), {.division = village, .state = ARCHIVED});
  for (int i = 0; i < 50; ++i)
    world.Case(Id(i), {.division = village,
                       .state = HANDLING,
                       .handler = i == 0 ? Posts(PostKind::kGridOfficer, village) : ""});
  ASSERT_TRUE(world.CatchUp().ok());
  ModelPhone phone(world, officer);
  ASSERT_TRUE(phone.Pull(500).ok());
  EXPECT_EQ(phone.held.size(), 5000u);
  EXPECT_EQ(phone.left_out, 450);  // 350 sources and all that is closed
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Holds(phone, Id(i)));
  EXPECT_FALSE(Holds(phone, Id(1000)));
  // What changes comes all the same, and nothing drifts.
  world.Case(Id(1000), {.division = village, .state = HANDLING});
  ASSERT_TRUE(world.CatchUp().ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(phone.Pull().ok());
  EXPECT_TRUE(Holds(phone, Id(1000)));
  EXPECT_TRUE(phone.resets.empty());
}

std::string Rows() {
  std::string rows;
  const absl::Status read = testing::SharedDatabase()->Run([&](db::Transaction& tx) -> absl::Status {
    rows.clear();
    const auto add = [&](const db::Row& row) { rows += row.Text(0) + "\n"; };
    GW_RETURN_IF_ERROR(tx.QueryValues(
        "SELECT CONCAT_WS(',', HEX(record_id), kind, HEX(division), HEX(ground_path), revision, idx, "
        "is_open, "
        "COALESCE(closed_us, '-'), COALESCE(HEX(filing_post), '-')) FROM sync_record ORDER BY record_id",
        {}, add));
    return tx.QueryValues(
        "SELECT CONCAT_WS(',', HEX(holder), HEX(record_id), HEX(ground_path), is_ground, kind, revision, "
        "digest, "
        "from_idx, last_idx, COALESCE(to_idx, '-'), is_open, COALESCE(closed_us, '-')) FROM sync_interest "
        "ORDER BY record_id, holder, ground_path",
        {}, add);
  });
  EXPECT_TRUE(read.ok()) << read;
  return rows;
}

TEST_F(PullTest, FoldedTwiceOrAfterACrashAnywhereTheRowsAreTheSame) {
  std::mt19937 random(7);
  for (int i = 0; i < 40; ++i) {
    const int n = static_cast<int>(random() % 12);
    world.clock().Advance(absl::Minutes(10));
    if (n < 8) {
      world.Case(Id(n), {.division = village,
                         .state = random() % 3 == 0 ? ARCHIVED : HANDLING,
                         .handler = random() % 2 == 0 ? Posts(PostKind::kGridOfficer, village)
                                                      : ResourceName("units", City().bureaus[0])});
    } else {
      world.Source(Id(n), random() % 2 == 0 ? village : neighbour);
    }
  }
  ASSERT_TRUE(world.CatchUp().ok());
  const std::string rows = Rows();
  EXPECT_FALSE(rows.empty());
  // From the beginning over what is there, and from nothing.
  testing::SharedDatabase().Exec("UPDATE feed_cursor SET next_index = 0");
  ASSERT_TRUE(world.CatchUp().ok());
  EXPECT_EQ(Rows(), rows);
  for (const int fail_at : {1, 2, 3, 4, 5, 6, 7, 50, 51, 52, 53, 100, 119, 120, 121}) {
    for (const char* table : {"sync_record", "sync_interest", "feed_cursor"})
      testing::SharedDatabase().Exec(absl::StrCat("DELETE FROM ", table));
    world.fail_at = fail_at;
    absl::Status status = world.CatchUp();
    world.fail_at = 0;
    if (!status.ok()) status = world.CatchUp();
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(Rows(), rows) << fail_at;
  }
}

TEST_F(PullTest, WhoeverIsNobodyOrHasNoSuchPhoneIsRefused) {
  ModelPhone phone(world, officer);
  v1::PullRequest request;
  EXPECT_EQ(ReasonOf(world.Pull(officer, request).status()), "REQUIRED_FIELD_MISSING");
  request.set_device("phones/1");
  EXPECT_EQ(ReasonOf(world.Pull(officer, request).status()), "INVALID_FIELD");
  request.set_device(phone.device());
  EXPECT_TRUE(world.Pull(officer, request).ok());
  EXPECT_EQ(world.Pull("", request).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(world.Pull(City().TokenOfPerson(Uuid::Derive(City().city, "nobody")), request).status()),
            "DEVICE_UNKNOWN");
  EXPECT_EQ(ReasonOf(world.Pull(leader, request).status()), "DEVICE_UNKNOWN");  // somebody else's
  request.set_page_size(-1);
  EXPECT_EQ(ReasonOf(world.Pull(officer, request).status()), "INVALID_FIELD");
  request.set_page_size(0);
  request.set_device("devices/" + Uuid::Make(world.clock().Now()).ToString());
  EXPECT_EQ(ReasonOf(world.Pull(officer, request).status()), "DEVICE_UNKNOWN");
  testing::SharedDatabase().Exec("UPDATE device SET revoked_us = 1");
  request.set_device(phone.device());
  EXPECT_EQ(ReasonOf(world.Pull(officer, request).status()), "DEVICE_REVOKED");
}

TEST_F(PullTest, APullIsNotedOnceAMinute) {
  ModelPhone phone(world, officer);
  const auto synced = [] { return testing::SharedDatabase().Ask("SELECT synced_us FROM device"); };
  ASSERT_TRUE(phone.Pull().ok());
  const std::string first = synced();
  EXPECT_EQ(first, absl::StrCat(absl::ToUnixMicros(world.clock().Now())));
  world.clock().Advance(absl::Seconds(30));
  ASSERT_TRUE(phone.Pull().ok());
  EXPECT_EQ(synced(), first);
  world.clock().Advance(absl::Seconds(31));
  ASSERT_TRUE(phone.Pull().ok());
  EXPECT_NE(synced(), first);
}

TEST_F(PullTest, ARecordIsFoundByItsNameAndWhoeverItEverWaitedFor) {
  world.Case(Id(1),
             {.division = village, .state = HANDLING, .handler = ResourceName("units", City().bureaus[0])});
  world.Case(Id(1),
             {.division = village, .state = HANDLING, .handler = Posts(PostKind::kGridOfficer, village)});
  ASSERT_TRUE(world.CatchUp().ok());
  const absl::Status read = testing::SharedDatabase()->Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto found, FindRecord(tx, v1::Record::CASE, Id(1)));
    EXPECT_TRUE(found && found->division == village && found->revision == 2 && found->open);
    GW_ASSIGN_OR_RETURN(const auto other, FindRecord(tx, v1::Record::SIGNAL, Id(1)));
    EXPECT_FALSE(other);
    EXPECT_TRUE(*WasAssigned(tx, Id(1), {City().bureaus[0]}));
    EXPECT_FALSE(*WasAssigned(tx, Id(1), {City().bureaus[1], township}));
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
}

}  // namespace
}  // namespace gridwarden::sync
