#include "notify/notices_of_feed.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "domain/policy/notice_rules.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "gridwarden/casework/v1/rung_event.pb.h"
#include "gridwarden/patrol/v1/patrol_event.pb.h"
#include "notify/notice_text.h"
#include "notify/webhook_channel.h"
#include "support/test_city.h"
#include "support/test_policy.h"

// Who is told what, entry by entry.
namespace gridwarden::notify {
namespace {

using casework::v1::Application;
using casework::v1::Case;
using casework::v1::CaseEvent;
using casework::v1::SignalEvent;
using domain::PostKind;
using testing::City;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);
const Uuid kVillage = City().villages[0][0][0];

Uuid Post(PostKind kind, const Uuid& division) { return City().PostOf(kind, division).id; }
std::string PostName(PostKind kind, const Uuid& division) {
  return ResourceName("posts", Post(kind, division));
}

template <typename Event>
journal::FeedEntry EntryOf(const char* kind, const Event& event, const Uuid& subject = Uuid::Make(kNow)) {
  journal::FeedEntry entry;
  entry.entry.set_entry_id(Uuid::Make(kNow).Bytes());
  entry.entry.set_kind(kind);
  entry.entry.set_subject(subject.Bytes());
  entry.entry.set_event(event.SerializeAsString());
  entry.entry.set_event_type(Event::descriptor()->full_name());
  entry.entry.set_received_us(absl::ToUnixMicros(kNow));
  return entry;
}

template <typename Event>
Reading Read(const char* kind, const Event& event) {
  return ReadEntry(*City().ground, *testing::TestPolicy(), EntryOf(kind, event));
}

CaseEvent EventOf(casework::v1::Action action) {
  CaseEvent event;
  event.set_action(action);
  Case& after = *event.mutable_after();
  after.set_name(ResourceName("cases", Uuid::Make(kNow)));
  after.set_case_no("990101-2026-000001");
  after.set_category("BUILDING_SITE");
  after.set_division(ResourceName("divisions", kVillage));
  after.set_handler(PostName(PostKind::kGridOfficer, kVillage));
  after.set_check_post(PostName(PostKind::kSupervisionOfficer, kVillage));
  after.set_description("张三说隔壁冒烟");
  return event;
}

// The only notice of an entry.
Told One(const Reading& reading) {
  EXPECT_EQ(reading.told.size(), 1u);
  return reading.told.empty() ? Told() : reading.told.front();
}

TEST(NoticesOfFeed, TheHandlerAndWhoCooperatesAreToldOfADispatch) {
  CaseEvent event = EventOf(casework::v1::DISPATCH);
  event.mutable_after()->add_cooperators(ResourceName("units", City().bureaus[0]));
  const Told told = One(Read("case.transition", event));
  EXPECT_EQ(told.kind, "CASE_ASSIGNED");
  EXPECT_EQ(told.posts, (std::vector<Uuid>{Post(PostKind::kGridOfficer, kVillage),
                                           City().HandlerOf(City().bureaus[0]).id}));
  EXPECT_EQ(told.facts.case_no(), "990101-2026-000001");
}

TEST(NoticesOfFeed, EachActOnACaseTellsWhomItConcerns) {
  const std::vector<std::pair<casework::v1::Action, std::pair<std::string, Uuid>>> expected = {
      {casework::v1::ASSIGN_CHECK, {"CHECK_ASSIGNED", Post(PostKind::kSupervisionOfficer, kVillage)}},
      {casework::v1::REWORK, {"CASE_REWORK", Post(PostKind::kGridOfficer, kVillage)}},
      {casework::v1::RETURN, {"CASE_RETURNED", Post(PostKind::kCampaignOffice, City().townships[0][0])}},
      {casework::v1::REFUSE_SIGN, {"SIGNATURE_REFUSED", Post(PostKind::kSupervisionOfficer, kVillage)}},
      {casework::v1::DISPUTE, {"CASE_DISPUTED", Post(PostKind::kCampaignOffice, City().counties[0])}},
      {casework::v1::VOID, {"CASE_VOIDED", Post(PostKind::kGridOfficer, kVillage)}},
      {casework::v1::RECHECK_REBOUNDED, {"CASE_REBOUNDED", Post(PostKind::kGridOfficer, kVillage)}},
  };
  for (const auto& [action, want] : expected) {
    const Told told = One(Read("case.transition", EventOf(action)));
    EXPECT_EQ(told.kind, want.first);
    EXPECT_NE(std::find(told.posts.begin(), told.posts.end(), want.second), told.posts.end())
        << casework::v1::Action_Name(action);
  }
}

TEST(NoticesOfFeed, ASecondReturnIsTheCountys) {
  CaseEvent event = EventOf(casework::v1::RETURN);
  event.mutable_after()->set_return_count(2);
  EXPECT_EQ(One(Read("case.transition", event)).posts,
            std::vector<Uuid>{Post(PostKind::kCampaignOffice, City().counties[0])});
}

TEST(NoticesOfFeed, WhoFoundAndFiledAreToldOfTheEnd) {
  CaseEvent filed = EventOf(casework::v1::FILE);
  journal::FeedEntry entry = EntryOf("case.transition", filed);
  const Uuid person = Uuid::Make(kNow);
  entry.entry.mutable_actor()->set_person(person.Bytes());
  const Reading reading = ReadEntry(*City().ground, *testing::TestPolicy(), entry);
  ASSERT_EQ(reading.origins.size(), 1u);
  EXPECT_EQ(reading.origins[0].person, person);

  CaseEvent closed = EventOf(casework::v1::SIGN);
  const Uuid signal = Uuid::Make(kNow);
  closed.mutable_after()->add_signals(ResourceName("signals", signal));
  const Told told = One(Read("case.transition", closed));
  EXPECT_EQ(told.kind, "CASE_CLOSED");
  ASSERT_EQ(told.origins.size(), 2u);
  EXPECT_EQ(told.origins[1], signal);
}

TEST(NoticesOfFeed, AnApplicationWaitsForTheSeatsThatHaveNotSpoken) {
  CaseEvent event = EventOf(casework::v1::DECIDE);
  Application& application = *event.mutable_application();
  application.set_name("applications/x");
  application.set_kind(Application::FORCED_CLOSING);
  application.set_state(Application::PENDING);
  application.add_seats("COUNTY_CENTRE");
  application.add_seats("COUNTY_LEADER");
  application.add_decisions()->set_seat("COUNTY_CENTRE");
  const Told told = One(Read("case.transition", event));
  EXPECT_EQ(told.kind, "APPLICATION_WAITING");
  EXPECT_EQ(told.facts.code(), "FORCED_CLOSING");
  ASSERT_FALSE(told.posts.empty());
  for (const Uuid& post : told.posts) EXPECT_EQ(City().ground->FindPost(post)->division, City().counties[0]);
  EXPECT_EQ(
      std::count(told.posts.begin(), told.posts.end(), Post(PostKind::kCampaignOffice, City().counties[0])),
      0);
}

TEST(NoticesOfFeed, WhoAskedIsToldWhatWasDecided) {
  CaseEvent event = EventOf(casework::v1::POSTPONE);
  Application& application = *event.mutable_application();
  application.set_name("applications/x");
  application.set_state(Application::APPROVED);
  const Uuid applicant = Uuid::Make(kNow);
  application.mutable_applicant()->set_person(ResourceName("persons", applicant));
  application.mutable_applicant()->set_reason("家里有事");
  const Told told = One(Read("case.transition", event));
  EXPECT_EQ(told.kind, "APPLICATION_DECIDED");
  EXPECT_EQ(told.persons, std::vector<Uuid>{applicant});
}

TEST(NoticesOfFeed, AFireIsTheDutyRostersAtAnyHour) {
  SignalEvent event;
  event.set_action(casework::v1::SUBMIT);
  event.mutable_after()->set_name(ResourceName("signals", Uuid::Make(kNow)));
  event.mutable_after()->set_category("STRAW_BURNING");
  event.mutable_after()->set_division(ResourceName("divisions", kVillage));
  const Told told = One(Read("signal.transition", event));
  EXPECT_EQ(told.kind, "SIGNAL_PRESSING");
  EXPECT_EQ(told.duty_of, kVillage);
  EXPECT_TRUE(told.round_the_clock);

  event.mutable_after()->set_category("BUILDING_SITE");
  EXPECT_TRUE(Read("signal.transition", event).told.empty());
}

TEST(NoticesOfFeed, AnOutsideReporterIsNobodysOrigin) {
  SignalEvent event;
  event.set_action(casework::v1::SUBMIT);
  event.mutable_after()->set_category("BUILDING_SITE");
  event.mutable_after()->set_channel(casework::v1::Signal::PUBLIC);
  EXPECT_TRUE(Read("signal.transition", event).origins.empty());
}

TEST(NoticesOfFeed, RungsTellWhomTheyNameAndNoneWhenTheClockEnded) {
  casework::v1::RungEvent event;
  casework::v1::Rung& rung = *event.mutable_rung();
  rung.set_subject(ResourceName("cases", Uuid::Make(kNow)));
  rung.set_clock("HANDLE");
  rung.set_category("BUILDING_SITE");
  rung.set_division(ResourceName("divisions", kVillage));
  rung.add_recipients()->set_post(PostName(PostKind::kGridOfficer, kVillage));
  const std::vector<std::pair<casework::v1::Rung::Level, std::string>> expected = {
      {casework::v1::Rung::R1, "DUE_SOON"},
      {casework::v1::Rung::R2, "OVERDUE"},
      {casework::v1::Rung::R3, "ESCALATED"},
      {casework::v1::Rung::R4, "ESCALATED"}};
  for (const auto& [level, kind] : expected) {
    rung.set_level(level);
    const Told told = One(Read("rung", event));
    EXPECT_EQ(told.kind, kind);
    EXPECT_EQ(told.posts, std::vector<Uuid>{Post(PostKind::kGridOfficer, kVillage)});
  }
  rung.set_clock_ended(true);
  EXPECT_TRUE(Read("rung", event).told.empty());
}

TEST(NoticesOfFeed, APatrolTaskTellsItsPost) {
  patrol::v1::PatrolTaskEvent event;
  event.set_action(patrol::v1::ASSIGN);
  event.mutable_after()->set_post(PostName(PostKind::kPatrolOfficer, kVillage));
  event.mutable_after()->set_division(ResourceName("divisions", kVillage));
  EXPECT_EQ(One(Read("patrol_task", event)).kind, "PATROL_ISSUED");
  event.set_action(patrol::v1::MISS);
  EXPECT_EQ(One(Read("patrol_task", event)).kind, "PATROL_MISSED");
  event.set_action(patrol::v1::START);
  EXPECT_TRUE(Read("patrol_task", event).told.empty());
  // What a plan makes stands in the list of tasks; forty a day are no notices.
  event.set_action(patrol::v1::CREATE);
  EXPECT_EQ(One(Read("patrol_task", event)).kind, "PATROL_ISSUED");
  event.mutable_after()->set_rule("TOWNSHIP_KEY");
  EXPECT_TRUE(Read("patrol_task", event).told.empty());
}

TEST(NoticesOfFeed, WhatThisGroundDoesNotKnowYetIsSaid) {
  CaseEvent event = EventOf(casework::v1::DISPATCH);
  EXPECT_FALSE(Read("case.transition", event).names_unknown);
  event.mutable_after()->set_handler(ResourceName("posts", Uuid::Make(kNow)));
  EXPECT_TRUE(Read("case.transition", event).names_unknown);
  event.mutable_after()->set_handler(ResourceName("units", Uuid::Make(kNow)));
  EXPECT_TRUE(Read("case.transition", event).names_unknown);
}

TEST(NoticesOfFeed, RubbishAndOtherKindsTellNothing) {
  journal::FeedEntry entry = EntryOf("case.transition", EventOf(casework::v1::DISPATCH));
  entry.entry.set_event("\xff\xff");
  EXPECT_TRUE(ReadEntry(*City().ground, *testing::TestPolicy(), entry).told.empty());
  EXPECT_TRUE(Read("tenure", EventOf(casework::v1::DISPATCH)).told.empty());
}

TEST(NoticeTexts, StandInThePolicyForEveryKind) {
  const auto policy = testing::TestPolicy();
  ASSERT_NE(policy->notices, nullptr);
  for (const std::string& kind : KindsOfNotices()) EXPECT_NE(policy->notices->Find(kind), nullptr) << kind;
  for (const auto& [code, kind] : policy->notices->kinds) {
    const std::vector<std::string> made = KindsOfNotices();
    EXPECT_NE(std::find(made.begin(), made.end(), code), made.end()) << code << " is worded and never made";
    EXPECT_FALSE(kind.source.empty());
  }
}

TEST(NoticeTexts, NameCaseCategoryAndPlaceInBothLanguagesAndNoWordsOfPeople) {
  const Told told = One(Read("case.transition", EventOf(casework::v1::DISPATCH)));
  ListedNotice listed;
  listed.notice.kind = told.kind;
  listed.notice.subject = told.subject;
  listed.notice.facts = told.facts.SerializeAsString();
  listed.notice.created = kNow;
  const v1::Notice notice = NoticeOf(*City().ground, *testing::TestPolicy(), listed);
  EXPECT_NE(notice.text_zh().find("990101-2026-000001"), std::string::npos) << notice.text_zh();
  EXPECT_NE(notice.text_zh().find(City().ground->PathName(kVillage)), std::string::npos) << notice.text_zh();
  EXPECT_NE(notice.text_en().find("dispatched to you"), std::string::npos) << notice.text_en();
  EXPECT_EQ(notice.text_zh().find('{'), std::string::npos);
  EXPECT_EQ(notice.SerializeAsString().find("张三"), std::string::npos);
}

TEST(NoticeTexts, AGroupReadsNoPlaceAndNoName) {
  NoticeRow notice;
  notice.kind = "OVERDUE";
  notice.subject = "cases/x";
  v1::NoticeFacts facts;
  facts.set_case_no("990101-2026-000001");
  facts.set_category("STRAW_BURNING");
  facts.set_code("HANDLE");
  facts.set_division(ResourceName("divisions", kVillage));
  facts.set_post(PostName(PostKind::kGridOfficer, kVillage));
  notice.facts = facts.SerializeAsString();
  const std::string line = GroupLineOf(*testing::TestPolicy(), notice);
  EXPECT_NE(line.find("990101-2026-000001"), std::string::npos) << line;
  EXPECT_EQ(line.find(City().ground->FindDivision(kVillage)->display_name), std::string::npos) << line;
  notice.kind = "CASE_ASSIGNED";
  EXPECT_EQ(GroupLineOf(*testing::TestPolicy(), notice), "");
}

TEST(WebhookAnswer, SaysWhatToDoNext) {
  const auto kind = [](long status, const std::string& body) {
    return ReadAnswer(status, body, std::nullopt, 2).results[1].kind;
  };
  EXPECT_EQ(kind(200, "{\"errcode\":0,\"errmsg\":\"ok\"}"), Result::Kind::kDelivered);
  EXPECT_EQ(kind(204, ""), Result::Kind::kDelivered);
  EXPECT_EQ(kind(200, "thanks"), Result::Kind::kDelivered);
  EXPECT_EQ(kind(503, ""), Result::Kind::kRetry);
  EXPECT_EQ(kind(404, ""), Result::Kind::kRefused);
  EXPECT_EQ(kind(302, ""), Result::Kind::kRefused);
  EXPECT_EQ(kind(200, "{\"errcode\":93000}"), Result::Kind::kRefused);
  EXPECT_EQ(kind(200, "{\"errcode\":45009}"), Result::Kind::kRetry);
  EXPECT_EQ(ReadAnswer(200, "{\"errcode\":45009}", std::nullopt, 1).silence, absl::Minutes(10));
  EXPECT_EQ(ReadAnswer(429, "", 30, 1).silence, absl::Seconds(30));
  EXPECT_EQ(ReadAnswer(429, "", 1'000'000, 1).silence, absl::Hours(1));
}

TEST(WebhookAddress, IsEncryptedUnlessItIsThisMachine) {
  const auto ok = [](const std::string& url) { return Webhook{.url = url}.Check().ok(); };
  EXPECT_TRUE(ok("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x"));
  EXPECT_TRUE(ok("http://127.0.0.1:8080/hook"));
  EXPECT_FALSE(ok("http://example.com/hook"));
  EXPECT_FALSE(ok("http://127.0.0.1.example.com/hook"));
  EXPECT_FALSE(ok("file:///etc/passwd"));
  EXPECT_FALSE(ok("https://example.com/a b"));
  EXPECT_FALSE((Webhook{.url = "https://example.com/", .per_minute = 0}.Check().ok()));
}

}  // namespace
}  // namespace gridwarden::notify
