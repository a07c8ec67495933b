#include "sim/rounds.h"

#include <string>

#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "gtest/gtest.h"
#include "patrol/patrol_service.h"
#include "platform/rpc/channel.h"
#include "source/source_service.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_policy.h"
#include "support/test_server.h"

// The demo's rounds against the real patrol area.
namespace gridwarden::sim {
namespace {

using domain::PostKind;
using testing::City;
using testing::SharedDatabase;

TEST(Rounds, AreMadeByThePlanForWeeksWithoutARefusal) {
  SharedDatabase().Clear();
  testing::TestServer server(*SharedDatabase(), City().MakeDirectory(), testing::TestPolicy());
  server.Install(patrol::Install);
  server.Install(source::Install);
  const Uuid township = City().townships[0][0];
  const std::string office = City().TokenOf(PostKind::kCampaignOffice, township);
  server.clock().Set(absl::FromCivil(absl::CivilHour(2026, 11, 18, 15), domain::CalendarZone()));
  for (int i = 0; i < 8; ++i) {
    source::v1::CreateSourceRequest request;
    request.set_request_id(Uuid::Make(server.clock().Now()).ToString());
    request.mutable_source()->set_display_name("source " + std::to_string(i));
    request.mutable_source()->set_category(i % 2 == 0 ? "SMALL_POLLUTER" : "RESTAURANT");
    request.mutable_source()->set_division(ResourceName("divisions", City().villages[0][0][i % 4]));
    ASSERT_TRUE(
        server.Call<source::v1::Source>(office, "gridwarden.source.v1.SourceService/CreateSource", request)
            .ok());
  }
  // Staff are known by the tokens of the test city.
  const Rounds::Links links{
      .call =
          [&](const std::string& who, absl::Time now, std::string_view method,
              const google::protobuf::Message& request) {
            server.clock().Set(now);
            rpc::Call call;
            call.token = who;
            call.now = now;
            call.deadline = absl::Now() + absl::Seconds(30);
            return server.channel().Send(rpc::EnvelopeOf(call, method, request));
          },
      .id_of = [](std::string_view words) { return Uuid::Derive(City().city, words).ToString(); },
      .holder_of =
          [](const std::string& post) {
            return City().TokenOfPerson(City().PersonIn(*ParseResourceName("posts", post)));
          }};
  Rounds rounds(links, ResourceName("divisions", township), office);
  for (int day = 0; day < 14; ++day) {
    const absl::Status status = rounds.Day(server.clock().Now());
    ASSERT_TRUE(status.ok()) << "day " << day << ": " << status;
    server.clock().Set(absl::FromCivil(absl::CivilHour(2026, 11, 19 + day, 15), domain::CalendarZone()));
  }
  EXPECT_GT(rounds.planned(), 50);
  EXPECT_GT(rounds.seen(), 40);
  const auto count = [](const std::string& where) {
    return std::stoi(SharedDatabase().Ask("SELECT COUNT(*) FROM patrol_task WHERE " + where));
  };
  EXPECT_EQ(count("state = 4"), rounds.seen());
  EXPECT_GT(count("state = 4 AND rule = 'TOWNSHIP_NIGHT' AND NOT late"), 0);
  EXPECT_LT(count("state = 4 AND late"), rounds.seen() / 4);
}

}  // namespace
}  // namespace gridwarden::sim
