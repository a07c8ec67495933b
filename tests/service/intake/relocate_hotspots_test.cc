#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/intake/v1/hotspot_event.pb.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "intake/intake_service.h"
#include "support/test_city.h"
#include "support/test_database.h"
#include "support/test_server.h"

namespace gridwarden::intake {
namespace {

using domain::PostKind;
using testing::City;

constexpr std::string_view kImport = "gridwarden.intake.v1.IntakeService/ImportHotspots";
constexpr std::string_view kRelocate = "gridwarden.intake.v1.IntakeService/RelocateHotspots";
const std::string kHeader =
    "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,"
    "daynight\n";

std::string Row(double latitude, double longitude, const std::string& version = "6.1NRT") {
  return absl::StrFormat("%.5f,%.5f,326.2,1.0,1.0,2022-05-28,0536,A,33,%s,304.5,9.9,D\n", latitude, longitude,
                         version);
}

class RelocateHotspotsTest : public ::testing::Test {
 protected:
  RelocateHotspotsTest() : server_(*database_, City().MakeDirectory()) {
    server_.Install(Install);
    for (const char* method : {"gridwarden.grid.v1.GridService/LocatePoints",
                               "gridwarden.grid.v1.GridInternalService/LocatePoints"}) {
      // One village holds what lies between 114 E and as far east as its boundary reaches today.
      server_.registry().Add<grid::v1::LocatePointsRequest, grid::v1::LocatePointsResponse>(
          method,
          [this](const rpc::Call&, const grid::v1::LocatePointsRequest& request)
              -> absl::StatusOr<grid::v1::LocatePointsResponse> {
            EXPECT_TRUE(request.newest()) << "what was just imported counts";
            EXPECT_EQ(request.event_times_size(), request.positions_size());
            grid::v1::LocatePointsResponse response;
            for (const auto& position : request.positions()) {
              auto* result = response.add_results();
              if (position.longitude() < 114 || position.longitude() >= reach_) continue;
              auto* candidate = result->add_candidates();
              candidate->set_division(ResourceName("divisions", City().villages[0][0][0]));
              candidate->set_confidence(0.8);
              candidate->set_basis("near_border");
            }
            return response;
          });
    }
    // A journal of one entry: an outline was imported.
    server_.registry().Add<journal::v1::ReadFeedRequest, journal::v1::ReadFeedResponse>(
        "gridwarden.journal.v1.JournalInternalService/ReadFeed",
        [this](const rpc::Call&,
               const journal::v1::ReadFeedRequest& request) -> absl::StatusOr<journal::v1::ReadFeedResponse> {
          journal::v1::ReadFeedResponse response;
          response.set_next_index(request.start_index());
          response.set_log_size(imported_ ? 1 : 0);
          if (imported_ && request.start_index() == 0) {
            EXPECT_EQ(request.kinds_size(), 2);
            journal::v1::Entry entry;
            entry.set_entry_id(Uuid::Make(absl::Now()).Bytes());
            entry.set_kind("boundary");
            auto* sequenced = response.add_entries();
            sequenced->set_leaf(std::string(32, 'x'));
            sequenced->set_body(entry.SerializeAsString());
            response.set_next_index(1);
          }
          return response;
        });
  }

  std::string Office() const { return City().TokenOf(PostKind::kCampaignOffice, City().city); }
  void Import(const std::string& rows) {
    v1::ImportHotspotsRequest request;
    request.set_request_id(Uuid::Make(absl::Now()).ToString());
    request.set_content(kHeader + rows);
    const auto answer = server_.Call<v1::ImportHotspotsResponse>(Office(), kImport, request);
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_EQ(answer->report().rows_refused(), 0);
  }
  v1::RelocateHotspotsRequest Request() {
    v1::RelocateHotspotsRequest request;
    request.set_request_id(Uuid::Make(absl::Now()).ToString());
    return request;
  }
  absl::StatusOr<v1::RelocateHotspotsResponse> Relocate(const std::string& token,
                                                        const v1::RelocateHotspotsRequest& request) {
    return server_.Call<v1::RelocateHotspotsResponse>(token, kRelocate, request);
  }
  v1::HotspotEvent LastEvent() {
    journal::v1::Entry entry;
    EXPECT_TRUE(
        entry.ParseFromString(database_.Ask("SELECT body FROM journal_stage ORDER BY id DESC LIMIT 1")));
    v1::HotspotEvent event;
    EXPECT_TRUE(event.ParseFromString(entry.event()));
    EXPECT_EQ(entry.time().earliest_us(), 1653716160LL * 1000000) << "the time of the overpass";
    return event;
  }
  std::string Entries() { return database_.Ask("SELECT COUNT(*) FROM journal_stage"); }

  testing::TestDatabase database_;
  testing::TestServer server_;
  std::atomic<double> reach_ = 114.1;
  std::atomic<bool> imported_ = false;
};

TEST_F(RelocateHotspotsTest, WhatLiesInADivisionNowBecomesASignalWithItsOwnTime) {
  Import(Row(33, 114.05) + Row(33, 114.15) + Row(33, 114.25));
  EXPECT_EQ(Relocate(Office(), Request())->located(), 0);
  EXPECT_EQ(Entries(), "3");
  reach_ = 114.2;
  const auto answer = Relocate(Office(), Request());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->outside(), 2);
  EXPECT_EQ(answer->located(), 1);
  EXPECT_FALSE(answer->more());
  const v1::HotspotEvent event = LastEvent();
  EXPECT_EQ(event.state(), v1::Hotspot::LOCATED);
  EXPECT_EQ(event.division(), ResourceName("divisions", City().villages[0][0][0]));
  EXPECT_EQ(event.acquisition_time().seconds(), 1653716160);
  EXPECT_DOUBLE_EQ(event.place_confidence(), 0.8);
  EXPECT_TRUE(event.replaces().empty());
  EXPECT_EQ(
      database_.Ask(
          "SELECT CONCAT(state, ' ', subject_seq, ' ', place_basis) FROM hotspot WHERE longitude > 114.1 AND "
          "longitude < 114.2"),
      "1 2 near_border");
  EXPECT_EQ(Relocate(Office(), Request())->located(), 0) << "again changes nothing";
  EXPECT_EQ(Entries(), "4");
}

TEST_F(RelocateHotspotsTest, ABetterProcessingOfOneThatWasOutsideStillMakesASignal) {
  Import(Row(33, 114.15));
  Import(Row(33, 114.15, "6.1"));  // standard, outside as well: it replaced the first
  reach_ = 114.2;
  EXPECT_EQ(Relocate(Office(), Request())->located(), 1);
  EXPECT_TRUE(LastEvent().replaces().empty()) << "the one before made no signal";
  EXPECT_FALSE(LastEvent().after().replaces().empty());
}

TEST_F(RelocateHotspotsTest, ALocatedOneThatReplacesOneOutsideMakesASignalAtOnce) {
  Import(Row(33, 114.15));
  reach_ = 114.2;
  Import(Row(33, 114.15, "6.1"));
  EXPECT_EQ(LastEvent().state(), v1::Hotspot::LOCATED);
  EXPECT_TRUE(LastEvent().replaces().empty());
}

TEST_F(RelocateHotspotsTest, TheSameRequestTwiceIsOnceAndWhoMayNotMayNot) {
  Import(Row(33, 114.15));
  reach_ = 114.2;
  const v1::RelocateHotspotsRequest request = Request();
  const auto first = Relocate(Office(), request), again = Relocate(Office(), request);
  ASSERT_TRUE(first.ok() && again.ok()) << first.status() << again.status();
  EXPECT_EQ(first->SerializeAsString(), again->SerializeAsString());
  EXPECT_EQ(first->located(), 1);
  EXPECT_EQ(ReasonOf(Relocate(Office(), v1::RelocateHotspotsRequest()).status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(Relocate(City().TokenOf(PostKind::kGridLeader, City().city), Request()).status()),
            "NOT_ALLOWED");
  EXPECT_EQ(
      ReasonOf(
          Relocate(City().TokenOf(PostKind::kCampaignOffice, City().townships[0][0]), Request()).status()),
      "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Relocate("", Request()).status()), "NOT_SIGNED_IN");
}

TEST_F(RelocateHotspotsTest, AfterAnImportOfOutlinesTheWorkerDoesItByItself) {
  Import(Row(33, 114.15) + Row(33, 114.25));
  reach_ = 114.2;
  imported_ = true;
  server_.RunWorkers();
  const absl::Time until = absl::Now() + absl::Seconds(30);
  while (database_.Ask("SELECT COUNT(*) FROM hotspot_relocation WHERE done = 1 AND wanted = 1") != "1") {
    ASSERT_LT(absl::Now(), until);
    std::this_thread::yield();
  }
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM hotspot WHERE state = 1"), "1");
  EXPECT_EQ(Entries(), "3");
}

}  // namespace
}  // namespace gridwarden::intake
