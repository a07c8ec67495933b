#include <map>
#include <thread>

#include "nlohmann/json.hpp"
#include "notify/delivery_repository.h"
#include "notify/delivery_worker.h"
#include "notify/digest_worker.h"
#include "notify/inbox_channel.h"
#include "notify/webhook_channel.h"
#include "service/notify/hook_server.h"
#include "service/notify/notify_world.h"

// How notices get to people: quiet hours, the summary, channels that fail.
namespace gridwarden::testing {
namespace {

using domain::PostKind;
using notify::DeliveryWorker;
using notify::DigestWorker;
using notify::Result;

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

class Deliveries : public NotifyTest {
 protected:
  std::function<absl::Time()> Clock() {
    return [this] { return server.clock().Now(); };
  }
  int Carry(DeliveryWorker& worker) {
    const auto tried = worker.RunOnce(Soon());
    EXPECT_TRUE(tried.ok()) << tried.status();
    return tried.value_or(-1);
  }
  int Announce() {
    DeliveryWorker inbox(server.context(), std::make_unique<notify::InboxChannel>(), Clock());
    return Carry(inbox);
  }
  int Summarise() {
    DigestWorker digest(server.context(), Clock());
    const auto made = digest.RunOnce(Soon());
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(-1);
  }
  absl::StatusOr<notify::v1::NoticeSettings> SetSettings(const std::string& from, const std::string& to,
                                                         const std::string& digest,
                                                         const std::string& etag = "") {
    notify::v1::SetNoticeSettingsRequest request;
    request.set_request_id(NewId());
    request.mutable_settings()->set_quiet_from(from);
    request.mutable_settings()->set_quiet_to(to);
    request.mutable_settings()->set_digest_at(digest);
    request.mutable_settings()->set_etag(etag);
    return Call<notify::v1::NoticeSettings>(handler, "SetNoticeSettings", request);
  }
  void TellOfClosing() {
    casework::v1::CaseEvent closed = Dispatched(village, PostName(PostKind::kGridOfficer, village));
    closed.set_action(casework::v1::SIGN);
    Tell(EntryOf("case.transition", closed));
  }
};

TEST_F(Deliveries, AreAnnouncedAtOnceByDayAndAfterQuietHoursByNight) {
  TellOfCase();
  EXPECT_EQ(Count(handler).announced(), 0);
  EXPECT_EQ(Announce(), 1);
  EXPECT_EQ(Count(handler).announced(), 1);

  server.clock().Set(Local("2026-11-23 23:30"));
  TellOfCase();
  EXPECT_EQ(Announce(), 0);
  EXPECT_EQ(Count(handler).unread(), 2) << "who looks finds it";
  EXPECT_EQ(Count(handler).announced(), 1);
  EXPECT_EQ(List(handler).notices(0).announce_time().seconds(),
            absl::ToUnixSeconds(Local("2026-11-24 07:00")));
  server.clock().Set(Local("2026-11-24 06:59"));
  EXPECT_EQ(Announce(), 0);
  server.clock().Set(Local("2026-11-24 07:00"));
  EXPECT_EQ(Announce(), 1);
  EXPECT_EQ(Count(handler).announced(), 2);
}

TEST_F(Deliveries, DoNotWaitForWhoIsOnDuty) {
  const auto planned = Call<notify::v1::SetDutyShiftsResponse>(
      office, "SetDutyShifts",
      RosterOf(township, City().PersonIn(PostKind::kGridOfficer, village), Local("2026-11-23 18:00"),
               Local("2026-11-24 08:00")));
  ASSERT_TRUE(planned.ok()) << planned.status();
  server.clock().Set(Local("2026-11-23 23:30"));
  TellOfCase();
  EXPECT_EQ(Announce(), 1);
}

TEST_F(Deliveries, KeepToOnesOwnQuietHours) {
  ASSERT_TRUE(SetSettings("12:00", "14:00", "").ok());
  server.clock().Set(Local("2026-11-23 23:30"));
  TellOfCase();
  EXPECT_EQ(Announce(), 1) << "the night is not quiet for this one";
  server.clock().Set(Local("2026-11-24 12:30"));
  TellOfCase();
  EXPECT_EQ(Announce(), 0);
  server.clock().Set(Local("2026-11-24 14:00"));
  EXPECT_EQ(Announce(), 1);
}

// ---- settings

TEST_F(Deliveries, SettingsAreOnesOwnAndNeedBothEnds) {
  auto settings = SetSettings("21:00", "06:30", "07:15");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->quiet_from(), "21:00");
  EXPECT_EQ(settings->digest_at_in_force(), "07:15");
  EXPECT_EQ(settings->etag(), "1");
  EXPECT_EQ(ReasonOf(SetSettings("21:00", "", "").status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(SetSettings("9", "06:30", "").status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(SetSettings("", "", "", "7").status()), "ETAG_MISMATCH");
  settings = SetSettings("", "", "", "1");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->quiet_from(), "");
  EXPECT_EQ(settings->quiet_from_in_force(), "22:00") << "the policy's";
  const auto others = Call<notify::v1::NoticeSettings>(neighbour, "GetNoticeSettings",
                                                       notify::v1::GetNoticeSettingsRequest());
  EXPECT_EQ(others->etag(), "0");
  EXPECT_TRUE(absl::IsPermissionDenied(
      Call<notify::v1::NoticeSettings>(City().AdministratorToken(), "GetNoticeSettings",
                                       notify::v1::GetNoticeSettingsRequest())
          .status()));
}

TEST_F(Deliveries, ASettingsRequestIsAnsweredOnceAndItsIdIsNotReused) {
  notify::v1::SetNoticeSettingsRequest request;
  request.set_request_id(NewId());
  const auto set = [&] { return Call<notify::v1::NoticeSettings>(handler, "SetNoticeSettings", request); };
  EXPECT_EQ(ReasonOf(set().status()), "REQUIRED_FIELD_MISSING");
  request.mutable_settings()->set_digest_at("09:00");
  ASSERT_TRUE(set().ok());
  EXPECT_EQ(set()->etag(), "1");
  request.mutable_settings()->set_digest_at("10:00");
  EXPECT_EQ(ReasonOf(set().status()), "REQUEST_ID_REUSED");
}

// ---- the daily summary

TEST_F(Deliveries, TheSummaryComesOnceADayAndCountsByKind) {
  const std::string leader = City().TokenOf(PostKind::kGridLeader, village);
  for (int i = 0; i < 3; ++i) TellOfClosing();
  EXPECT_EQ(Announce(), 0);
  EXPECT_EQ(Summarise(), 0) << "not before its hour";
  server.clock().Set(Local("2026-11-24 08:00"));
  EXPECT_EQ(Summarise(), 1);
  EXPECT_EQ(Summarise(), 0);
  const auto listed = List(leader);
  ASSERT_EQ(listed.notices_size(), 4);
  const auto& digest = listed.notices(0);
  EXPECT_EQ(digest.kind(), "DIGEST");
  ASSERT_EQ(digest.facts().lines_size(), 1);
  EXPECT_EQ(digest.facts().lines(0).kind(), "CASE_CLOSED");
  EXPECT_EQ(digest.facts().lines(0).count(), 3);
  EXPECT_EQ(digest.facts().lines(0).subjects_size(), 3);
  EXPECT_EQ(digest.facts().unread_count(), 3);
  EXPECT_NE(digest.text_zh().find("结案 3 条"), std::string::npos) << digest.text_zh();
  EXPECT_EQ(Announce(), 1);

  // What comes later the same day is in the next day's.
  TellOfClosing();
  EXPECT_EQ(Summarise(), 0);
  server.clock().Set(Local("2026-11-25 08:00"));
  EXPECT_EQ(Summarise(), 1);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice WHERE kind = 'DIGEST'"), "2");
}

TEST_F(Deliveries, NothingIsSummedUpWhenThereIsNothing) {
  TellOfClosing();
  const std::string leader = City().TokenOf(PostKind::kGridLeader, village);
  ASSERT_TRUE(Mark(leader, {List(leader).notices(0).name()}).ok());
  server.clock().Set(Local("2026-11-24 08:00"));
  Summarise();
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice WHERE kind = 'DIGEST'"), "0");
  EXPECT_EQ(Summarise(), 0) << "and it is not looked at again";
}

TEST_F(Deliveries, SeveralWorkersMakeOneSummary) {
  for (int i = 0; i < 5; ++i) TellOfClosing();
  server.clock().Set(Local("2026-11-24 08:00"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      DigestWorker digest(server.context(), Clock());
      for (int round = 0; round < 3; ++round) {
        const auto made = digest.RunOnce(Soon());
        EXPECT_TRUE(made.ok()) << made.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice WHERE kind = 'DIGEST'"), "1");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice_delivery WHERE state = 5"), "5");
}

TEST_F(Deliveries, AnEarlierHourTheSameDayMakesNoSecondSummary) {
  TellOfClosing();
  server.clock().Set(Local("2026-11-24 08:00"));
  EXPECT_EQ(Summarise(), 1);
  // Due again today, as after a change of the hour.
  TellOfClosing();
  SharedDatabase().Exec(
      "UPDATE notice_delivery SET due_us = " + std::to_string(absl::ToUnixMicros(Local("2026-11-24 07:00"))) +
      " WHERE digest = 1 AND state = 1");
  EXPECT_EQ(Summarise(), 1);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice WHERE kind = 'DIGEST'"), "1");
  server.clock().Set(Local("2026-11-25 08:00"));
  EXPECT_EQ(Summarise(), 1);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice WHERE kind = 'DIGEST'"), "2");
}

// ---- channels that fail

// Does what a test says, and remembers what it was given.
class Told : public notify::Channel {
 public:
  notify::v1::Delivery::Channel id() const override { return notify::v1::Delivery::INBOX; }
  bool one_message() const override { return false; }
  int batch_max() const override { return 10; }
  int per_minute() const override { return 0; }
  notify::BatchResult Deliver(std::span<const notify::DueDelivery> batch) override {
    batches.emplace_back(batch.begin(), batch.end());
    return {.results = std::vector<Result>(batch.size(), {kind, "HTTP 503"}), .silence = std::nullopt};
  }
  Result::Kind kind = Result::Kind::kDelivered;
  std::vector<std::vector<notify::DueDelivery>> batches;
};

TEST_F(Deliveries, AreRetriedWithGrowingWaitsAndGivenUpWhereItShows) {
  TellOfCase();
  auto owned = std::make_unique<Told>();
  Told& channel = *owned;
  channel.kind = Result::Kind::kRetry;
  DeliveryWorker worker(server.context(), std::move(owned), Clock());
  const int most = TestPolicy()->notices->attempts_max;
  for (int attempt = 1; attempt <= most; ++attempt) {
    EXPECT_EQ(Carry(worker), 1) << attempt;
    EXPECT_EQ(Carry(worker), 0) << "it waits";
    server.clock().Advance(TestPolicy()->notices->retry_max);
  }
  EXPECT_EQ(Carry(worker), 0);
  EXPECT_EQ(channel.batches.size(), static_cast<size_t>(most));

  const auto list = [&](const std::string& token) {
    return Call<notify::v1::ListDeliveriesResponse>(token, "ListDeliveries",
                                                    notify::v1::ListDeliveriesRequest());
  };
  EXPECT_TRUE(absl::IsPermissionDenied(list(county_office).status()));
  const auto given_up = list(City().AdministratorToken());
  ASSERT_TRUE(given_up.ok()) << given_up.status();
  ASSERT_EQ(given_up->deliveries_size(), 1);
  EXPECT_EQ(given_up->deliveries(0).attempts(), most);
  EXPECT_EQ(given_up->deliveries(0).last_error(), "HTTP 503");

  notify::v1::RetryDeliveriesRequest retry;
  retry.set_request_id(NewId());
  retry.set_channel(notify::v1::Delivery::INBOX);
  EXPECT_TRUE(absl::IsPermissionDenied(
      Call<notify::v1::RetryDeliveriesResponse>(office, "RetryDeliveries", retry).status()));
  EXPECT_EQ(Call<notify::v1::RetryDeliveriesResponse>(City().AdministratorToken(), "RetryDeliveries", retry)
                ->retried(),
            1);
  channel.kind = Result::Kind::kDelivered;
  EXPECT_EQ(Carry(worker), 1);
  EXPECT_EQ(list(City().AdministratorToken())->deliveries_size(), 0);
}

TEST_F(Deliveries, WhoDiesOverABatchLeavesItToTheNextAfterTheLease) {
  TellOfCase();
  // Claimed, and never heard of again.
  ASSERT_TRUE(server.database()
                  .Run([&](db::Transaction& tx) {
                    return notify::ClaimDue(tx, notify::v1::Delivery::INBOX, Now(), Now() + absl::Minutes(1),
                                            10, false)
                        .status();
                  })
                  .ok());
  EXPECT_EQ(Announce(), 0);
  server.clock().Advance(absl::Minutes(1));
  EXPECT_EQ(Announce(), 1);
  EXPECT_EQ(Count(handler).announced(), 1);
}

// ---- a group chat

class GroupChat : public Deliveries {
 protected:
  GroupChat() : context(server.context()) {
    auto to = std::make_shared<notify::Webhook>();
    to->url = hook.url();
    context.webhook = to;
    worker = std::make_unique<DeliveryWorker>(
        context, std::make_unique<notify::WebhookChannel>(context.webhook, context.policy, context.directory),
        Clock());
  }
  // Cases of the first village that fall due.
  void TellOfOverdue(int count, const Uuid& division = City().villages[0][0][0]) {
    for (int i = 0; i < count; ++i) {
      casework::v1::RungEvent event;
      casework::v1::Rung& rung = *event.mutable_rung();
      rung.set_subject(ResourceName("cases", Uuid::Make(absl::Now())));
      rung.set_level(casework::v1::Rung::R2);
      rung.set_clock("HANDLE");
      rung.set_category("BUILDING_SITE");
      rung.set_case_no(absl::StrCat("990101-2026-", 100000 + i));
      rung.set_division(ResourceName("divisions", division));
      rung.add_recipients()->set_post(PostName(PostKind::kGridOfficer, village));
      rung.add_recipients()->set_post(PostName(PostKind::kGridLeader, village));
      Tell(context, EntryOf("rung", event));
    }
  }
  static std::string TextOf(const HookCall& call) {
    return nlohmann::json::parse(call.body).at("text").at("content").get<std::string>();
  }

  HookServer hook;
  AreaContext context;
  std::unique_ptr<DeliveryWorker> worker;
};

TEST_F(GroupChat, ReadsWhatWaitsForItAsOneMessageWithoutPlacesOrNames) {
  TellOfOverdue(20);
  TellOfOverdue(1, City().villages[1][0][0]);
  while (Carry(*worker) > 0) {
  }
  const auto calls = hook.calls();
  ASSERT_EQ(calls.size(), 2u) << "one for each county";
  // Which of the two is first is not said.
  const std::string text = TextOf(calls[0].body.size() > calls[1].body.size() ? calls[0] : calls[1]);
  EXPECT_LE(text.size(), 2048u);
  EXPECT_NE(text.find("990101-2026-100000"), std::string::npos) << text;
  EXPECT_NE(text.find(ground->FindDivision(county)->display_name), std::string::npos) << text;
  EXPECT_EQ(text.find(ground->FindDivision(village)->display_name), std::string::npos) << text;
  EXPECT_EQ(text.find(ground->FindPerson(City().PersonIn(PostKind::kGridOfficer, village))->display_name),
            std::string::npos);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice_delivery WHERE channel = 2 AND state = 2"), "21")
      << "one of each matter, however many people are told";
}

TEST_F(GroupChat, ThatFailsGetsTheSameMessageAgainUnderTheSameKey) {
  hook.Answer({HookServer::Status("503 Busy"), "", HookServer::Status("200 OK", "{\"errcode\":0}")});
  TellOfOverdue(3);
  EXPECT_EQ(Carry(*worker), 3);
  TellOfOverdue(2);  // comes meanwhile, and goes by itself
  for (int i = 0; i < 6; ++i) {
    server.clock().Advance(absl::Minutes(3));
    while (Carry(*worker) > 0) {
    }
  }
  std::map<std::string, std::vector<std::string>> by_key;
  for (const HookCall& call : hook.calls()) by_key[call.Header("Idempotency-Key")].push_back(call.body);
  ASSERT_EQ(by_key.size(), 2u);
  for (const auto& [key, bodies] : by_key) {
    EXPECT_FALSE(key.empty());
    for (const std::string& body : bodies) EXPECT_EQ(body, bodies.front());
  }
  EXPECT_EQ(hook.calls().size(), 4u);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice_delivery WHERE channel = 2 AND state = 2"), "5");
}

TEST_F(GroupChat, ThatWantsSilenceGetsIt) {
  hook.Answer({HookServer::Status("429 Too Many", "", "Retry-After: 120\r\n"), HookServer::Status("200 OK")});
  TellOfOverdue(1);
  EXPECT_EQ(Carry(*worker), 1);
  TellOfOverdue(1);
  server.clock().Advance(absl::Seconds(110));
  EXPECT_EQ(Carry(*worker), 0) << "nor anything else goes there";
  server.clock().Advance(absl::Seconds(11));
  while (Carry(*worker) > 0) {
  }
  EXPECT_EQ(hook.calls().size(), 3u);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM notice_delivery WHERE channel = 2 AND state = 2"), "2");
}

TEST_F(GroupChat, GetsNoMoreThanTwentyMessagesAMinute) {
  int sent = 0;
  for (int i = 0; i < 50; ++i) {
    TellOfOverdue(1);
    sent += Carry(*worker) > 0 ? 1 : 0;
  }
  EXPECT_EQ(sent, 20);
  server.clock().Advance(absl::Seconds(3));
  EXPECT_EQ(Carry(*worker), 30) << "the rest goes together";
  EXPECT_EQ(hook.calls().size(), 21u);
}

TEST_F(GroupChat, ThatDoesNotWantItIsGivenUpAtOnce) {
  hook.Answer({HookServer::Status("404 Not Found")});
  TellOfOverdue(1);
  EXPECT_EQ(Carry(*worker), 1);
  EXPECT_EQ(Ask("SELECT last_error FROM notice_delivery WHERE channel = 2 AND state = 3"), "HTTP 404");
  server.clock().Advance(absl::Hours(24));
  EXPECT_EQ(Carry(*worker), 0);
}

TEST_F(GroupChat, SleepsAtNightUnlessItPresses) {
  server.clock().Set(Local("2026-11-23 23:00"));
  TellOfOverdue(1);
  EXPECT_EQ(Carry(*worker), 0);
  server.clock().Set(Local("2026-11-24 07:00"));
  EXPECT_EQ(Carry(*worker), 1);
}

}  // namespace
}  // namespace gridwarden::testing
