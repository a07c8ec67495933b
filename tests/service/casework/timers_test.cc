// Reminders and escalations of cases: when they fire, once, and whom they tell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "casework/case_repository.h"
#include "casework/rung.h"
#include "casework/step.h"
#include "casework/supervision_service.h"
#include "casework/timer_repository.h"
#include "casework/timer_scheduler.h"
#include "casework/timer_time.h"
#include "casework/timestamps.h"
#include "casework/vacancy.h"
#include "service/casework/casework_world.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::Rung;
using casework::v1::SubmitCheckRequest;
using casework::v1::SubmitRecheckRequest;
using casework::v1::SupervisionOrder;
using domain::PostKind;
using ::testing::ElementsAre;

constexpr std::string_view kSupervision = "gridwarden.casework.v1.SupervisionService/";

class Timers : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  std::vector<Rung> RungsOf(const std::string& subject) {
    casework::v1::ListRungsRequest request;
    request.set_subject(subject);
    const auto answer = world.server().Call<casework::v1::ListRungsResponse>(
        world.Dispatcher(), std::string(kSupervision) + "ListRungs", request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    if (!answer.ok()) return {};
    return {answer->rungs().begin(), answer->rungs().end()};
  }
  // "HANDLE 50", in the order they fired.
  std::vector<std::string> Fired(const std::string& subject) {
    std::vector<std::string> fired;
    for (const Rung& rung : RungsOf(subject)) {
      fired.push_back(absl::StrCat(rung.clock(), " ", rung.percent(), rung.clock_ended() ? " ended" : ""));
    }
    return fired;
  }
  void After(absl::Duration time) {
    world.clock().Advance(time);
    world.FireTimers();
  }
  std::vector<SupervisionOrder> Orders(const std::string& case_name) {
    casework::v1::ListOrdersRequest request;
    request.set_case_(case_name);
    const auto answer = world.server().Call<casework::v1::ListOrdersResponse>(
        world.CountyOffice(), std::string(kSupervision) + "ListOrders", request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? std::vector<SupervisionOrder>(answer->orders().begin(), answer->orders().end())
                       : std::vector<SupervisionOrder>();
  }
  // A case that came back from its check this often.
  std::string Reworked(int times) {
    const std::string name = world.CaseIn(Case::CHECKING).name();
    for (int i = 0; i < times; ++i) {
      const auto failed = world.Call<Case>(world.CheckerOf(world.Get(name)), "SubmitCheck",
                                           world.CheckRequest(name, SubmitCheckRequest::FAIL));
      EXPECT_TRUE(failed.ok()) << failed.status();
      world.Settle();
      if (i + 1 == times) break;
      EXPECT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(name)).ok());
      world.Settle();
    }
    return name;
  }
};

TEST_F(Timers, ARunningClockFiresItsRungsInOrderAndEachOnce) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  After(absl::Hours(35));
  EXPECT_THAT(Fired(name), ElementsAre());
  After(absl::Hours(1));
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50"));
  world.FireTimers();
  After(absl::Hours(22));
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50", "HANDLE 80"));
  After(absl::Hours(14));
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50", "HANDLE 80", "HANDLE 100"));
}

TEST_F(Timers, ARungChangesNeitherTheCaseNorItsEtag) {
  const Case before = world.CaseIn(Case::HANDLING);
  After(absl::Hours(80));
  EXPECT_EQ(world.Get(before.name()).SerializeAsString(), before.SerializeAsString());
}

TEST_F(Timers, WhatAPauseOfTheServiceMissedFiresAtOnceAndInOrder) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  After(absl::Hours(24 * 7));
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50", "HANDLE 80", "HANDLE 100", "HANDLE 200"));
  const std::vector<Rung> rungs = RungsOf(name);
  for (const Rung& rung : rungs) {
    EXPECT_EQ(casework::FromTimestamp(rung.fire_time()), world.clock().Now());
  }
  EXPECT_EQ(casework::FromTimestamp(rungs[2].rung_time()), casework::FromTimestamp(rungs[2].due_time()));
}

TEST_F(Timers, AClockSetBackFiresNothingAgainAndLosesNothing) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  After(absl::Hours(36));
  After(-absl::Hours(1));
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50"));
  After(absl::Hours(1) + absl::Hours(22));
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50", "HANDLE 80"));
}

TEST_F(Timers, WhatWasDueBeforeItsClockEndedIsOwedAndMarked) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  world.clock().Advance(absl::Hours(40));
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(name)).ok());
  After(absl::Hours(1));
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50 ended"));
}

TEST_F(Timers, ASignalRemindsItsOfficeAndTheCaseShowsIt) {
  const std::string signal = world.NewSignal().name();
  After(absl::Hours(1));
  EXPECT_THAT(Fired(signal), ElementsAre("SCREEN 50"));
  const std::vector<Rung> rungs = RungsOf(signal);
  ASSERT_FALSE(rungs[0].recipients().empty());
  EXPECT_EQ(rungs[0].recipients(0).post(),
            ResourceName("posts", City().PostOf(PostKind::kCampaignOffice, world.township).id));
  const auto filed = world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(signal));
  ASSERT_TRUE(filed.ok()) << filed.status();
  EXPECT_THAT(Fired(filed->name()), ElementsAre("SCREEN 50"));
}

TEST_F(Timers, AHandlerWhoDoesNotAnswerInTimeHasAcceptedAndTheCaseSaysSo) {
  const std::string name = world.CaseIn(Case::DISPATCHED).name();
  const absl::Time due = casework::FromTimestamp(world.Get(name).due_time());
  After(absl::Hours(5));
  const Case accepted = world.Get(name);
  EXPECT_EQ(accepted.state(), Case::HANDLING);
  EXPECT_TRUE(accepted.silently_accepted());
  EXPECT_THAT(Fired(name), ElementsAre("ACCEPT 50", "ACCEPT 80", "ACCEPT 100"));
  // Handling runs from the end of the time to answer, not from when somebody looked.
  EXPECT_EQ(casework::FromTimestamp(accepted.due_time()), due + absl::Hours(72));
  EXPECT_EQ(world.FireTimers(), 0);
}

TEST_F(Timers, AnAcceptanceInTimeLeavesNothingToAccept) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  After(absl::Hours(5));
  EXPECT_FALSE(world.Get(name).silently_accepted());
  EXPECT_THAT(Fired(name), ElementsAre());
}

TEST_F(Timers, ProductionThatDoesNotStopInTimeIsAClockOfItsOwn) {
  const std::string name = world.CaseIn(Case::HANDLING, "KILN").name();
  After(absl::Hours(12));
  EXPECT_THAT(Fired(name), ElementsAre("STOP 50"));
  casework::v1::StopProductionRequest request;
  request.set_request_id(CaseworkWorld::NewId());
  request.set_name(name);
  world.AddPhoto(type::v1::Evidence::NEAR, request.mutable_evidence());
  *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
  const auto stopped = world.server().Call<Case>(
      world.Patrol(), "gridwarden.casework.v1.ClosingService/StopProduction", request);
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  After(absl::Hours(20));
  EXPECT_THAT(Fired(name), ElementsAre("STOP 50"));
}

// The steps of a postponement and a suspension as their commands make them.
TEST_F(Timers, APostponementMovesWhatHasNotFiredAndRepeatsNothing) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  After(absl::Hours(36));
  const rpc::Call call = rpc::Call::System("test", world.clock().Now());
  ASSERT_TRUE(world.database()
                  .database()
                  .Run([&](db::Transaction& tx) -> absl::Status {
                    GW_ASSIGN_OR_RETURN(casework::CaseFile file, casework::LockCase(tx, name));
                    casework::Step step{
                        .action = casework::v1::POSTPONE, .event_time = call.now, .received = call.now};
                    step.application.emplace();
                    step.application->mutable_extend()->set_calendar(casework::v1::Limit::CONTINUOUS);
                    step.application->mutable_extend()->mutable_span()->set_seconds(72 * 3600);
                    GW_RETURN_IF_ERROR(casework::Advance(*CaseworkPolicy(), file, step));
                    return casework::Record(tx, call, *CaseworkPolicy(), file, step).status();
                  })
                  .ok());
  world.FireTimers();
  After(absl::Hours(79));  // 80 % of 144 h is reached after 115.2 h
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50"));
  After(absl::Hours(1));
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50", "HANDLE 80"));
}

TEST_F(Timers, ASuspensionStopsTheClockAndItGoesOnWhereItRested) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  After(absl::Hours(36));
  const auto make = [&](casework::v1::Action action) {
    const rpc::Call call = rpc::Call::System("test", world.clock().Now());
    return world.database().database().Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(casework::CaseFile file, casework::LockCase(tx, name));
      casework::Step step{.action = action, .event_time = call.now, .received = call.now};
      GW_RETURN_IF_ERROR(casework::Advance(*CaseworkPolicy(), file, step));
      return casework::Record(tx, call, *CaseworkPolicy(), file, step).status();
    });
  };
  ASSERT_TRUE(make(casework::v1::SUSPEND).ok());
  After(absl::Hours(24 * 20));
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50"));
  After(absl::Hours(24 * 5));  // five days before the review
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50", "REVIEW 80"));
  ASSERT_TRUE(make(casework::v1::RESUME).ok());
  After(absl::Hours(21));
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50", "REVIEW 80"));
  After(absl::Hours(1));
  EXPECT_THAT(Fired(name), ElementsAre("HANDLE 50", "REVIEW 80", "HANDLE 80"));
}

TEST_F(Timers, AReminderTellsHandlerAndGridOfficerAndBeingOverdueTheLeaders) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  After(absl::Hours(73));
  const std::vector<Rung> rungs = RungsOf(name);
  ASSERT_EQ(rungs.size(), 3u);
  EXPECT_EQ(rungs[0].level(), Rung::R1);
  ASSERT_EQ(rungs[0].recipients_size(), 1);  // the handler is the grid officer
  EXPECT_EQ(rungs[0].recipients(0).post(), world.FixerPost());
  EXPECT_FALSE(rungs[0].recipients(0).person_display_name().empty());
  EXPECT_EQ(rungs[2].level(), Rung::R2);
  std::vector<std::string> posts;
  for (const Rung::Recipient& recipient : rungs[2].recipients()) posts.push_back(recipient.post());
  EXPECT_THAT(posts,
              ElementsAre(world.FixerPost(),
                          ResourceName("posts", City().PostOf(PostKind::kGridLeader, world.village).id),
                          ResourceName("posts", City().PostOf(PostKind::kGridLeader, world.township).id)));
}

TEST_F(Timers, ARungIsAnEntryOfTheJournalWithoutNames) {
  world.CaseIn(Case::HANDLING);
  After(absl::Hours(36));
  const journal::FeedEntry entry = world.Entries().back();
  ASSERT_EQ(entry.entry.kind(), "rung");
  EXPECT_TRUE(entry.entry.actor().system());
  EXPECT_EQ(entry.entry.subject_seq(), 1u);
  casework::v1::RungEvent event;
  ASSERT_TRUE(entry.ReadEvent(&event));
  EXPECT_EQ(event.rung().percent(), 50);
  ASSERT_FALSE(event.rung().recipients().empty());
  EXPECT_TRUE(event.rung().recipients(0).person_display_name().empty());
  EXPECT_FALSE(event.ground_path().empty());
}

TEST_F(Timers, ARecheckThatIsDueTellsWhoeverLooksAfterTheVillageAndFindsTheVacantPost) {
  world.village = City().villages[0][0][3];  // its patrol officer's post is vacant
  const std::string signal = [&] {
    auto request = world.SignalRequest();
    return world.Call<casework::v1::Signal>(world.Dispatcher(), "SubmitSignal", request)->name();
  }();
  const std::string name =
      world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(signal))->name();
  ASSERT_TRUE(world.Call<Case>(world.Dispatcher(), "DispatchCase", world.DispatchRequest(name)).ok());
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "AcceptCase", world.AcceptRequest(name)).ok());
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(name)).ok());
  world.Settle();
  ASSERT_TRUE(world
                  .Call<Case>(world.CheckerOf(world.Get(name)), "SubmitCheck",
                              world.CheckRequest(name, SubmitCheckRequest::PASS))
                  .ok());
  ASSERT_TRUE(world.Call<Case>(world.Leader(), "SignOff", world.SignRequest(name)).ok());
  world.Settle();
  After(absl::Hours(24 * 7));
  const std::vector<Rung> rungs = RungsOf(name);
  ASSERT_EQ(rungs.size(), 1u);
  const Uuid patrol = City().PostOf(PostKind::kPatrolOfficer, world.village).id;
  EXPECT_THAT(rungs[0].vacant_posts(), ElementsAre(ResourceName("posts", patrol)));
  EXPECT_EQ(rungs[0].recipients(0).post(), world.FixerPost());

  casework::v1::ListVacancyFindingsRequest request;
  request.set_open(true);
  const auto list = [&](const std::string& token) {
    return world.server().Call<casework::v1::ListVacancyFindingsResponse>(
        token, std::string(kSupervision) + "ListVacancyFindings", request);
  };
  const auto found = list(world.Dispatcher());
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->findings_size(), 1);
  EXPECT_EQ(found->findings(0).post(), ResourceName("posts", patrol));
  EXPECT_EQ(found->findings(0).subject(), name);
  EXPECT_FALSE(found->findings(0).post_display_name().empty());
  EXPECT_EQ(world.Entries().back().entry.kind(), "vacancy");
  // Another township's office sees nothing of it, a patrol officer may not ask.
  EXPECT_EQ(list(world.Token(PostKind::kCampaignOffice, City().townships[1][1]))->findings_size(), 0);
  world.village = City().villages[0][0][0];
  EXPECT_EQ(list(world.Patrol()).status().code(), absl::StatusCode::kPermissionDenied);
  // One finding stands, however often the post is met.
  After(absl::Hours(24 * 2));
  EXPECT_EQ(RungsOf(name).size(), 2u);
  EXPECT_EQ(list(world.Dispatcher())->findings_size(), 1);
}

TEST_F(Timers, AFindingEndsWhenSomebodyHoldsThePostAgain) {
  const Uuid patrol = City().PostOf(PostKind::kPatrolOfficer, City().villages[0][0][3]).id;
  const rpc::Call call = rpc::Call::System("timer/casework", world.clock().Now());
  const auto note = [&](const Uuid& rung) {
    return world.database().database().Run([&](db::Transaction& tx) -> absl::Status {
      std::vector<journal::Sealed> entries;
      GW_RETURN_IF_ERROR(casework::NoteVacancies(tx, call, *City().ground, *CaseworkPolicy(),
                                                 {{patrol, rung, "cases/x", call.now}}, entries));
      for (const journal::Sealed& entry : entries) GW_RETURN_IF_ERROR(journal::Stage(tx, entry));
      return absl::OkStatus();
    });
  };
  ASSERT_TRUE(note(Uuid::Make(absl::Now())).ok());
  ASSERT_TRUE(note(Uuid::Make(absl::Now())).ok());
  EXPECT_EQ(world.database().Ask("SELECT COUNT(*) FROM vacancy_finding"), "1");
  EXPECT_EQ(*casework::EndVacancies(world.area(), call), 0);

  std::vector<domain::Tenure> tenures = City().ground->tenures();
  tenures.push_back(tenures.front());
  tenures.back().id = Uuid::Make(absl::Now());
  tenures.back().post = patrol;
  access::Directory directory(
      std::make_shared<const domain::Ground>(City().ground->divisions(), City().ground->posts(), tenures,
                                             City().ground->persons(), City().ground->units()),
      City().MakeAccess());
  const casework::Casework refilled{world.area().database, directory, world.area().policy,
                                    world.area().channel};
  EXPECT_EQ(*casework::EndVacancies(refilled, call), 1);
  EXPECT_EQ(*casework::EndVacancies(refilled, call), 0);
  EXPECT_EQ(world.database().Ask("SELECT CONCAT(end_kind, ' ', open_post IS NULL) FROM vacancy_finding"),
            "1 1");
  // Vacant again, a new finding stands.
  ASSERT_TRUE(note(Uuid::Make(absl::Now())).ok());
  EXPECT_EQ(world.database().Ask("SELECT COUNT(*) FROM vacancy_finding"), "2");
}

TEST_F(Timers, ASecondReworkProposesAnOrderAndAThirdOneOfTheCounty) {
  const std::string once = Reworked(1);
  EXPECT_THAT(Fired(once), ElementsAre());
  const std::string name = Reworked(3);
  std::vector<std::string> fired = Fired(name);
  EXPECT_THAT(fired, ElementsAre("REWORK 0", "REWORK 0"));
  const std::vector<Rung> rungs = RungsOf(name);
  EXPECT_EQ(rungs[0].level(), Rung::R3);
  EXPECT_EQ(rungs[1].level(), Rung::R4);
  EXPECT_EQ(rungs[1].count(), 3);
  world.Settle();  // the rungs themselves come by the feed
  const std::vector<SupervisionOrder> orders = Orders(name);
  ASSERT_EQ(orders.size(), 2u);
  for (const SupervisionOrder& order : orders) EXPECT_EQ(order.state(), SupervisionOrder::PROPOSED);
  EXPECT_NE(orders[0].kind(), orders[1].kind());
}

TEST_F(Timers, AReboundSoonAfterTheClosingIsTheCountys) {
  const std::string name = world.CaseIn(Case::MONITORING).name();
  world.clock().Advance(absl::Hours(24 * 6));
  const auto back = world.Call<Case>(world.Patrol(), "SubmitRecheck",
                                     world.RecheckRequest(name, SubmitRecheckRequest::REBOUNDED));
  ASSERT_TRUE(back.ok()) << back.status();
  world.Settle();
  EXPECT_THAT(Fired(back->rebounded_into()), ElementsAre("REBOUND 0"));
  EXPECT_EQ(RungsOf(back->rebounded_into())[0].level(), Rung::R4);
}

TEST_F(Timers, AReboundAfterMoreThanAMonthIsNot) {
  const std::string name = world.CaseIn(Case::MONITORING).name();
  world.clock().Advance(absl::Hours(24 * 31));
  const auto back = world.Call<Case>(world.Patrol(), "SubmitRecheck",
                                     world.RecheckRequest(name, SubmitRecheckRequest::REBOUNDED));
  ASSERT_TRUE(back.ok()) << back.status();
  world.Settle();
  EXPECT_THAT(Fired(back->rebounded_into()), ElementsAre());
}

TEST_F(Timers, TooManyOverdueInATownshipAreTheCountysOnceAWeek) {
  for (int i = 0; i < 10; ++i) world.CaseIn(Case::HANDLING);
  After(absl::Hours(72));
  world.Settle();
  EXPECT_EQ(
      world.database().Ask("SELECT CONCAT(COUNT(*), ' ', MAX(level)) FROM rung WHERE clock = 'OVERDUE'"),
      "1 4");
}

TEST_F(Timers, NineOverdueAreNotYetTooMany) {
  for (int i = 0; i < 9; ++i) world.CaseIn(Case::HANDLING);
  After(absl::Hours(72));
  world.Settle();
  EXPECT_EQ(world.database().Ask("SELECT COUNT(*) FROM rung WHERE clock = 'OVERDUE'"), "0");
}

TEST_F(Timers, OneLimitMoreProposesAnOrderAndThatOnlyOnce) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  After(absl::Hours(144));
  world.Settle();
  ASSERT_EQ(Orders(name).size(), 1u);
  EXPECT_EQ(Orders(name)[0].kind(), SupervisionOrder::PRESS);
  EXPECT_EQ(Orders(name)[0].addressee(), world.FixerPost());
  After(absl::Hours(240));  // the whole case is a limit late as well
  world.Settle();
  int press = 0;
  for (const SupervisionOrder& order : Orders(name)) press += order.kind() == SupervisionOrder::PRESS;
  EXPECT_EQ(press, 1);
}

TEST_F(Timers, ADemoStaysADayBehindWhileEntriesComeInAndGoesOnAfterwards) {
  casework::DemoTime time(world.area().channel("journal"), world.clock());
  EXPECT_FALSE(time.Read()->has_value());
  world.NewSignal();
  const absl::Time newest = world.clock().Now();
  EXPECT_EQ(**time.Read(), newest - absl::Hours(24));
  world.clock().Advance(absl::Seconds(20));
  EXPECT_EQ(**time.Read(), newest + absl::Seconds(20));
}

// The people and the ground of a demo came by the real clock: every reminder fired before the step that ended
// its clock was played.
TEST_F(Timers, ADemosTimeIsThatOfWhatIsPlayedAndNotOfItsImports) {
  casework::DemoTime time(world.area().channel("journal"), world.clock());
  world.NewSignal();
  const absl::Time newest = world.clock().Now();
  ASSERT_TRUE(
      world.database()
          .database()
          .Run([&](db::Transaction& tx) -> absl::Status {
            const casework::v1::VacancyEvent imported;
            GW_ASSIGN_OR_RETURN(
                const journal::Sealed sealed,
                journal::Seal(rpc::Call::System("import", newest + absl::Hours(24 * 100)),
                              {.kind = "tenure", .before = {.id = Uuid::Make(newest)}, .event = &imported}));
            return journal::Stage(tx, sealed);
          })
          .ok());
  EXPECT_EQ(**time.Read(), newest - absl::Hours(24));
}

TEST_F(Timers, InADemoARungFiresAtItsOwnTimeAndSoDoesASilentAcceptance) {
  const std::string name = world.CaseIn(Case::DISPATCHED).name();
  const absl::Time due = casework::FromTimestamp(world.Get(name).due_time());
  world.clock().Advance(absl::Hours(24 * 2));
  casework::TimerScheduler scheduler(std::make_shared<const casework::Casework>(world.area()), world.clock(),
                                     world.area().channel("journal"), true);
  ASSERT_TRUE(scheduler.CatchUp(world.clock().Now()).ok());
  for (const Rung& rung : RungsOf(name)) {
    EXPECT_EQ(casework::FromTimestamp(rung.fire_time()), casework::FromTimestamp(rung.rung_time()));
  }
  EXPECT_TRUE(world.Get(name).silently_accepted());
  EXPECT_EQ(world.database().Ask("SELECT MAX(receive_us) FROM case_event"),
            absl::StrCat(absl::ToUnixMicros(due)));
}

TEST_F(Timers, RungsAreShownToWhoeverSeesTheCaseAndToNobodyElse) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  casework::v1::ListRungsRequest request;
  request.set_subject(name);
  const auto ask = [&](const std::string& token) {
    return world.server()
        .Call<casework::v1::ListRungsResponse>(token, std::string(kSupervision) + "ListRungs", request)
        .status()
        .code();
  };
  EXPECT_EQ(ask(world.CountyOffice()), absl::StatusCode::kOk);
  EXPECT_EQ(ask(world.Token(PostKind::kCampaignOffice, City().townships[1][1])),
            absl::StatusCode::kPermissionDenied);
  request.set_subject("sources/" + CaseworkWorld::NewId());
  EXPECT_EQ(ask(world.CountyOffice()), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gridwarden::testing
