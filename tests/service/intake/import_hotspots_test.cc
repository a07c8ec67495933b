#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/intake/v1/hotspot_event.pb.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "intake/intake_service.h"
#include "support/test_city.h"
#include "support/test_database.h"
#include "support/test_server.h"

namespace gridwarden::intake {
namespace {

using domain::PostKind;
using testing::City;

constexpr std::string_view kImport = "gridwarden.intake.v1.IntakeService/ImportHotspots";
constexpr std::string_view kGet = "gridwarden.intake.v1.IntakeService/GetHotspot";
constexpr std::string_view kList = "gridwarden.intake.v1.IntakeService/ListHotspots";
const std::string kHeader =
    "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,"
    "daynight\n";

// One row at a place, of a processing.
std::string Row(double latitude, double longitude, const std::string& version = "6.1NRT") {
  return absl::StrFormat("%.5f,%.5f,326.2,1.0,1.0,2022-05-28,0536,A,33,%s,304.5,9.9,D\n", latitude, longitude,
                         version);
}

class ImportHotspotsTest : public ::testing::Test {
 protected:
  ImportHotspotsTest() : server_(*Database(), City().MakeDirectory()) {
    Database().Clear();
    server_.Install(Install);
    // The polygons of this test: villages of the first township are squares east of 114 degrees.
    server_.registry().Add<grid::v1::LocatePointsRequest, grid::v1::LocatePointsResponse>(
        "gridwarden.grid.v1.GridService/LocatePoints",
        [this](const rpc::Call&, const grid::v1::LocatePointsRequest& request)
            -> absl::StatusOr<grid::v1::LocatePointsResponse> {
          largest_ = std::max(largest_, request.positions_size());
          grid::v1::LocatePointsResponse response;
          for (const auto& position : request.positions()) {
            EXPECT_EQ(position.datum(), type::v1::Position::WGS84);
            auto* result = response.add_results();
            const int village = static_cast<int>((position.longitude() - 114) * 10);
            if (position.longitude() < 114 || village > 3 || position.latitude() < 32 ||
                position.latitude() > 34)
              continue;
            auto* candidate = result->add_candidates();
            candidate->set_division(ResourceName("divisions", City().villages[0][0][village]));
            candidate->set_confidence(0.9);
            candidate->set_basis("polygon");
          }
          return response;
        });
  }

  static testing::TestDatabase& Database() {
    static testing::TestDatabase database;
    return database;
  }

  std::string Office() const { return City().TokenOf(PostKind::kCampaignOffice, City().city); }

  v1::ImportHotspotsRequest Request(const std::string& content) {
    v1::ImportHotspotsRequest request;
    request.set_request_id(Uuid::Make(absl::Now()).ToString());
    request.set_content(content);
    request.set_file_name("fires.csv");
    return request;
  }

  absl::StatusOr<v1::ImportHotspotsResponse> Import(const v1::ImportHotspotsRequest& request,
                                                    const std::string& token) {
    return server_.Call<v1::ImportHotspotsResponse>(token, kImport, request);
  }
  absl::StatusOr<v1::ImportHotspotsResponse> Import(const std::string& content) {
    return Import(Request(content), Office());
  }

  testing::TestServer server_;
  int largest_ = 0;
};

TEST_F(ImportHotspotsTest, FilesLocatedPointsAndKeepsThoseOutside) {
  const auto answer = Import(kHeader + Row(33, 114.05) + Row(33.1, 114.15) + Row(10, 20));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->report().rows_read(), 3);
  EXPECT_EQ(answer->report().created(), 3);
  EXPECT_EQ(answer->located(), 2);
  EXPECT_EQ(answer->outside(), 1);
  EXPECT_EQ(answer->recognised_as(), "FIRMS MODIS");
  EXPECT_EQ(Database().Ask("SELECT COUNT(*) FROM hotspot WHERE state = 2 AND division IS NULL"), "1");
  EXPECT_EQ(Database().Ask("SELECT COUNT(*) FROM journal_stage"), "3");
}

TEST_F(ImportHotspotsTest, TheJournalTellsCaseworkWhatItNeeds) {
  ASSERT_TRUE(Import(kHeader + Row(33, 114.05)).ok());
  journal::v1::Entry entry;
  ASSERT_TRUE(entry.ParseFromString(Database().Ask("SELECT body FROM journal_stage")));
  EXPECT_EQ(entry.kind(), "hotspot");
  EXPECT_EQ(entry.event_type(), "gridwarden.intake.v1.HotspotEvent");
  EXPECT_EQ(Uuid::FromBytes(entry.actor().post()), City().PostOf(PostKind::kCampaignOffice, City().city).id);
  v1::HotspotEvent event;
  ASSERT_TRUE(event.ParseFromString(entry.event()));
  EXPECT_EQ(event.state(), v1::Hotspot::LOCATED);
  EXPECT_EQ(event.division(), ResourceName("divisions", City().villages[0][0][0]));
  EXPECT_EQ(event.channel_key(), "A/MODIS/2022-05-28T05:36Z/33000,114050");
  EXPECT_EQ(event.acquisition_time().seconds(), 1653716160);
  EXPECT_TRUE(event.replaces().empty());
  EXPECT_GT(event.position().accuracy_m(), 400);
  EXPECT_DOUBLE_EQ(event.after().brightness_k(), 326.2);
  EXPECT_EQ(entry.time().earliest_us(), 1653716160LL * 1000000);
}

TEST_F(ImportHotspotsTest, OverlappingDownloadsNeverDouble) {
  ASSERT_TRUE(Import(kHeader + Row(33, 114.05) + Row(33.1, 114.15)).ok());
  const auto later = Import(kHeader + Row(33.1, 114.15) + Row(33.2, 114.25) + Row(33.2, 114.25));
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->report().created(), 1);
  EXPECT_EQ(later->duplicates(), 2);
  EXPECT_EQ(later->report().unchanged(), 2);
  EXPECT_EQ(Database().Ask("SELECT COUNT(*) FROM hotspot"), "3");
  EXPECT_EQ(Database().Ask("SELECT COUNT(*) FROM journal_stage"), "3");
}

TEST_F(ImportHotspotsTest, AStandardRowReplacesItsNearRealTimeOneAndNotTheOtherWayRound) {
  ASSERT_TRUE(Import(kHeader + Row(33, 114.05)).ok());
  const auto better = Import(kHeader + Row(33, 114.05, "6.1"));
  ASSERT_TRUE(better.ok()) << better.status();
  EXPECT_EQ(better->superseded(), 1);
  EXPECT_EQ(better->report().updated(), 1);
  EXPECT_EQ(better->report().created(), 0);
  EXPECT_EQ(
      Database().Ask(
          "SELECT COUNT(*) FROM hotspot WHERE state = 3 AND superseded_by IS NOT NULL AND subject_seq = 2"),
      "1");
  EXPECT_EQ(Database().Ask("SELECT COUNT(*) FROM hotspot WHERE state = 1 AND replaces IS NOT NULL"), "1");
  const auto worse = Import(kHeader + Row(33, 114.05));
  ASSERT_TRUE(worse.ok());
  EXPECT_EQ(worse->duplicates(), 1);
  EXPECT_EQ(Database().Ask("SELECT COUNT(*) FROM hotspot"), "2");
  const auto both_in_one = Import(kHeader + Row(33.3, 114.05) + Row(33.3, 114.05, "6.1"));
  ASSERT_TRUE(both_in_one.ok());
  EXPECT_EQ(both_in_one->report().created(), 1);
  EXPECT_EQ(both_in_one->duplicates(), 1);
}

TEST_F(ImportHotspotsTest, OneBadRowKeepsAllOut) {
  const auto answer =
      Import(kHeader + Row(33, 114.05) + "95,114,1,1,1,2022-05-28,0536,A,33,6.1NRT,304,9,D\n");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->report().rows_refused(), 1);
  ASSERT_EQ(answer->report().problems_size(), 1);
  EXPECT_EQ(answer->report().problems(0).line(), 3);
  EXPECT_EQ(answer->report().problems(0).column(), "latitude");
  EXPECT_EQ(Database().Ask("SELECT COUNT(*) FROM hotspot"), "0");
}

TEST_F(ImportHotspotsTest, ADryRunTellsAndStoresNothing) {
  ASSERT_TRUE(Import(kHeader + Row(33, 114.05)).ok());
  v1::ImportHotspotsRequest request = Request(kHeader + Row(33, 114.05) + Row(33.1, 114.15));
  request.set_dry_run(true);
  const auto answer = Import(request, Office());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->report().dry_run());
  EXPECT_EQ(answer->report().created(), 1);
  EXPECT_EQ(answer->duplicates(), 1);
  EXPECT_EQ(Database().Ask("SELECT COUNT(*) FROM hotspot"), "1");
}

TEST_F(ImportHotspotsTest, TheSameRequestTwiceIsTheFirstAnswerAndOtherContentIsRefused) {
  v1::ImportHotspotsRequest request = Request(kHeader + Row(33, 114.05));
  const auto first = Import(request, Office());
  const auto again = Import(request, Office());
  ASSERT_TRUE(first.ok() && again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(again->report().created(), 1);
  request.set_content(kHeader + Row(33.3, 114.15));
  EXPECT_EQ(ReasonOf(Import(request, Office()).status()), "REQUEST_ID_REUSED");
}

TEST_F(ImportHotspotsTest, OnlyOfficesOfCityAndCountyAndAdministratorsHandInFiles) {
  const v1::ImportHotspotsRequest request = Request(kHeader + Row(33, 114.05));
  EXPECT_EQ(ReasonOf(Import(request, "").status()), "NOT_SIGNED_IN");
  EXPECT_EQ(
      ReasonOf(Import(request, City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][0])).status()),
      "NOT_ALLOWED");
  EXPECT_EQ(
      ReasonOf(Import(request, City().TokenOf(PostKind::kCampaignOffice, City().townships[0][0])).status()),
      "NOT_ALLOWED");
  EXPECT_TRUE(Import(request, City().TokenOf(PostKind::kCampaignOffice, City().counties[1])).ok());
  EXPECT_TRUE(Import(Request(kHeader + Row(33.2, 114.05)), City().AdministratorToken()).ok());
}

TEST_F(ImportHotspotsTest, WrongFilesAndMissingFieldsAreSaidClearly) {
  EXPECT_EQ(ReasonOf(Import("code,name\n1,2\n").status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Import("").status()), "REQUIRED_FIELD_MISSING");
  v1::ImportHotspotsRequest request = Request(kHeader + Row(33, 114.05));
  request.clear_request_id();
  EXPECT_EQ(ReasonOf(Import(request, Office()).status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(Import("时间,中心经度,中心纬度,省,市,县\n2017-01-03,114.05,33,河南,,\n").status()),
            "DATUM_MISSING");
}

TEST_F(ImportHotspotsTest, AStrawListIsFiledWithItsDatumKept) {
  v1::ImportHotspotsRequest request =
      Request("时间,中心经度,中心纬度,省,市,县\n2017-01-03,114.055,33,河南,测试市,甲县\n");
  request.set_datum(type::v1::Position::GCJ02);
  const auto answer = Import(request, Office());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->located(), 1);
  v1::ListHotspotsRequest list;
  const auto listed = server_.Call<v1::ListHotspotsResponse>(Office(), kList, list);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->hotspots_size(), 1);
  const v1::Hotspot& hotspot = listed->hotspots(0);
  EXPECT_EQ(hotspot.given_position().datum(), type::v1::Position::GCJ02);
  EXPECT_DOUBLE_EQ(hotspot.given_position().longitude(), 114.055);
  EXPECT_LT(hotspot.position().longitude(), 114.054);
  EXPECT_EQ(hotspot.given_place(), "河南/测试市/甲县");
  EXPECT_EQ(hotspot.acquisition_until_time().seconds() - hotspot.acquisition_time().seconds(), 86400);
}

TEST_F(ImportHotspotsTest, ReadersSeeTheirOwnGroundOnly) {
  ASSERT_TRUE(Import(kHeader + Row(33, 114.05) + Row(33, 114.15) + Row(33, 114.25) + Row(5, 5)).ok());
  const auto seen = [&](const std::string& token, std::initializer_list<v1::Hotspot::State> states = {}) {
    v1::ListHotspotsRequest request;
    for (auto state : states) request.add_states(state);
    const auto answer = server_.Call<v1::ListHotspotsResponse>(token, kList, request);
    return answer.ok() ? answer->hotspots_size() : -1;
  };
  EXPECT_EQ(seen(Office()), 3);
  EXPECT_EQ(seen(City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][1])), 1);
  EXPECT_EQ(seen(City().TokenOf(PostKind::kGridLeader, City().counties[1])), 0);
  EXPECT_EQ(seen(Office(), {v1::Hotspot::OUTSIDE}), 0);
  EXPECT_EQ(seen(City().AdministratorToken(), {v1::Hotspot::OUTSIDE, v1::Hotspot::LOCATED}), 4);

  v1::GetHotspotRequest get;
  get.set_name(ResourceName("hotspots", *Uuid::FromBytes(Database().Ask(
                                            "SELECT hotspot_id FROM hotspot WHERE longitude = 114.05"))));
  EXPECT_TRUE(
      server_.Call<v1::Hotspot>(City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][0]), kGet, get)
          .ok());
  EXPECT_EQ(ReasonOf(server_
                         .Call<v1::Hotspot>(City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][1]),
                                            kGet, get)
                         .status()),
            "NOT_ALLOWED");
  get.set_name("hotspots/" + Uuid::Make(absl::Now()).ToString());
  EXPECT_EQ(ReasonOf(server_.Call<v1::Hotspot>(City().AdministratorToken(), kGet, get).status()),
            "NOT_FOUND");
}

TEST_F(ImportHotspotsTest, PagesGoThroughEveryHotspotOnceNewestFirst) {
  std::string content = kHeader;
  for (int i = 0; i < 25; ++i) {
    content +=
        absl::StrFormat("33.0,114.%02d5,326,1,1,2022-05-28,%02d36,A,33,6.1NRT,304,9,D\n", i % 4 * 10, i % 24);
  }
  const auto imported = Import(content);
  ASSERT_TRUE(imported.ok()) << imported.status();
  v1::ListHotspotsRequest request;
  request.set_page_size(7);
  std::vector<std::string> names;
  int64_t last = std::numeric_limits<int64_t>::max();
  do {
    const auto page = server_.Call<v1::ListHotspotsResponse>(Office(), kList, request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& hotspot : page->hotspots()) {
      EXPECT_LE(hotspot.acquisition_time().seconds(), last);
      last = hotspot.acquisition_time().seconds();
      names.push_back(hotspot.name());
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(static_cast<int>(names.size()), imported->report().created());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
}

TEST_F(ImportHotspotsTest, AWholeWeekOfTheWorldIsFiledInOneGo) {
  std::string content = kHeader;
  for (int i = 0; i < 50'000; ++i) content += Row(32 + (i / 200) * 0.004, 114 + (i % 200) * 0.002);
  const absl::Time start = absl::Now();
  const auto answer = Import(content);
  ASSERT_TRUE(answer.ok()) << answer.status();
  RecordProperty("milliseconds", static_cast<int>(absl::ToInt64Milliseconds(absl::Now() - start)));
  std::printf("50,000 rows filed in %.2f s\n", absl::ToDoubleSeconds(absl::Now() - start));
  EXPECT_EQ(answer->report().created(), 50'000);
  EXPECT_LE(largest_, 5000);
  EXPECT_EQ(Database().Ask("SELECT COUNT(*) FROM journal_stage"), "50000");
}

}  // namespace
}  // namespace gridwarden::intake
