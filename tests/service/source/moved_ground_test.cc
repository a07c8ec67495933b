#include "service/source/source_fixture.h"
#include "support/reorganised_city.h"

// The ledger on ground that changed (ReorganisedCity).
namespace gridwarden::source {
namespace {

TEST_F(SourceTest, TheLedgerOfAMergedVillageIsItsHeirsAndAnUpdateFilesItThere) {
  const Uuid merged = City().villages[0][0][0], heir = City().villages[0][0][1];
  const v1::Source before = Create(merged, "S1");
  const absl::Time reform = server.clock().Now() + absl::Hours(1);
  testing::TestServer after(*SharedDatabase(),
                            std::make_unique<access::Directory>(
                                testing::ReorganisedCity(*City().ground, reform), City().MakeAccess()),
                            testing::TestPolicy());
  after.Install(Install);
  after.clock().Set(reform + absl::Hours(1));
  const auto call = [&]<typename Response>(const std::string& token, std::string_view method,
                                           const auto& request, Response) {
    return after.Call<Response>(token, "gridwarden.source.v1.SourceService/" + std::string(method), request);
  };
  const std::string leader = City().TokenOf(PostKind::kGridLeader, heir);
  v1::GetSourceRequest get;
  get.set_name(before.name());
  EXPECT_TRUE(call(leader, "GetSource", get, v1::Source()).ok());
  EXPECT_FALSE(
      call(City().TokenOf(PostKind::kGridLeader, City().villages[0][0][2]), "GetSource", get, v1::Source())
          .ok());

  v1::UpdateSourceRequest update;
  update.set_request_id(NewId());
  *update.mutable_source() = before;
  update.mutable_source()->set_display_name("前王新型建材厂");
  update.mutable_update_mask()->add_paths("display_name");
  const auto updated = call(office, "UpdateSource", update, v1::Source());
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->division(), Name(heir));

  // A new one under the name of what was divided names the heirs.
  const auto divided = call(City().TokenOf(PostKind::kCampaignOffice, City().townships[0][1]), "CreateSource",
                            NewSource(City().villages[0][1][0], "S2"), v1::Source());
  EXPECT_EQ(ReasonOf(divided.status()), "DIVISION_ENDED");
}

}  // namespace
}  // namespace gridwarden::source
