#include "gridwarden/source/v1/zone_service.pb.h"

#include "gridwarden/journal/v1/entry.pb.h"
#include "service/source/source_fixture.h"

// Zones by polygon and by list, at a place and a time.
namespace gridwarden::source {
namespace {

class ZoneTest : public SourceTest {
 protected:
  const std::string county_office = City().TokenOf(domain::PostKind::kCampaignOffice, City().counties[0]);

  static std::string NewId() { return Uuid::Make(absl::Now()).ToString(); }

  static v1::CreateZoneRequest Listed() {
    v1::CreateZoneRequest request;
    request.set_request_id(NewId());
    v1::Zone& zone = *request.mutable_zone();
    zone.set_kind(v1::Zone::NO_BURN);
    zone.set_title("城区高污染燃料禁燃区");
    zone.add_divisions(ResourceName("divisions", City().townships[0][0]));
    zone.set_valid_from_date("2020-01-01");
    zone.set_document_no("遂政通〔2019〕3号");
    return request;
  }

  static void AddCorner(v1::Zone::Ring& ring, double longitude, double latitude) {
    type::v1::Position& corner = *ring.add_corners();
    corner.set_longitude(longitude);
    corner.set_latitude(latitude);
    corner.set_datum(type::v1::Position::WGS84);
  }
  // A square of 0.2 degrees around 114.1, 33.1 with a square hole of 0.04 in its middle.
  static v1::CreateZoneRequest Drawn() {
    v1::CreateZoneRequest request = Listed();
    v1::Zone& zone = *request.mutable_zone();
    zone.clear_divisions();
    for (const double half : {0.1, 0.02}) {
      v1::Zone::Ring& ring = *zone.add_rings();
      AddCorner(ring, 114.1 - half, 33.1 - half);
      AddCorner(ring, 114.1 - half, 33.1 + half);
      AddCorner(ring, 114.1 + half, 33.1 + half);
      AddCorner(ring, 114.1 + half, 33.1 - half);
      AddCorner(ring, 114.1 - half, 33.1 - half);  // closed, as files have it
    }
    return request;
  }

  absl::StatusOr<v1::Zone> Create(const std::string& token, const v1::CreateZoneRequest& request) {
    return CallZone<v1::Zone>(token, "CreateZone", request);
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> CallZone(const std::string& token, const std::string& method,
                                    const Request& request) {
    return server.Call<Response>(token, "gridwarden.source.v1.ZoneService/" + method, request);
  }
  int FoundAt(const v1::FindZonesRequest& request) {
    const auto answer = CallZone<v1::FindZonesResponse>(patrol, "FindZones", request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->zones_size() : -1;
  }
  int FoundAt(const Uuid& division, int64_t seconds = 0) {
    v1::FindZonesRequest request;
    request.set_division(ResourceName("divisions", division));
    if (seconds > 0) request.mutable_at_time()->set_seconds(seconds);
    return FoundAt(request);
  }
  int FoundAt(double longitude, double latitude) {
    v1::FindZonesRequest request;
    request.mutable_position()->set_longitude(longitude);
    request.mutable_position()->set_latitude(latitude);
    request.mutable_position()->set_datum(type::v1::Position::WGS84);
    return FoundAt(request);
  }
};

TEST_F(ZoneTest, HoldsForTheDivisionsOfItsListAndAllBelowWhileItLasts) {
  const auto zone = Create(county_office, Listed());
  ASSERT_TRUE(zone.ok()) << zone.status();
  EXPECT_EQ(FoundAt(City().townships[0][0]), 1);
  EXPECT_EQ(FoundAt(City().villages[0][0][0]), 1);
  EXPECT_EQ(FoundAt(City().villages[0][1][0]), 0);
  EXPECT_EQ(FoundAt(City().counties[0]), 0);
  EXPECT_EQ(FoundAt(City().villages[0][0][0], 1546300800), 0);  // 2019
}

TEST_F(ZoneTest, HoldsInsideItsPolygonAndNotInItsHole) {
  const auto zone = Create(city_office, Drawn());
  ASSERT_TRUE(zone.ok()) << zone.status();
  EXPECT_EQ(FoundAt(114.05, 33.1), 1);
  EXPECT_EQ(FoundAt(114.1, 33.1), 0);  // the hole
  EXPECT_EQ(FoundAt(114.25, 33.1), 0);
  v1::GetZoneRequest get;
  get.set_name(zone->name());
  const auto read = CallZone<v1::Zone>(patrol, "GetZone", get);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->rings_size(), 2);
  EXPECT_EQ(read->rings(0).corners_size(), 4);  // the corner that closed it said nothing new
}

TEST_F(ZoneTest, EndsByADocumentAndIsNeverEdited) {
  const auto zone = Create(county_office, Listed());
  ASSERT_TRUE(zone.ok()) << zone.status();
  v1::EndZoneRequest end;
  end.set_request_id(NewId());
  end.set_name(zone->name());
  end.set_valid_to_date("2021-01-01");
  end.set_document_no("遂政通〔2020〕9号");
  EXPECT_EQ(CallZone<v1::Zone>(foreign_office, "EndZone", end).status().code(),
            absl::StatusCode::kPermissionDenied);
  const auto ended = CallZone<v1::Zone>(county_office, "EndZone", end);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(FoundAt(City().townships[0][0]), 0);
  EXPECT_EQ(FoundAt(City().townships[0][0], 1592179200), 1);  // June 2020
  end.set_request_id(NewId());
  EXPECT_EQ(ReasonOf(CallZone<v1::Zone>(county_office, "EndZone", end).status()), "ILLEGAL_TRANSITION");
  v1::ListZonesRequest list;
  list.add_kinds(v1::Zone::NO_BURN);
  EXPECT_EQ(CallZone<v1::ListZonesResponse>(patrol, "ListZones", list)->zones_size(), 1);
  list.mutable_at_time()->set_seconds(1700000000);
  EXPECT_EQ(CallZone<v1::ListZonesResponse>(patrol, "ListZones", list)->zones_size(), 0);
}

// The eight standard cases, and ground that is none.
TEST_F(ZoneTest, IsDeclaredByRightOfficesWithGroundThatFitsTogether) {
  EXPECT_EQ(Create(patrol, Listed()).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Create(office, Listed()).status().code(), absl::StatusCode::kPermissionDenied);  // a township's
  EXPECT_EQ(Create(foreign_office, Listed()).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Create(county_office, Drawn()).status().code(), absl::StatusCode::kPermissionDenied);
  auto bad = Listed();
  bad.mutable_zone()->clear_kind();
  EXPECT_EQ(ReasonOf(Create(county_office, bad).status()), "INVALID_FIELD");
  bad = Listed();
  bad.mutable_zone()->set_valid_from_date("2020-02-30");
  EXPECT_EQ(ReasonOf(Create(county_office, bad).status()), "INVALID_FIELD");
  bad = Drawn();  // a bow tie
  bad.mutable_zone()->mutable_rings(0)->mutable_corners()->SwapElements(1, 2);
  EXPECT_EQ(ReasonOf(Create(city_office, bad).status()), "INVALID_FIELD");
  bad = Drawn();
  bad.mutable_zone()->mutable_rings(0)->mutable_corners(0)->clear_datum();
  EXPECT_EQ(ReasonOf(Create(city_office, bad).status()), "DATUM_MISSING");
  bad = Drawn();
  while (bad.zone().rings(0).corners_size() > 2)
    bad.mutable_zone()->mutable_rings(0)->mutable_corners()->RemoveLast();
  EXPECT_EQ(ReasonOf(Create(city_office, bad).status()), "INVALID_FIELD");

  const auto good = Listed();
  const auto first = Create(county_office, good);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Create(county_office, good)->SerializeAsString(), first->SerializeAsString());
  auto other = good;
  other.mutable_zone()->set_title("另一个名称");
  EXPECT_EQ(ReasonOf(Create(county_office, other).status()), "REQUEST_ID_REUSED");
  v1::EndZoneRequest stale;
  stale.set_request_id(NewId());
  stale.set_name(first->name());
  stale.set_valid_to_date("2021-01-01");
  stale.set_document_no("x");
  stale.set_etag("9");
  EXPECT_EQ(ReasonOf(CallZone<v1::Zone>(county_office, "EndZone", stale).status()), "ETAG_MISMATCH");
}

TEST_F(ZoneTest, EndsOnceAndOnlyWhole) {
  const auto zone = Create(county_office, Listed());
  ASSERT_TRUE(zone.ok()) << zone.status();
  v1::EndZoneRequest end;
  end.set_request_id(NewId());
  end.set_name(zone->name());
  end.set_valid_to_date("2021-01-01");
  EXPECT_EQ(ReasonOf(CallZone<v1::Zone>(county_office, "EndZone", end).status()), "REQUIRED_FIELD_MISSING");
  end.set_document_no("遂政通〔2020〕9号");
  EXPECT_EQ(CallZone<v1::Zone>(patrol, "EndZone", end).status().code(), absl::StatusCode::kPermissionDenied);
  const auto ended = CallZone<v1::Zone>(county_office, "EndZone", end);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(CallZone<v1::Zone>(county_office, "EndZone", end)->SerializeAsString(),
            ended->SerializeAsString());
  end.set_document_no("另一份");
  EXPECT_EQ(ReasonOf(CallZone<v1::Zone>(county_office, "EndZone", end).status()), "REQUEST_ID_REUSED");
}

}  // namespace
}  // namespace gridwarden::source
