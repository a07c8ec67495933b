#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "domain/policy/notice_rules.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "gridwarden/casework/v1/rung_event.pb.h"
#include "gridwarden/notify/v1/notify_service.pb.h"
#include "notify/notify_service.h"
#include "notify/tell.h"
#include "platform/journal/consumer.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_policy.h"
#include "support/test_server.h"

// The notify area behind the real pipeline, on a real database in the test city, on the morning of a working
// day.
namespace gridwarden::testing {

inline constexpr std::string_view kNotify = "gridwarden.notify.v1.NotifyService/";

inline absl::Time Local(const char* text) {
  absl::Time time;
  std::string error;
  absl::TimeZone zone;
  if (!absl::LoadTimeZone("Asia/Shanghai", &zone) ||
      !absl::ParseTime("%Y-%m-%d %H:%M", text, zone, &time, &error))
    ADD_FAILURE() << text << " " << error;
  return time;
}

class NotifyTest : public ::testing::Test {
 protected:
  explicit NotifyTest(std::shared_ptr<const domain::Ground> of_ground = City().ground,
                      std::shared_ptr<const domain::Policy> policy = TestPolicy())
      : ground(std::move(of_ground)),
        server(*SharedDatabase(), std::make_unique<access::Directory>(ground, City().MakeAccess()),
               std::move(policy)) {
    SharedDatabase().Clear();
    server.Install(notify::Install);
    server.clock().Set(Local("2026-11-23 10:00"));
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, std::string_view method, const Request& request) {
    return server.Call<Response>(token, absl::StrCat(std::string(kNotify), std::string(method)), request);
  }
  std::string NewId() { return Uuid::Make(absl::Now()).ToString(); }
  absl::Time Now() { return server.clock().Now(); }
  static std::string Ask(const std::string& sql) { return SharedDatabase().Ask(sql); }

  // An entry that was taken in now.
  template <typename Event>
  journal::FeedEntry EntryOf(const char* kind, const Event& event) {
    journal::FeedEntry entry;
    entry.entry.set_entry_id(Uuid::Make(absl::Now()).Bytes());
    entry.entry.set_kind(kind);
    entry.entry.set_subject(Uuid::Make(absl::Now()).Bytes());
    entry.entry.set_event(event.SerializeAsString());
    entry.entry.set_event_type(Event::descriptor()->full_name());
    entry.entry.set_received_us(absl::ToUnixMicros(Now()));
    entry.sequenced = Now();
    return entry;
  }
  static casework::v1::CaseEvent Dispatched(const Uuid& division, const std::string& handler,
                                            const std::string& category = "BUILDING_SITE") {
    casework::v1::CaseEvent event;
    event.set_action(casework::v1::DISPATCH);
    casework::v1::Case& after = *event.mutable_after();
    after.set_name(ResourceName("cases", Uuid::Make(absl::Now())));
    after.set_case_no("990101-2026-000001");
    after.set_category(category);
    after.set_division(ResourceName("divisions", division));
    after.set_handler(handler);
    return event;
  }
  static std::string PostName(domain::PostKind kind, const Uuid& division) {
    return ResourceName("posts", City().PostOf(kind, division).id);
  }

  void Tell(const AreaContext& context, const journal::FeedEntry& entry) {
    const rpc::Call call = rpc::Call::System("feed", Now());
    const absl::Status status = context.database.Run(
        [&](db::Transaction& tx) { return notify::TellOfEntry(context, call, tx, entry); });
    ASSERT_TRUE(status.ok()) << status;
  }
  void Tell(const journal::FeedEntry& entry) { Tell(server.context(), entry); }
  // The handler of the first village is told of a case.
  void TellOfCase() {
    Tell(EntryOf("case.transition", Dispatched(village, PostName(domain::PostKind::kGridOfficer, village))));
  }

  notify::v1::ListNoticesResponse List(const std::string& token, bool unread_only = false, int page_size = 0,
                                       const std::string& page = "") {
    notify::v1::ListNoticesRequest request;
    request.set_unread_only(unread_only);
    request.set_page_size(page_size);
    request.set_page_token(page);
    const auto listed = Call<notify::v1::ListNoticesResponse>(token, "ListNotices", request);
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed.value_or(notify::v1::ListNoticesResponse());
  }
  notify::v1::UnreadCount Count(const std::string& token) {
    const auto count =
        Call<notify::v1::UnreadCount>(token, "GetUnreadCount", notify::v1::GetUnreadCountRequest());
    EXPECT_TRUE(count.ok()) << count.status();
    return count.value_or(notify::v1::UnreadCount());
  }
  absl::StatusOr<notify::v1::MarkReadResponse> Mark(const std::string& token,
                                                    const std::vector<std::string>& names,
                                                    const std::string& method = "MarkRead") {
    notify::v1::MarkReadRequest request;
    request.set_request_id(NewId());
    for (const std::string& name : names) request.add_names(name);
    return Call<notify::v1::MarkReadResponse>(token, method, request);
  }

  // A roster of one shift today.
  notify::v1::SetDutyShiftsRequest RosterOf(const Uuid& division, const Uuid& person, absl::Time from,
                                            absl::Time to) {
    notify::v1::SetDutyShiftsRequest request;
    request.set_request_id(NewId());
    request.set_division(ResourceName("divisions", division));
    request.set_kind(notify::v1::DutyShift::CENTRE);
    Set(Local("2026-11-23 00:00"), request.mutable_from_time());
    Set(Local("2026-11-25 00:00"), request.mutable_to_time());
    AddShift(request, person, from, to);
    return request;
  }
  static void AddShift(notify::v1::SetDutyShiftsRequest& request, const Uuid& person, absl::Time from,
                       absl::Time to) {
    notify::v1::DutyShift& shift = *request.add_shifts();
    shift.set_person(ResourceName("persons", person));
    Set(from, shift.mutable_from_time());
    Set(to, shift.mutable_to_time());
  }
  static void Set(absl::Time time, google::protobuf::Timestamp* out) {
    out->set_seconds(absl::ToUnixSeconds(time));
  }

  const std::shared_ptr<const domain::Ground> ground;
  TestServer server;
  const Uuid village = City().villages[0][0][0];
  const Uuid township = City().townships[0][0];
  const Uuid county = City().counties[0];
  const std::string handler = City().TokenOf(domain::PostKind::kGridOfficer, village);
  const std::string neighbour = City().TokenOf(domain::PostKind::kGridOfficer, City().villages[0][0][1]);
  const std::string office = City().TokenOf(domain::PostKind::kCampaignOffice, township);
  const std::string county_office = City().TokenOf(domain::PostKind::kCampaignOffice, county);
};

}  // namespace gridwarden::testing
