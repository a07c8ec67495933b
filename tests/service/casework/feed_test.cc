#include <gtest/gtest.h>

#include <thread>

#include "casework/case_repository.h"
#include "casework/timestamps.h"
#include "gridwarden/intake/v1/hotspot_event.pb.h"
#include "gridwarden/patrol/v1/patrol_event.pb.h"
#include "service/casework/casework_world.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::Signal;
using domain::PostKind;

class Feed : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  template <typename Event>
  journal::FeedEntry EntryOf(const char* kind, const Event& event) {
    journal::FeedEntry entry;
    entry.entry.set_entry_id(Uuid::Make(absl::Now()).Bytes());
    entry.entry.set_kind(kind);
    entry.entry.set_subject(Uuid::Make(absl::Now()).Bytes());
    entry.entry.set_subject_seq(1);
    entry.entry.set_event(event.SerializeAsString());
    entry.entry.set_event_type(Event::descriptor()->full_name());
    entry.entry.set_received_us(absl::ToUnixMicros(world.clock().Now()));
    const int64_t two_hours_ago = absl::ToUnixMicros(world.clock().Now() - absl::Hours(2));
    entry.entry.mutable_time()->set_earliest_us(two_hours_ago);
    entry.entry.mutable_time()->set_latest_us(two_hours_ago);
    return entry;
  }
  patrol::v1::VisitEvent Problem() {
    patrol::v1::VisitEvent visit;
    visit.set_visit(world.NewId());
    visit.set_division(ResourceName("divisions", world.village));
    visit.set_category("DUST");
    visit.set_result(patrol::v1::Visit::PROBLEM);
    visit.set_finder(ResourceName("persons", City().PersonIn(PostKind::kPatrolOfficer, world.village)));
    visit.set_finder_post(ResourceName("posts", City().PostOf(PostKind::kPatrolOfficer, world.village).id));
    world.AddPhoto(type::v1::Evidence::NEAR, visit.mutable_evidence());
    world.AddPhoto(type::v1::Evidence::FAR, visit.mutable_evidence());
    return visit;
  }
  std::string Count(const std::string& table) {
    return world.database().Ask("SELECT COUNT(*) FROM " + table);
  }
};

TEST_F(Feed, AVisitThatFoundAProblemBecomesOneSignalHoweverOftenItIsRead) {
  const auto entry = EntryOf("visit", Problem());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(world.Fold(casework::SignalOfVisit, entry).ok());
  EXPECT_EQ(Count("signal_file"), "1");
  EXPECT_EQ(Count("journal_stage"), "1");
  casework::v1::ListSignalsRequest request;
  const auto list = world.Call<casework::v1::ListSignalsResponse>(world.Dispatcher(), "ListSignals", request);
  ASSERT_EQ(list->signals_size(), 1);
  EXPECT_EQ(list->signals(0).channel(), Signal::PATROL);
  EXPECT_EQ(casework::FromTimestamp(list->signals(0).event_time()), world.clock().Now() - absl::Hours(2));
  EXPECT_EQ(casework::FromTimestamp(list->signals(0).due_time()), world.clock().Now() + absl::Hours(2));
  const auto filed =
      world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(list->signals(0).name()));
  ASSERT_TRUE(filed.ok()) << filed.status();

  // The story names who found it and in which post, although the system handed it in.
  casework::v1::ListCaseEventsRequest events;
  events.set_name(filed->name());
  const auto story =
      world.Call<casework::v1::ListCaseEventsResponse>(world.Dispatcher(), "ListCaseEvents", events);
  ASSERT_TRUE(story.ok()) << story.status();
  EXPECT_TRUE(story->events(0).system());
  EXPECT_EQ(story->events(0).person(),
            ResourceName("persons", City().PersonIn(PostKind::kPatrolOfficer, world.village)));
  EXPECT_FALSE(story->events(0).person_display_name().empty());
  EXPECT_EQ(story->events(0).post(),
            ResourceName("posts", City().PostOf(PostKind::kPatrolOfficer, world.village).id));
}

TEST_F(Feed, WhatAVisitDoesNotKnowOfItsTimeGoesIntoTheSignalTheEntryAndTheCase) {
  auto entry = EntryOf("visit", Problem());
  const absl::Time latest = absl::FromUnixMicros(entry.entry.time().latest_us());
  const absl::Time earliest = latest - absl::Hours(5);
  entry.entry.mutable_time()->set_earliest_us(absl::ToUnixMicros(earliest));
  ASSERT_TRUE(world.Fold(casework::SignalOfVisit, entry).ok());
  const auto list = world.Call<casework::v1::ListSignalsResponse>(world.Dispatcher(), "ListSignals",
                                                                  casework::v1::ListSignalsRequest());
  ASSERT_EQ(list->signals_size(), 1);
  EXPECT_EQ(casework::FromTimestamp(list->signals(0).event_time()), latest);
  EXPECT_EQ(casework::FromTimestamp(list->signals(0).earliest_time()), earliest);
  const journal::FeedEntry told = world.Entries().back();
  EXPECT_EQ(told.entry.time().earliest_us(), absl::ToUnixMicros(earliest));
  EXPECT_EQ(told.entry.time().latest_us(), absl::ToUnixMicros(latest));
  const auto filed =
      world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(list->signals(0).name()));
  ASSERT_TRUE(filed.ok()) << filed.status();
  EXPECT_TRUE(filed->time_uncertain());
  EXPECT_EQ(casework::FromTimestamp(filed->event_time()), latest);
}

TEST_F(Feed, AVisitWithTheSameVisitIdInAnotherEntryMakesNoSecondSignal) {
  const auto visit = Problem();
  ASSERT_TRUE(world.Fold(casework::SignalOfVisit, EntryOf("visit", visit)).ok());
  ASSERT_TRUE(world.Fold(casework::SignalOfVisit, EntryOf("visit", visit)).ok());
  EXPECT_EQ(Count("signal_file"), "1");
}

TEST_F(Feed, AVisitThatNearlyFillsAnEntryStillFitsASignal) {
  auto visit = Problem();
  for (int i = 0; i < 450; ++i) world.AddPhoto(type::v1::Evidence::NEAR, visit.mutable_evidence());
  const absl::Status folded = world.Fold(casework::SignalOfVisit, EntryOf("visit", visit));
  EXPECT_TRUE(folded.ok()) << folded;
  EXPECT_EQ(Count("signal_file"), "1");
}

TEST_F(Feed, ANormalVisitMakesNoSignal) {
  auto visit = Problem();
  visit.set_result(patrol::v1::Visit::NORMAL);
  ASSERT_TRUE(world.Fold(casework::SignalOfVisit, EntryOf("visit", visit)).ok());
  EXPECT_EQ(Count("signal_file"), "0");
}

TEST_F(Feed, AVisitWithAPhotoOfAnotherCaseIsStillFiled) {
  auto visit = Problem();
  visit.mutable_evidence(0)->set_media(world.NewSignal().evidence(0).media());
  ASSERT_TRUE(world.Fold(casework::SignalOfVisit, EntryOf("visit", visit)).ok());
  EXPECT_EQ(Count("signal_file"), "2");
  EXPECT_EQ(Count("case_media"), "3");
}

TEST_F(Feed, AVisitOnThePhotosOfAnotherCaseFilesNothingUntilSomebodyLooks) {
  auto visit = Problem();
  visit.mutable_evidence(0)->set_media(world.NewSignal().evidence(0).media());
  ASSERT_TRUE(world.Fold(casework::SignalOfVisit, EntryOf("visit", visit)).ok());
  const std::string id = world.database().Ask(
      "SELECT LOWER(HEX(signal_id)) FROM signal_file WHERE channel_key = '" + visit.visit() + "'");
  const std::string name = "signals/" + id.substr(0, 8) + "-" + id.substr(8, 4) + "-" + id.substr(12, 4) +
                           "-" + id.substr(16, 4) + "-" + id.substr(20);
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(name)).status()),
            "PHOTO_OF_OTHER_CASE");
}

TEST_F(Feed, AHotspotBecomesALeadThatNeedsAnOnsiteCheck) {
  intake::v1::HotspotEvent hotspot;
  hotspot.set_hotspot("hotspots/" + world.NewId());
  hotspot.set_state(intake::v1::Hotspot::LOCATED);
  hotspot.set_channel_key("NOAA_20/VIIRS/2026-09-01T05:40/33.012/114.021");
  hotspot.set_division(ResourceName("divisions", world.village));
  hotspot.set_place_confidence(0.7);
  *hotspot.mutable_acquisition_time() = casework::ToTimestamp(world.clock().Now() - absl::Hours(3));
  const auto entry = EntryOf("hotspot", hotspot);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(world.Fold(casework::SignalOfHotspot, entry).ok());
  const auto list = world.Call<casework::v1::ListSignalsResponse>(world.Dispatcher(), "ListSignals",
                                                                  casework::v1::ListSignalsRequest());
  ASSERT_EQ(list->signals_size(), 1);
  EXPECT_EQ(list->signals(0).category(), "STRAW_BURNING");
  EXPECT_EQ(list->signals(0).channel(), Signal::SATELLITE);
  EXPECT_EQ(list->signals(0).place_confidence(), 0.7);
  EXPECT_EQ(
      ReasonOf(world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(list->signals(0).name()))
                   .status()),
      "FILING_CONDITION_UNMET");

  hotspot.set_state(intake::v1::Hotspot::OUTSIDE);
  ASSERT_TRUE(world.Fold(casework::SignalOfHotspot, EntryOf("hotspot", hotspot)).ok());
  hotspot.set_state(intake::v1::Hotspot::LOCATED);
  hotspot.set_replaces("hotspots/" + world.NewId());
  hotspot.set_channel_key("another");
  ASSERT_TRUE(world.Fold(casework::SignalOfHotspot, EntryOf("hotspot", hotspot)).ok());
  EXPECT_EQ(Count("signal_file"), "1");
}

TEST_F(Feed, AnEntryReadTwiceAssignsOneCheckerAndStartsOneWatch) {
  world.CaseIn(Case::FEEDBACK);
  const auto fed_back = world.Entries().back();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(world.Fold(casework::AssignCheckOnFeedback, fed_back).ok());
  EXPECT_EQ(world.database().Ask("SELECT COUNT(*) FROM case_event WHERE action = 10"), "1");
  world.CaseIn(Case::CLOSED);
  const auto closed = world.Entries().back();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(world.Fold(casework::MonitorOnClosing, closed).ok());
  EXPECT_EQ(world.database().Ask("SELECT COUNT(*) FROM case_event WHERE action = 16"), "1");
}

TEST_F(Feed, ACaseForWhichNobodyIsEligibleWaitsVisibly) {
  const Case waiting = world.CaseIn(Case::FEEDBACK);
  // A ground without any supervision officer.
  std::vector<domain::Tenure> tenures;
  for (const domain::Tenure& tenure : City().ground->tenures()) {
    if (City().ground->FindPost(tenure.post)->kind != PostKind::kSupervisionOfficer)
      tenures.push_back(tenure);
  }
  access::Directory bare(
      std::make_shared<domain::Ground>(City().ground->divisions(), City().ground->posts(), tenures,
                                       std::vector<domain::Person>(), std::vector<domain::Unit>()),
      City().MakeAccess());
  const casework::Casework area{world.area().database, bare, world.area().policy, world.area().channel};
  const journal::FeedEntry entry = world.Entries().back();
  ASSERT_TRUE(world.database()
                  ->Run([&](db::Transaction& tx) {
                    return casework::AssignCheckOnFeedback(
                        area, rpc::Call::System("feed", world.clock().Now()), tx, entry);
                  })
                  .ok());
  const Case still = world.Get(waiting.name());
  EXPECT_EQ(still.state(), Case::FEEDBACK);
  EXPECT_TRUE(still.has_due_time());
}

TEST_F(Feed, TheWorkersOfTheAreaDoTheSameFromTheRealFeedCursor) {
  CaseworkWorld own;  // its workers run until it goes
  const Case feedback = own.CaseIn(Case::FEEDBACK);
  own.server().RunWorkers();
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (own.Get(feedback.name()).state() != Case::CHECKING && absl::Now() < deadline)
    std::this_thread::yield();
  EXPECT_EQ(own.Get(feedback.name()).state(), Case::CHECKING);
  EXPECT_EQ(own.database().Ask("SELECT COUNT(*) FROM case_event WHERE action = 10"), "1");
}

}  // namespace
}  // namespace gridwarden::testing
