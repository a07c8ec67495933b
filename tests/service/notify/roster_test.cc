#include "service/notify/notify_world.h"

// The duty roster: the eight standard cases, its rules, and who it sends what to.
namespace gridwarden::testing {
namespace {

using domain::PostKind;
using notify::v1::DutyShift;
using notify::v1::SetDutyShiftsRequest;
using notify::v1::SetDutyShiftsResponse;

class Roster : public NotifyTest {
 protected:
  absl::StatusOr<SetDutyShiftsResponse> Plan(const std::string& token, const SetDutyShiftsRequest& request) {
    return Call<SetDutyShiftsResponse>(token, "SetDutyShifts", request);
  }
  // Tonight at the centre of the township.
  SetDutyShiftsRequest Tonight(const Uuid& person) {
    return RosterOf(township, person, Local("2026-11-23 18:00"), Local("2026-11-24 08:00"));
  }
  notify::v1::WhoIsOnDutyResponse OnDuty(const std::string& token, const Uuid& division, const char* at) {
    notify::v1::WhoIsOnDutyRequest request;
    request.set_division(ResourceName("divisions", division));
    Set(Local(at), request.mutable_time());
    const auto answer = Call<notify::v1::WhoIsOnDutyResponse>(token, "WhoIsOnDuty", request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.value_or(notify::v1::WhoIsOnDutyResponse());
  }

  const Uuid clerk = City().PersonIn(PostKind::kGridOfficer, village);
  const Uuid other = City().PersonIn(PostKind::kPatrolOfficer, village);
};

TEST_F(Roster, IsPlannedAndSaysWhoIsOnDuty) {
  const auto planned = Plan(office, Tonight(clerk));
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(planned->planned(), 1);
  EXPECT_EQ(planned->etag(), "1");
  const auto now = OnDuty(handler, village, "2026-11-23 20:00");
  ASSERT_EQ(now.on_duty_size(), 1) << "seen from the village below";
  EXPECT_EQ(now.on_duty(0).person(), ResourceName("persons", clerk));
  EXPECT_FALSE(now.on_duty(0).display_name().empty());
  EXPECT_EQ(now.on_duty(0).shift().division(), ResourceName("divisions", township));
  EXPECT_EQ(OnDuty(handler, village, "2026-11-24 07:59").on_duty_size(), 1);
  EXPECT_EQ(OnDuty(handler, village, "2026-11-24 08:00").on_duty_size(), 0);
  EXPECT_EQ(OnDuty(handler, village, "2026-11-23 17:59").on_duty_size(), 0);
}

TEST_F(Roster, OnlyCampaignOfficesInScopePlanIt) {
  const std::vector<std::string> strangers = {
      handler, City().TokenOf(PostKind::kGridLeader, township),
      City().TokenOf(PostKind::kCampaignOffice, City().townships[0][1]),
      City().TokenOf(PostKind::kCampaignOffice, City().counties[1]), City().AdministratorToken()};
  for (const std::string& token : strangers) {
    EXPECT_TRUE(absl::IsPermissionDenied(Plan(token, Tonight(clerk)).status())) << token;
  }
  EXPECT_TRUE(absl::IsUnauthenticated(Plan("", Tonight(clerk)).status()));
  EXPECT_TRUE(Plan(county_office, Tonight(clerk)).ok());
}

TEST_F(Roster, OfAnotherGroundIsNotShown) {
  notify::v1::WhoIsOnDutyRequest request;
  request.set_division(ResourceName("divisions", City().townships[1][0]));
  EXPECT_TRUE(absl::IsPermissionDenied(
      Call<notify::v1::WhoIsOnDutyResponse>(office, "WhoIsOnDuty", request).status()));
  notify::v1::ListDutyShiftsRequest list;
  list.set_division(request.division());
  Set(Local("2026-11-23 00:00"), list.mutable_from_time());
  Set(Local("2026-11-24 00:00"), list.mutable_to_time());
  EXPECT_TRUE(absl::IsPermissionDenied(
      Call<notify::v1::ListDutyShiftsResponse>(office, "ListDutyShifts", list).status()));
}

TEST_F(Roster, ReplacesItsWindowAndKeepsWhatIsTheSame) {
  ASSERT_TRUE(Plan(office, Tonight(clerk)).ok());
  SetDutyShiftsRequest again = Tonight(clerk);
  AddShift(again, other, Local("2026-11-24 08:00"), Local("2026-11-24 18:00"));
  auto planned = Plan(office, again);
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(planned->planned(), 1);
  EXPECT_EQ(planned->unchanged(), 1);
  again.set_request_id(NewId());
  again.mutable_shifts()->DeleteSubrange(0, 1);
  planned = Plan(office, again);
  EXPECT_EQ(planned->removed(), 1);
  EXPECT_EQ(OnDuty(office, township, "2026-11-23 20:00").on_duty_size(), 0);
  // Put on again it is the same aggregate: three entries of one chain.
  planned = Plan(office, Tonight(clerk));
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(Ask("SELECT MAX(subject_seq) FROM duty_shift"), "3");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM journal_stage"), "5");
}

TEST_F(Roster, ADryRunSaysWhatWouldBeAndChangesNothing) {
  SetDutyShiftsRequest request = Tonight(clerk);
  request.set_dry_run(true);
  const auto planned = Plan(office, request);
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(planned->planned(), 1);
  EXPECT_TRUE(planned->dry_run());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM duty_shift"), "0");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM journal_stage"), "0");
}

TEST_F(Roster, NobodyIsOnDutyTwiceAtATime) {
  SetDutyShiftsRequest request = Tonight(clerk);
  AddShift(request, clerk, Local("2026-11-24 07:00"), Local("2026-11-24 12:00"));
  EXPECT_EQ(ReasonOf(Plan(office, request).status()), "DUTY_SHIFT_OVERLAP");
  ASSERT_TRUE(Plan(office, Tonight(clerk)).ok());
  SetDutyShiftsRequest field = Tonight(clerk);
  field.set_kind(DutyShift::FIELD);
  const auto refused = Plan(office, field).status();
  EXPECT_EQ(ReasonOf(refused), "DUTY_SHIFT_OVERLAP");
  EXPECT_FALSE(FactsOf(refused)->metadata.at("who").empty());
  // A shift that reaches into the window from before it counts as well.
  SetDutyShiftsRequest tomorrow =
      RosterOf(township, clerk, Local("2026-11-24 06:00"), Local("2026-11-24 12:00"));
  Set(Local("2026-11-24 00:00"), tomorrow.mutable_from_time());
  EXPECT_EQ(ReasonOf(Plan(office, tomorrow).status()), "DUTY_SHIFT_OVERLAP");
  // Two people at once are welcome.
  SetDutyShiftsRequest two = Tonight(clerk);
  AddShift(two, other, Local("2026-11-23 18:00"), Local("2026-11-24 08:00"));
  EXPECT_TRUE(Plan(office, two).ok());
}

TEST_F(Roster, WhoDoesNotStandThereIsRefusedByName) {
  const Uuid stranger = City().PersonIn(PostKind::kGridOfficer, City().villages[0][1][0]);
  const auto status = Plan(office, Tonight(stranger)).status();
  EXPECT_EQ(ReasonOf(status), "DUTY_NOT_OF_DIVISION");
  EXPECT_FALSE(FactsOf(status)->metadata.at("who").empty());
}

TEST_F(Roster, WhatCannotBeMeantIsNamed) {
  const auto reason_of = [&](const std::function<void(SetDutyShiftsRequest&)>& change) {
    SetDutyShiftsRequest request = Tonight(clerk);
    change(request);
    const auto status = Plan(office, request).status();
    return absl::StrCat(ReasonOf(status), " ",
                        FactsOf(status)->fields.empty() ? "" : FactsOf(status)->fields[0].field);
  };
  EXPECT_EQ(reason_of([](auto& r) { r.clear_division(); }), "REQUIRED_FIELD_MISSING division");
  EXPECT_EQ(reason_of([](auto& r) { r.clear_from_time(); }), "REQUIRED_FIELD_MISSING from_time");
  EXPECT_EQ(reason_of([](auto& r) { r.clear_kind(); }), "REQUIRED_FIELD_MISSING kind");
  EXPECT_EQ(reason_of([](auto& r) { r.mutable_shifts(0)->clear_person(); }), "INVALID_FIELD shifts[0].post");
  EXPECT_EQ(reason_of([](auto& r) { r.mutable_shifts(0)->clear_to_time(); }),
            "INVALID_FIELD shifts[0].to_time");
  EXPECT_EQ(
      reason_of([](auto& r) { Set(Local("2026-11-24 18:01"), r.mutable_shifts(0)->mutable_to_time()); }),
      "INVALID_FIELD shifts[0].to_time")
      << "longer than a day";
  EXPECT_EQ(
      reason_of([](auto& r) { Set(Local("2026-11-23 17:00"), r.mutable_shifts(0)->mutable_to_time()); }),
      "INVALID_FIELD shifts[0].to_time");
  EXPECT_EQ(reason_of([](auto& r) { Set(Local("2026-11-22 00:00"), r.mutable_from_time()); }),
            "INVALID_FIELD from_time")
      << "who was on duty yesterday is history";
  EXPECT_EQ(reason_of([](auto& r) { Set(Local("2027-06-01 00:00"), r.mutable_to_time()); }),
            "INVALID_FIELD to_time");
  EXPECT_EQ(reason_of([](auto& r) { Set(Local("2026-11-23 19:00"), r.mutable_from_time()); }),
            "INVALID_FIELD shifts[0].from_time")
      << "begins outside the window";
}

TEST_F(Roster, ThatSomebodyElseChangedIsNotOverwritten) {
  ASSERT_TRUE(Plan(office, Tonight(clerk)).ok());
  SetDutyShiftsRequest stale = Tonight(other);
  stale.set_etag("0");
  EXPECT_EQ(ReasonOf(Plan(office, stale).status()), "ETAG_MISMATCH");
  stale.set_dry_run(true);
  EXPECT_EQ(ReasonOf(Plan(office, stale).status()), "ETAG_MISMATCH");
}

TEST_F(Roster, ARequestIsAnsweredOnceAndItsIdIsNotReused) {
  SetDutyShiftsRequest request = Tonight(clerk);
  ASSERT_TRUE(Plan(office, request).ok());
  const auto again = Plan(office, request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->planned(), 1) << "the stored answer";
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM journal_stage"), "1");
  AddShift(request, other, Local("2026-11-24 08:00"), Local("2026-11-24 18:00"));
  EXPECT_EQ(ReasonOf(Plan(office, request).status()), "REQUEST_ID_REUSED");
}

TEST_F(Roster, ListsAWindowPageByPage) {
  SetDutyShiftsRequest request = Tonight(clerk);
  AddShift(request, other, Local("2026-11-24 08:00"), Local("2026-11-24 18:00"));
  AddShift(request, clerk, Local("2026-11-24 18:00"), Local("2026-11-25 08:00"));
  ASSERT_TRUE(Plan(office, request).ok());
  notify::v1::ListDutyShiftsRequest list;
  list.set_division(ResourceName("divisions", township));
  Set(Local("2026-11-24 00:00"), list.mutable_from_time());
  Set(Local("2026-11-25 00:00"), list.mutable_to_time());
  list.set_page_size(2);
  auto page = Call<notify::v1::ListDutyShiftsResponse>(office, "ListDutyShifts", list);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->shifts_size(), 2) << "the one that reaches into the window is among them";
  EXPECT_EQ(page->shifts(0).from_time().seconds(), absl::ToUnixSeconds(Local("2026-11-23 18:00")));
  list.set_page_token(page->next_page_token());
  page = Call<notify::v1::ListDutyShiftsResponse>(office, "ListDutyShifts", list);
  ASSERT_EQ(page->shifts_size(), 1);
  EXPECT_TRUE(page->next_page_token().empty());
  EXPECT_EQ(page->etag(), "1");
}

// ---- who it sends what to

class Fire : public Roster {
 protected:
  void TellOfFire() {
    casework::v1::SignalEvent event;
    event.set_action(casework::v1::SUBMIT);
    event.mutable_after()->set_name(ResourceName("signals", Uuid::Make(absl::Now())));
    event.mutable_after()->set_category("STRAW_BURNING");
    event.mutable_after()->set_division(ResourceName("divisions", village));
    Tell(EntryOf("signal.transition", event));
  }
};

TEST_F(Fire, GoesToWhoeverIsOnDutyAtTheCentreAtAnyHour) {
  ASSERT_TRUE(Plan(office, Tonight(clerk)).ok());
  server.clock().Set(Local("2026-11-24 02:00"));
  TellOfFire();
  const auto listed = List(handler, true);
  ASSERT_EQ(listed.notices_size(), 1);
  EXPECT_EQ(listed.notices(0).kind(), "SIGNAL_PRESSING");
  EXPECT_EQ(listed.notices(0).urgency(), notify::v1::Notice::PRESSING);
  EXPECT_EQ(listed.notices(0).announce_time().seconds(), absl::ToUnixSeconds(Now()))
      << "in the night all the same";
  EXPECT_FALSE(listed.notices(0).facts().roster_empty());
  EXPECT_EQ(List(City().TokenOf(PostKind::kGridLeader, township)).notices_size(), 0);
}

TEST_F(Fire, GoesToTheCountysRosterWhereTheTownshipHasNone) {
  const Uuid in_county = City().PersonIn(PostKind::kCampaignOffice, county);
  ASSERT_TRUE(
      Plan(county_office, RosterOf(county, in_county, Local("2026-11-23 18:00"), Local("2026-11-24 08:00")))
          .ok());
  server.clock().Set(Local("2026-11-24 02:00"));
  TellOfFire();
  EXPECT_EQ(List(county_office).notices_size(), 1);
}

TEST_F(Fire, GoesToTheLeaderWithANoteWhenNobodyIsOnDuty) {
  ASSERT_TRUE(Plan(office, Tonight(clerk)).ok());
  server.clock().Set(Local("2026-11-24 12:00"));  // the shift is over
  TellOfFire();
  EXPECT_EQ(List(handler).notices_size(), 0);
  const auto listed = List(City().TokenOf(PostKind::kGridLeader, township));
  ASSERT_EQ(listed.notices_size(), 1);
  EXPECT_TRUE(listed.notices(0).facts().roster_empty());
  EXPECT_NE(listed.notices(0).text_zh().find("值班表当前无人"), std::string::npos)
      << listed.notices(0).text_zh();
  EXPECT_NE(listed.notices(0).text_en().find("nobody is on the duty roster"), std::string::npos);
}

TEST_F(Fire, FieldDutyIsNotTheCentre) {
  SetDutyShiftsRequest field = Tonight(clerk);
  field.set_kind(DutyShift::FIELD);
  ASSERT_TRUE(Plan(office, field).ok());
  server.clock().Set(Local("2026-11-24 02:00"));
  TellOfFire();
  EXPECT_EQ(List(handler).notices_size(), 0);
}

}  // namespace
}  // namespace gridwarden::testing
