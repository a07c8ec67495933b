// Which sources have the operator or the trade of one, told without telling who that is.
#include "source/compare_sources.h"

#include "service/source/source_fixture.h"

namespace gridwarden::source {
namespace {

class CompareTest : public SourceTest {
 protected:
  v1::Source Make(const std::string& code, const std::string& person, const std::string& trade) {
    auto request = NewSource(City().villages[0][0][0]);
    request.mutable_source()->set_credit_code(code);
    request.mutable_source()->set_operator_name(person);
    request.mutable_source()->set_trade(trade);
    const auto made = Call<v1::Source>(office, "CreateSource", request);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(v1::Source());
  }
  absl::StatusOr<v1::CompareSourcesResponse> Compare(const v1::Source& source,
                                                     const std::vector<v1::Source>& others) {
    v1::CompareSourcesRequest request;
    request.set_source(source.name());
    for (const v1::Source& other : others) request.add_others(other.name());
    return CompareSources(server.context(), rpc::Call::System("casework.relocations", server.clock().Now()),
                          request);
  }
};

constexpr char kFirm[] = "91350100M000100Y43";

TEST_F(CompareTest, SaysOwnerAndTradeOfThoseAlikeOnly) {
  const v1::Source source = Make(kFirm, "张三", "家具喷漆");
  const v1::Source same_firm = Make(kFirm, "李四", "塑料造粒");
  const v1::Source same_trade = Make("", "王五", "家具喷漆");
  const v1::Source same_name = Make("", "张三", "");
  const v1::Source other = Make("", "赵六", "石材加工");
  const auto answer = Compare(source, {same_firm, same_trade, same_name, other, source});
  ASSERT_TRUE(answer.ok()) << answer.status();
  std::map<std::string, std::pair<bool, bool>> alike;
  for (const v1::SourceLikeness& one : answer->likenesses())
    alike[one.name()] = {one.same_owner(), one.same_trade()};
  EXPECT_EQ(alike, (std::map<std::string, std::pair<bool, bool>>{{same_firm.name(), {true, false}},
                                                                 {same_trade.name(), {false, true}},
                                                                 {same_name.name(), {true, false}}}));
}

TEST_F(CompareTest, EmptyFieldsAreNoLikenessAndAnUnknownSourceHasNone) {
  const v1::Source bare = Make("", "", ""), other = Make("", "", "");
  EXPECT_EQ(Compare(bare, {other})->likenesses_size(), 0);
  v1::Source unknown;
  unknown.set_name("sources/01900000-0000-7000-8000-0000000000ff");
  EXPECT_EQ(Compare(unknown, {other})->likenesses_size(), 0);
}

TEST_F(CompareTest, IsForOurOwnProcessesOnly) {
  v1::CompareSourcesRequest request;
  request.set_source(Make("", "张三", "").name());
  request.add_others(request.source());
  const auto refused = server.Call<v1::CompareSourcesResponse>(
      office, "gridwarden.source.v1.SourceInternalService/CompareSources", request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kPermissionDenied) << refused.status();
}

}  // namespace
}  // namespace gridwarden::source
