#include <set>

#include "domain/notice/timing.h"
#include "service/notify/notify_world.h"

// The inbox: whose notices are whose, and what reading them does.
namespace gridwarden::testing {
namespace {

using domain::PostKind;
using notify::v1::Notice;

class Inbox : public NotifyTest {};

TEST_F(Inbox, TheHandlerIsToldOnceHoweverOftenTheEntryIsRead) {
  const auto entry =
      EntryOf("case.transition", Dispatched(village, PostName(PostKind::kGridOfficer, village)));
  for (int i = 0; i < 3; ++i) Tell(entry);
  const auto listed = List(handler);
  ASSERT_EQ(listed.notices_size(), 1);
  const Notice& notice = listed.notices(0);
  EXPECT_EQ(notice.kind(), "CASE_ASSIGNED");
  EXPECT_EQ(notice.urgency(), Notice::ACT);
  EXPECT_EQ(notice.facts().case_no(), "990101-2026-000001");
  EXPECT_NE(notice.text_zh().find("990101-2026-000001"), std::string::npos);
  EXPECT_FALSE(notice.has_read_time());
  EXPECT_EQ(Count(handler).unread(), 1);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice"), "1");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice_delivery"), "1");
}

TEST_F(Inbox, NobodyElseSeesIt) {
  TellOfCase();
  for (const std::string& other : {neighbour, office, county_office, City().AdministratorToken()}) {
    EXPECT_EQ(List(other).notices_size(), 0) << other;
    EXPECT_EQ(Count(other).unread(), 0) << other;
  }
}

TEST_F(Inbox, NobodyReadsWithoutSigningIn) {
  EXPECT_TRUE(absl::IsUnauthenticated(
      Call<notify::v1::ListNoticesResponse>("", "ListNotices", notify::v1::ListNoticesRequest()).status()));
}

TEST_F(Inbox, ReadIsReadUntilItIsTakenBack) {
  TellOfCase();
  const std::string name = List(handler).notices(0).name();
  auto marked = Mark(handler, {name, name});
  ASSERT_TRUE(marked.ok()) << marked.status();
  EXPECT_EQ(marked->changed(), 1);
  EXPECT_EQ(Count(handler).unread(), 0);
  EXPECT_EQ(List(handler, true).notices_size(), 0);
  ASSERT_EQ(List(handler).notices_size(), 1);
  EXPECT_TRUE(List(handler).notices(0).has_read_time());
  // Read again it keeps its time.
  const int64_t read = List(handler).notices(0).read_time().seconds();
  server.clock().Advance(absl::Minutes(5));
  EXPECT_EQ(Mark(handler, {name})->changed(), 0);
  EXPECT_EQ(List(handler).notices(0).read_time().seconds(), read);

  EXPECT_EQ(Mark(handler, {name}, "MarkUnread")->changed(), 1);
  EXPECT_EQ(Count(handler).unread(), 1);
  EXPECT_EQ(Mark(handler, {name}, "MarkUnread")->changed(), 0);
}

TEST_F(Inbox, AForeignOrUnknownNoticeRefusesAllOfThemInTheSameWords) {
  TellOfCase();
  const std::string name = List(handler).notices(0).name();
  Tell(EntryOf("case.transition",
               Dispatched(village, PostName(PostKind::kGridOfficer, City().villages[0][0][1]))));
  const std::string foreign = List(neighbour).notices(0).name();
  const std::string unknown = ResourceName("notices", Uuid::Make(absl::Now()));
  for (const std::string& method : {"MarkRead", "MarkUnread"}) {
    for (const std::string& bad : {foreign, unknown}) {
      const auto status = Mark(handler, {name, bad}, method).status();
      EXPECT_TRUE(absl::IsNotFound(status)) << status;
      EXPECT_EQ(ReasonOf(status), "NOTICE_NOT_YOURS");
      EXPECT_EQ(FactsOf(status)->metadata.at("resource"), bad);
    }
  }
  EXPECT_EQ(Count(handler).unread(), 1);
  EXPECT_EQ(Count(neighbour).unread(), 1);
  EXPECT_EQ(ReasonOf(Mark(City().AdministratorToken(), {name}).status()), "NOTICE_NOT_YOURS");
}

TEST_F(Inbox, ARequestIsAnsweredOnceAndItsIdIsNotReused) {
  TellOfCase();
  TellOfCase();
  const auto listed = List(handler);
  notify::v1::MarkReadRequest request;
  request.set_request_id(NewId());
  request.add_names(listed.notices(0).name());
  const auto mark = [&] { return Call<notify::v1::MarkReadResponse>(handler, "MarkRead", request); };
  EXPECT_EQ(mark()->changed(), 1);
  EXPECT_EQ(mark()->changed(), 1) << "the stored answer";
  request.add_names(listed.notices(1).name());
  EXPECT_EQ(ReasonOf(mark().status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(Count(handler).unread(), 1);
}

TEST_F(Inbox, WhatIsMissingOrTooMuchIsNamed) {
  EXPECT_EQ(ReasonOf(Mark(handler, {}).status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(Mark(handler, {"cases/x"}).status()), "INVALID_FIELD");
  EXPECT_EQ(
      ReasonOf(Mark(handler, std::vector<std::string>(501, ResourceName("notices", Uuid::Make(absl::Now()))))
                   .status()),
      "INVALID_FIELD");
  EXPECT_EQ(
      ReasonOf(Call<notify::v1::MarkReadResponse>(handler, "MarkAllRead", notify::v1::MarkAllReadRequest())
                   .status()),
      "REQUIRED_FIELD_MISSING");
}

TEST_F(Inbox, PagesHaveEachNoticeOnceNewestFirst) {
  std::vector<std::string> order;
  for (int i = 0; i < 11; ++i) {
    TellOfCase();
    if (i % 3 != 0) server.clock().Advance(absl::Seconds(1));  // some at the same time
  }
  for (int read : {0, 4, 5}) ASSERT_TRUE(Mark(handler, {List(handler).notices(read).name()}).ok());
  std::set<std::string> seen;
  std::string page;
  int64_t before = INT64_MAX;
  int pages = 0;
  do {
    const auto listed = List(handler, false, 3, page);
    for (const Notice& notice : listed.notices()) {
      EXPECT_TRUE(seen.insert(notice.name()).second);
      EXPECT_LE(notice.create_time().seconds(), before);
      before = notice.create_time().seconds();
    }
    page = listed.next_page_token();
    ++pages;
  } while (!page.empty());
  EXPECT_EQ(seen.size(), 11u);
  EXPECT_EQ(pages, 4);
  EXPECT_EQ(List(handler, true).notices_size(), 8);
  notify::v1::ListNoticesRequest other;
  other.set_page_token(List(handler, false, 3).next_page_token());
  other.set_unread_only(true);
  EXPECT_EQ(ReasonOf(Call<notify::v1::ListNoticesResponse>(handler, "ListNotices", other).status()),
            "PAGE_TOKEN_MISMATCH");
}

TEST_F(Inbox, KindsAreFiltered) {
  TellOfCase();
  casework::v1::CaseEvent voided = Dispatched(village, PostName(PostKind::kGridOfficer, village));
  voided.set_action(casework::v1::VOID);
  Tell(EntryOf("case.transition", voided));
  notify::v1::ListNoticesRequest request;
  request.add_kinds("CASE_VOIDED");
  const auto listed = Call<notify::v1::ListNoticesResponse>(handler, "ListNotices", request);
  ASSERT_EQ(listed->notices_size(), 1);
  EXPECT_EQ(listed->notices(0).kind(), "CASE_VOIDED");
  for (int i = 0; i < 41; ++i) request.add_kinds("X");
  EXPECT_EQ(ReasonOf(Call<notify::v1::ListNoticesResponse>(handler, "ListNotices", request).status()),
            "INVALID_FIELD");
}

TEST_F(Inbox, AllUpToATimeAreReadAndNoneThatCameLater) {
  TellOfCase();
  TellOfCase();
  const absl::Time seen = Now();
  server.clock().Advance(absl::Seconds(2));
  TellOfCase();
  notify::v1::MarkAllReadRequest request;
  request.set_request_id(NewId());
  Set(seen, request.mutable_before_time());
  const auto marked = Call<notify::v1::MarkReadResponse>(handler, "MarkAllRead", request);
  ASSERT_TRUE(marked.ok()) << marked.status();
  EXPECT_EQ(marked->changed(), 2);
  EXPECT_FALSE(marked->more());
  EXPECT_EQ(Count(handler).unread(), 1);
}

TEST_F(Inbox, WhatIsTooOldIsNotListed) {
  TellOfCase();
  server.clock().Advance(absl::Hours(24 * 179));
  EXPECT_EQ(List(handler).notices_size(), 1);
  server.clock().Advance(absl::Hours(24 * 2));
  EXPECT_EQ(List(handler).notices_size(), 0);
  EXPECT_EQ(Count(handler).unread(), 0);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice"), "1") << "kept, not listed";
}

TEST_F(Inbox, ARebuildFillsInboxesAndCallsNobody) {
  const auto entry =
      EntryOf("case.transition", Dispatched(village, PostName(PostKind::kGridOfficer, village)));
  server.clock().Advance(absl::Hours(48));
  Tell(entry);
  EXPECT_EQ(List(handler).notices_size(), 1);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice_delivery"), "0");
}

TEST_F(Inbox, AnEntryThatNamesWhatThisGroundDoesNotKnowYetWaits) {
  const auto entry =
      EntryOf("case.transition", Dispatched(village, ResourceName("posts", Uuid::Make(absl::Now()))));
  const rpc::Call call = rpc::Call::System("feed", Now());
  const auto tell = [&] {
    return server.database().Run(
        [&](db::Transaction& tx) { return notify::TellOfEntry(server.context(), call, tx, entry); });
  };
  EXPECT_TRUE(absl::IsUnavailable(tell()));
  server.clock().Advance(absl::Minutes(2));
  EXPECT_TRUE(tell().ok()) << "and does not stop the feed for ever";
}

TEST_F(Inbox, WhoFoundItHearsOfTheEnd) {
  casework::v1::SignalEvent found;
  found.set_action(casework::v1::SUBMIT);
  const Uuid person = City().PersonIn(PostKind::kPatrolOfficer, village);
  found.mutable_after()->set_category("BUILDING_SITE");
  found.mutable_after()->set_division(ResourceName("divisions", village));
  found.mutable_after()->set_finder(ResourceName("persons", person));
  auto entry = EntryOf("signal.transition", found);
  const Uuid signal = entry.subject();
  Tell(entry);
  casework::v1::CaseEvent closed = Dispatched(village, PostName(PostKind::kGridOfficer, village));
  closed.set_action(casework::v1::SIGN);
  closed.mutable_after()->add_signals(ResourceName("signals", signal));
  Tell(EntryOf("case.transition", closed));
  const auto listed = List(City().TokenOf(PostKind::kPatrolOfficer, village));
  ASSERT_EQ(listed.notices_size(), 1);
  EXPECT_EQ(listed.notices(0).kind(), "CASE_CLOSED");
  EXPECT_FALSE(listed.notices(0).has_announce_time()) << "it waits for the summary";
}

TEST_F(Inbox, TheLeaderOfTheLevelThatFiledIsAskedToSign) {
  casework::v1::CaseEvent event = Dispatched(village, PostName(PostKind::kGridOfficer, village));
  event.set_action(casework::v1::FILE);
  auto filed = EntryOf("case.transition", event);
  filed.entry.mutable_actor()->set_person(City().PersonIn(PostKind::kCampaignOffice, township).Bytes());
  filed.entry.mutable_actor()->set_post(City().PostOf(PostKind::kCampaignOffice, township).id.Bytes());
  Tell(filed);
  event.set_action(casework::v1::PASS);
  auto passed = EntryOf("case.transition", event);
  passed.entry.set_subject(filed.entry.subject());
  Tell(passed);
  EXPECT_EQ(List(City().TokenOf(PostKind::kGridLeader, township)).notices_size(), 1);
  EXPECT_EQ(List(City().TokenOf(PostKind::kGridLeader, village)).notices_size(), 0) << "who may not sign it";

  // After the second rework it goes one level up.
  event.mutable_after()->set_rework_count(2);
  passed = EntryOf("case.transition", event);
  passed.entry.set_subject(filed.entry.subject());
  Tell(passed);
  EXPECT_EQ(List(City().TokenOf(PostKind::kGridLeader, county)).notices_size(), 1);
}

// ---- a post that changes hands

// The grid officer of the first village hands over to the patrol officer's person on 2026-12-01.
std::shared_ptr<const domain::Ground> CityWithHandOver() {
  const domain::Ground& city = *City().ground;
  const Uuid post = City().PostOf(PostKind::kGridOfficer, City().villages[0][0][0]).id;
  const absl::Time at = Local("2026-12-01 00:00");
  std::vector<domain::Tenure> tenures = city.tenures();
  for (domain::Tenure& tenure : tenures) {
    if (tenure.post == post) tenure.valid.to = at;
  }
  domain::Tenure next{.id = Uuid::Derive(post, "next"),
                      .post = post,
                      .person = City().PersonIn(PostKind::kGridOfficer, City().villages[0][0][1]),
                      .valid = {at, absl::InfiniteFuture()},
                      .recorded = Local("2026-11-01 00:00")};
  tenures.push_back(next);
  return std::make_shared<const domain::Ground>(city.divisions(), city.posts(), tenures, city.persons(),
                                                city.units());
}

class HandedOver : public NotifyTest {
 protected:
  HandedOver() : NotifyTest(CityWithHandOver()) {}
};

TEST_F(HandedOver, TheSuccessorFindsWhatIsOpenAndTheOtherKeepsWhatHeRead) {
  TellOfCase();
  TellOfCase();
  const std::string read = List(handler).notices(0).name();
  ASSERT_TRUE(Mark(handler, {read}).ok());
  EXPECT_EQ(List(neighbour).notices_size(), 0);

  server.clock().Set(Local("2026-12-01 09:00"));
  // Who left the post keeps what he read and nothing else.
  ASSERT_EQ(List(handler).notices_size(), 1);
  EXPECT_EQ(List(handler).notices(0).name(), read);
  EXPECT_EQ(Count(handler).unread(), 0);
  // Who took it finds what nobody read.
  ASSERT_EQ(List(neighbour).notices_size(), 1);
  EXPECT_NE(List(neighbour).notices(0).name(), read);
  EXPECT_EQ(ReasonOf(Mark(neighbour, {read}).status()), "NOTICE_NOT_YOURS");

  // A new one is the successor's alone; what the other takes back goes to the post.
  TellOfCase();
  EXPECT_EQ(List(handler).notices_size(), 1);
  EXPECT_EQ(List(neighbour).notices_size(), 2);
  ASSERT_TRUE(Mark(handler, {read}, "MarkUnread").ok());
  EXPECT_EQ(List(handler).notices_size(), 0);
  EXPECT_EQ(List(neighbour).notices_size(), 3);
}

// ---- a limit on who is told

std::shared_ptr<const domain::Policy> PolicyForTwo() {
  auto policy = std::make_shared<domain::Policy>(*TestPolicy());
  auto rules = std::make_shared<domain::NoticeRules>(*policy->notices);
  rules->recipients_max = 2;
  policy->notices = rules;
  return policy;
}

class FewRecipients : public NotifyTest {
 protected:
  FewRecipients() : NotifyTest(City().ground, PolicyForTwo()) {}
};

TEST_F(FewRecipients, ANoticeGoesToNoMoreThanThePolicyAllows) {
  casework::v1::CaseEvent event = Dispatched(village, PostName(PostKind::kGridOfficer, village));
  for (const Uuid& bureau : City().bureaus)
    event.mutable_after()->add_cooperators(ResourceName("units", bureau));
  Tell(EntryOf("case.transition", event));
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice"), "2");
}

}  // namespace
}  // namespace gridwarden::testing
