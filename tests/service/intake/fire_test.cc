#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/intake/v1/fire_event.pb.h"
#include "gridwarden/intake/v1/fire_service.pb.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "intake/intake_service.h"
#include "support/test_city.h"
#include "support/test_database.h"
#include "support/test_server.h"

// What a hotspot turned out to be, and whose share of it counts.
namespace gridwarden::intake {
namespace {

using domain::PostKind;
using testing::City;
using v1::HotspotVerdict;

constexpr std::string_view kFire = "gridwarden.intake.v1.FireService/";
constexpr int64_t kOverpass = 1653716160;  // 2022-05-28 05:36 UTC

class Fire : public ::testing::Test {
 protected:
  Fire() : server_(*Database(), City().MakeDirectory()) {
    Database().Clear();
    server_.Install(Install);
    // A pixel on the border of two villages of the first township, 0.6 and 0.3 of it; the rest lies nowhere.
    server_.registry().Add<grid::v1::LocatePointsRequest, grid::v1::LocatePointsResponse>(
        "gridwarden.grid.v1.GridService/LocatePoints",
        [](const rpc::Call&,
           const grid::v1::LocatePointsRequest& request) -> absl::StatusOr<grid::v1::LocatePointsResponse> {
          grid::v1::LocatePointsResponse response;
          for (int i = 0; i < request.positions_size(); ++i) {
            auto* result = response.add_results();
            const std::pair<Uuid, double> shares[] = {{City().villages[0][0][0], 0.6},
                                                      {City().villages[0][0][1], 0.3},
                                                      {City().townships[0][0], 0.95}};
            for (const auto& [division, share] : shares) {
              auto* candidate = result->add_candidates();
              candidate->set_division(ResourceName("divisions", division));
              candidate->set_confidence(share);
              candidate->set_basis("near_border");
            }
          }
          return response;
        });
    v1::ImportHotspotsRequest import;
    import.set_request_id(NewId());
    import.set_content(
        "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,"
        "frp,daynight\n33.00000,114.05000,326.2,1.0,1.0,2022-05-28,0536,A,33,6.1NRT,304.5,9.9,D\n");
    const auto imported = server_.Call<v1::ImportHotspotsResponse>(
        Office(City().city), "gridwarden.intake.v1.IntakeService/ImportHotspots", import);
    EXPECT_TRUE(imported.ok()) << imported.status();
    hotspot_ = ResourceName("hotspots", *Uuid::FromBytes(Database().Ask("SELECT hotspot_id FROM hotspot")));
    server_.clock().Set(absl::FromUnixSeconds(kOverpass) + absl::Hours(3));
  }

  static testing::TestDatabase& Database() {
    static testing::TestDatabase database;
    return database;
  }
  static std::string NewId() { return Uuid::Make(absl::Now()).ToString(); }
  static std::string Office(const Uuid& division) {
    return City().TokenOf(PostKind::kCampaignOffice, division);
  }
  std::string Township() const { return Office(City().townships[0][0]); }
  std::string County() const { return Office(City().counties[0]); }
  std::string VillageLeader(int village) const {
    return City().TokenOf(PostKind::kGridLeader, City().villages[0][0][village]);
  }

  v1::AdjudicateHotspotRequest Straw() const {
    v1::AdjudicateHotspotRequest request;
    request.set_request_id(NewId());
    request.set_name(hotspot_);
    request.set_verdict(HotspotVerdict::STRAW);
    request.mutable_arrive_time()->set_seconds(kOverpass + 1500);
    request.set_burnt_area_m2(1200);
    request.set_note("麦茬地，户主李某");
    int n = 0;
    for (const auto kind : {type::v1::Evidence::NEAR, type::v1::Evidence::FAR}) {
      auto* photo = request.add_evidence();
      photo->set_media(absl::StrFormat("media/%064x", ++n));
      photo->set_kind(kind);
    }
    return request;
  }
  v1::AppealVerdictRequest Appeal(int village) const {
    v1::AppealVerdictRequest request;
    request.set_request_id(NewId());
    request.set_name(hotspot_);
    request.set_division(ResourceName("divisions", City().villages[0][0][village]));
    request.set_statement("火点在邻村");
    return request;
  }
  v1::DecideVerdictAppealRequest Decide(HotspotVerdict::Verdict verdict) const {
    v1::DecideVerdictAppealRequest request;
    request.set_request_id(NewId());
    request.set_name(hotspot_);
    request.set_verdict(verdict);
    request.set_reason("经现场复核");
    return request;
  }
  template <typename Request>
  absl::StatusOr<HotspotVerdict> Call(const std::string& token, const char* method, const Request& request) {
    return server_.Call<HotspotVerdict>(token, absl::StrCat(std::string(kFire), method), request);
  }
  v1::CountFirePointsResponse Count(const std::string& token, const Uuid& division) {
    v1::CountFirePointsRequest request;
    request.set_division(ResourceName("divisions", division));
    request.mutable_from_time()->set_seconds(kOverpass - 86400);
    request.mutable_to_time()->set_seconds(kOverpass + 86400);
    const auto answer = server_.Call<v1::CountFirePointsResponse>(
        token, absl::StrCat(std::string(kFire), "CountFirePoints"), request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.value_or(v1::CountFirePointsResponse());
  }

  testing::TestServer server_;
  std::string hotspot_;
};

TEST_F(Fire, CountsEachVillageByItsShareAndTheTownshipAsTheirSum) {
  EXPECT_EQ(Count(Township(), City().townships[0][0]).awaiting(), 1);
  const auto verdict = Call(Township(), "AdjudicateHotspot", Straw());
  ASSERT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_EQ(verdict->state(), HotspotVerdict::ADJUDICATED);
  EXPECT_TRUE(verdict->counted());
  EXPECT_EQ(verdict->minutes_after_overpass(), 25);
  ASSERT_EQ(verdict->shares_size(), 2);

  const auto township = Count(Township(), City().townships[0][0]);
  EXPECT_NEAR(township.total().straw(), 0.9, 1e-9);
  ASSERT_EQ(township.children_size(), 2);
  double sum = 0;
  for (const auto& child : township.children()) sum += child.straw();
  EXPECT_NEAR(sum, township.total().straw(), 1e-9);
  EXPECT_EQ(township.awaiting(), 0);
  EXPECT_NEAR(Count(County(), City().counties[0]).total().straw(), 0.9, 1e-9);
  EXPECT_NEAR(Count(VillageLeader(1), City().villages[0][0][1]).total().straw(), 0.3, 1e-9);
  EXPECT_NEAR(Count(Office(City().counties[1]), City().counties[1]).total().straw(), 0, 1e-9);
}

TEST_F(Fire, ATownshipsOfficeSeesNoCountsOfAnotherCounty) {
  v1::CountFirePointsRequest request;
  request.set_division(ResourceName("divisions", City().counties[1]));
  request.mutable_from_time()->set_seconds(kOverpass - 86400);
  request.mutable_to_time()->set_seconds(kOverpass);
  EXPECT_EQ(server_
                .Call<v1::CountFirePointsResponse>(
                    Township(), absl::StrCat(std::string(kFire), "CountFirePoints"), request)
                .status()
                .code(),
            absl::StatusCode::kPermissionDenied);
  request.set_division(ResourceName("divisions", City().townships[0][0]));
  request.mutable_to_time()->set_seconds(kOverpass - 86400);
  EXPECT_EQ(ReasonOf(server_
                         .Call<v1::CountFirePointsResponse>(
                             Township(), absl::StrCat(std::string(kFire), "CountFirePoints"), request)
                         .status()),
            "INVALID_FIELD");
}

TEST_F(Fire, DoesNotCountUnderAppealAndAThirdPersonDecides) {
  ASSERT_TRUE(Call(Township(), "AdjudicateHotspot", Straw()).ok());
  EXPECT_EQ(ReasonOf(Call(Township(), "AppealVerdict", Appeal(1)).status()), "ANOTHER_PERSON_NEEDED");
  const auto appealed = Call(VillageLeader(1), "AppealVerdict", Appeal(1));
  ASSERT_TRUE(appealed.ok()) << appealed.status();
  EXPECT_EQ(appealed->state(), HotspotVerdict::APPEALED);
  EXPECT_FALSE(appealed->counted());
  const auto waiting = Count(Township(), City().townships[0][0]);
  EXPECT_NEAR(waiting.total().straw(), 0, 1e-9);
  EXPECT_NEAR(waiting.total().straw_appealed(), 0.9, 1e-9);

  EXPECT_EQ(Call(Township(), "DecideVerdictAppeal", Decide(HotspotVerdict::OTHER_HEAT)).status().code(),
            absl::StatusCode::kPermissionDenied);
  const auto decided = Call(County(), "DecideVerdictAppeal", Decide(HotspotVerdict::OTHER_HEAT));
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->state(), HotspotVerdict::FINAL);
  EXPECT_TRUE(decided->appeal().upheld());
  EXPECT_NEAR(Count(Township(), City().townships[0][0]).total().straw(), 0, 1e-9);
  EXPECT_EQ(ReasonOf(Call(VillageLeader(0), "AppealVerdict", Appeal(0)).status()), "ILLEGAL_TRANSITION");
}

TEST_F(Fire, TakesAppealsOnlyForTenDaysAndOnlyFromThoseWhoBearAShare) {
  ASSERT_TRUE(Call(Township(), "AdjudicateHotspot", Straw()).ok());
  EXPECT_EQ(ReasonOf(Call(VillageLeader(2), "AppealVerdict", Appeal(2)).status()), "INVALID_FIELD");
  EXPECT_EQ(Call(VillageLeader(0), "AppealVerdict", Appeal(1)).status().code(),
            absl::StatusCode::kPermissionDenied);
  server_.clock().Set(server_.clock().Now() + absl::Hours(241));
  EXPECT_EQ(ReasonOf(Call(VillageLeader(1), "AppealVerdict", Appeal(1)).status()), "APPEAL_PERIOD_OVER");
}

TEST_F(Fire, LeavesWhatPeopleWroteOutOfTheJournal) {
  ASSERT_TRUE(Call(Township(), "AdjudicateHotspot", Straw()).ok());
  const std::string body = Database().Ask("SELECT body FROM journal_stage ORDER BY id DESC LIMIT 1");
  EXPECT_EQ(body.find("李某"), std::string::npos);
  journal::v1::Entry entry;
  ASSERT_TRUE(entry.ParseFromString(body));
  EXPECT_EQ(entry.kind(), "hotspot.verdict");
  v1::VerdictEvent event;
  ASSERT_TRUE(event.ParseFromString(entry.event()));
  EXPECT_EQ(event.after().shares_size(), 2);
  EXPECT_EQ(entry.media_size(), 2);
}

// The eight standard cases, and what a verdict may not rest on.
TEST_F(Fire, RefusesWrongPeopleGroundStatesTimesAndEvidence) {
  const auto good = Straw();
  for (const std::string& token : {City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][0]),
                                   Office(City().townships[0][1]), Office(City().counties[1])}) {
    EXPECT_EQ(Call(token, "AdjudicateHotspot", good).status().code(), absl::StatusCode::kPermissionDenied);
  }
  auto bad = Straw();
  bad.clear_arrive_time();
  EXPECT_EQ(ReasonOf(Call(Township(), "AdjudicateHotspot", bad).status()), "REQUIRED_FIELD_MISSING");
  bad = Straw();
  bad.mutable_arrive_time()->set_seconds(kOverpass - 1);
  EXPECT_EQ(ReasonOf(Call(Township(), "AdjudicateHotspot", bad).status()), "EVENT_TIME_BEFORE_CASE");
  bad = Straw();
  bad.mutable_arrive_time()->set_seconds(kOverpass + 86400);
  EXPECT_EQ(ReasonOf(Call(Township(), "AdjudicateHotspot", bad).status()), "EVENT_TIME_IN_FUTURE");
  bad = Straw();
  bad.mutable_evidence()->RemoveLast();
  EXPECT_EQ(ReasonOf(Call(Township(), "AdjudicateHotspot", bad).status()), "EVIDENCE_MISSING");
  bad = Straw();
  bad.mutable_evidence(0)->set_media("media/../../etc/passwd");
  EXPECT_EQ(ReasonOf(Call(Township(), "AdjudicateHotspot", bad).status()), "INVALID_FIELD");
  bad = Straw();
  bad.set_verdict(HotspotVerdict::NOT_OBSERVABLE);
  bad.clear_note();
  EXPECT_EQ(ReasonOf(Call(Township(), "AdjudicateHotspot", bad).status()), "INVALID_FIELD");
  bad = Straw();
  bad.set_name(ResourceName("hotspots", Uuid::Make(absl::Now())));
  EXPECT_EQ(Call(Township(), "AdjudicateHotspot", bad).status().code(), absl::StatusCode::kPermissionDenied);

  const auto first = Call(Township(), "AdjudicateHotspot", good);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto again = Call(Township(), "AdjudicateHotspot", good);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  auto other = good;
  other.set_note("另写一句");
  EXPECT_EQ(ReasonOf(Call(Township(), "AdjudicateHotspot", other).status()), "REQUEST_ID_REUSED");
  auto stale = Straw();
  stale.set_etag("7");
  EXPECT_EQ(ReasonOf(Call(Township(), "AdjudicateHotspot", stale).status()), "ETAG_MISMATCH");
  // Another office of the township's level may not correct it; the county may.
  EXPECT_EQ(Call(City().TokenOf(PostKind::kGridLeader, City().townships[0][0]), "AdjudicateHotspot", Straw())
                .status()
                .code(),
            absl::StatusCode::kPermissionDenied);
  auto corrected = Straw();
  corrected.set_verdict(HotspotVerdict::GARBAGE_LEAVES);
  const auto changed = Call(County(), "AdjudicateHotspot", corrected);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_FALSE(changed->counted());
  ASSERT_TRUE(Call(VillageLeader(1), "AppealVerdict", Appeal(1)).ok());
  EXPECT_EQ(ReasonOf(Call(County(), "AdjudicateHotspot", Straw()).status()), "ILLEGAL_TRANSITION");
}

// The same of the later acts: a missing field, a stale etag, the same request twice, its id for something
// else.
TEST_F(Fire, AnAppealAndItsDecisionAreTakenOnceAndOnlyWhole) {
  EXPECT_EQ(Call(VillageLeader(0), "AppealVerdict", Appeal(0)).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(Call(Township(), "AdjudicateHotspot", Straw()).ok());
  EXPECT_EQ(ReasonOf(Call(County(), "DecideVerdictAppeal", Decide(HotspotVerdict::STRAW)).status()),
            "ILLEGAL_TRANSITION");
  const auto refused = [&](const std::string& token, const char* method, auto request) {
    request.set_etag("99");
    return ReasonOf(Call(token, method, request).status());
  };
  auto appeal = Appeal(1);
  EXPECT_EQ(refused(VillageLeader(1), "AppealVerdict", appeal), "ETAG_MISMATCH");
  auto incomplete = Appeal(1);
  incomplete.clear_statement();
  EXPECT_EQ(ReasonOf(Call(VillageLeader(1), "AppealVerdict", incomplete).status()), "REQUIRED_FIELD_MISSING");
  const auto appealed = Call(VillageLeader(1), "AppealVerdict", appeal);
  ASSERT_TRUE(appealed.ok()) << appealed.status();
  EXPECT_EQ(Call(VillageLeader(1), "AppealVerdict", appeal)->SerializeAsString(),
            appealed->SerializeAsString());
  appeal.set_statement("另一个说法");
  EXPECT_EQ(ReasonOf(Call(VillageLeader(1), "AppealVerdict", appeal).status()), "REQUEST_ID_REUSED");

  auto decide = Decide(HotspotVerdict::STRAW);
  EXPECT_EQ(Call(Office(City().counties[1]), "DecideVerdictAppeal", decide).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(refused(County(), "DecideVerdictAppeal", decide), "ETAG_MISMATCH");
  auto wordless = Decide(HotspotVerdict::STRAW);
  wordless.clear_reason();
  EXPECT_EQ(ReasonOf(Call(County(), "DecideVerdictAppeal", wordless).status()), "REQUIRED_FIELD_MISSING");
  const auto decided = Call(County(), "DecideVerdictAppeal", decide);
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_FALSE(decided->appeal().upheld());
  EXPECT_TRUE(decided->counted());
  EXPECT_EQ(Call(County(), "DecideVerdictAppeal", decide)->SerializeAsString(), decided->SerializeAsString());
  decide.set_reason("另一个理由");
  EXPECT_EQ(ReasonOf(Call(County(), "DecideVerdictAppeal", decide).status()), "REQUEST_ID_REUSED");
}

TEST_F(Fire, AVillageThatBearsAShareReadsTheVerdictThoughTheCentreLiesNextDoor) {
  ASSERT_TRUE(Call(Township(), "AdjudicateHotspot", Straw()).ok());
  v1::GetHotspotVerdictRequest get;
  get.set_name(hotspot_);
  EXPECT_TRUE(Call(VillageLeader(0), "GetHotspotVerdict", get).ok());
  EXPECT_TRUE(Call(VillageLeader(1), "GetHotspotVerdict", get).ok());
  EXPECT_EQ(Call(VillageLeader(2), "GetHotspotVerdict", get).status().code(),
            absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace gridwarden::intake
