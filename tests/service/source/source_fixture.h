#pragma once

#include <string>

#include "base/status.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "gtest/gtest.h"
#include "source/source_service.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_policy.h"
#include "support/test_server.h"

// The ledger behind the real pipeline, in the test city.
namespace gridwarden::source {

using domain::PostKind;
using testing::City;
using testing::SharedDatabase;

class SourceTest : public ::testing::Test {
 protected:
  SourceTest() : server(*SharedDatabase(), City().MakeDirectory(), testing::TestPolicy()) {
    SharedDatabase().Clear();
    server.Install(Install);
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, const std::string& method, const Request& request) {
    return server.Call<Response>(token, "gridwarden.source.v1.SourceService/" + method, request);
  }

  std::string NewId() { return Uuid::Make(server.clock().Now()).ToString(); }
  static std::string Name(const Uuid& division) { return ResourceName("divisions", division); }

  v1::CreateSourceRequest NewSource(const Uuid& division, const std::string& number = "") {
    v1::CreateSourceRequest request;
    request.set_request_id(NewId());
    v1::Source& source = *request.mutable_source();
    source.set_source_no(number);
    source.set_display_name("前王砖厂");
    source.set_category("SMALL_POLLUTER");
    source.set_division(Name(division));
    source.set_operator_name("张三");
    source.set_credit_code("91350100M000100Y43");
    source.mutable_position()->set_longitude(114.02);
    source.mutable_position()->set_latitude(32.98);
    source.mutable_position()->set_datum(type::v1::Position::GCJ02);
    return request;
  }

  v1::Source Create(const Uuid& division, const std::string& number = "") {
    const absl::StatusOr<v1::Source> source =
        Call<v1::Source>(office, "CreateSource", NewSource(division, number));
    EXPECT_TRUE(source.ok()) << source.status();
    return source.value_or(v1::Source());
  }

  absl::StatusOr<v1::Source> Get(const std::string& token, const std::string& name) {
    v1::GetSourceRequest request;
    request.set_name(name);
    return Call<v1::Source>(token, "GetSource", request);
  }

  testing::TestServer server;
  const Uuid village = City().villages[0][0][0];
  const Uuid other_village = City().villages[0][0][1];
  const Uuid foreign_village = City().villages[1][0][0];
  const std::string office = City().TokenOf(PostKind::kCampaignOffice, City().townships[0][0]);
  const std::string foreign_office = City().TokenOf(PostKind::kCampaignOffice, City().townships[1][0]);
  const std::string city_office = City().TokenOf(PostKind::kCampaignOffice, City().city);
  const std::string patrol = City().TokenOf(PostKind::kPatrolOfficer, village);
  const std::string leader = City().TokenOf(PostKind::kGridLeader, village);
  const std::string admin = City().AdministratorToken();
};

}  // namespace gridwarden::source
