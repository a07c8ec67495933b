#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "base/status.h"
#include "domain/policy/policy.h"
#include "grid/grid_service.h"
#include "gridwarden/type/v1/import.pb.h"
#include "gtest/gtest.h"
#include "support/test_city.h"
#include "support/test_database.h"
#include "support/test_server.h"

namespace gridwarden::grid {

inline constexpr char kService[] = "gridwarden.grid.v1.GridService/";

// 一长三员 at every level, the campaign office down to the township.
inline std::shared_ptr<const domain::Policy> PresetPolicy() {
  auto policy = std::make_shared<domain::Policy>();
  for (const domain::Level level :
       {domain::Level::kCity, domain::Level::kCounty, domain::Level::kTownship, domain::Level::kVillage}) {
    for (const domain::PostKind kind :
         {domain::PostKind::kGridLeader, domain::PostKind::kGridOfficer, domain::PostKind::kPatrolOfficer,
          domain::PostKind::kSupervisionOfficer}) {
      policy->post_presets.push_back({kind, level,
                                      kind == domain::PostKind::kGridLeader
                                          ? domain::Responsibility::kDirectLeadership
                                          : domain::Responsibility::kNone,
                                      "test"});
    }
  }
  return policy;
}

// The real data beside the source tree, "" where it is not.
inline std::string SharedFile(const std::string& name) {
  const char* shared = std::getenv("GW_SHARED");
  const std::string path =
      (shared != nullptr ? std::string(shared) : testing::SourceDir() + "/../shared") + "/data/" + name;
  std::ifstream in(path, std::ios::binary);
  return in ? std::string(std::istreambuf_iterator<char>(in), {}) : "";
}

// The grid area alone, on a database of its own; `stored` says whether the test city is in it.
class GridTest : public ::testing::Test {
 protected:
  explicit GridTest(bool stored = true) {
    if (stored) {
      const absl::Status status = City().Store(*database_);
      if (!status.ok()) ADD_FAILURE() << status;
    }
    server_ = std::make_unique<testing::TestServer>(*database_, City().MakeDirectory(), PresetPolicy());
    server_->Install(Install);
  }

  static const testing::TestCity& City() { return testing::City(); }
  absl::Time Now() { return server_->clock().Now(); }
  std::string NewId() { return Uuid::Make(Now()).ToString(); }
  std::string Admin() { return City().AdministratorToken(); }
  std::string Office(const Uuid& division) {
    return City().TokenOf(domain::PostKind::kCampaignOffice, division);
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, const std::string& method, const Request& request) {
    return server_->Call<Response>(token, kService + method, request);
  }

  absl::StatusOr<type::v1::ImportReport> Import(
      const std::string& method, const std::string& content, bool dry_run = false,
      type::v1::Position::Datum datum = type::v1::Position::DATUM_UNSPECIFIED,
      const std::string& as_of = "2023-06-30") {
    v1::ImportRequest request;
    request.set_request_id(NewId());
    request.set_content(content);
    request.set_dry_run(dry_run);
    request.set_datum(datum);
    request.set_as_of_date(as_of);
    return Call<type::v1::ImportReport>(Admin(), method, request);
  }

  testing::TestDatabase database_;
  std::unique_ptr<testing::TestServer> server_;
};

class EmptyGridTest : public GridTest {
 protected:
  EmptyGridTest() : GridTest(false) {}
};

}  // namespace gridwarden::grid
