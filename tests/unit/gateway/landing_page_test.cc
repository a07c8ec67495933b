#include "gateway/landing_page.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gridwarden::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LandingPage, SaysThatItIsReadyAndWhetherItIsADemo) {
  const std::string real = LandingPage({.version = "gridwarden 1"});
  EXPECT_THAT(real, HasSubstr("运行正常"));
  EXPECT_THAT(real, HasSubstr("Up and ready"));
  EXPECT_THAT(real, Not(HasSubstr("演示")));
  EXPECT_THAT(real, Not(HasSubstr("http-equiv")));
  EXPECT_THAT(LandingPage({.version = "v", .demo = true}), HasSubstr("演示环境"));
  EXPECT_THAT(real, Not(HasSubstr("/trust")));
  EXPECT_THAT(LandingPage({.version = "v", .trust = true}), HasSubstr("href=\"/trust\""));
}

TEST(LandingPage, NamesWhatItWaitsForLooksAgainAndLetsNothingBecomeMarkup) {
  const std::string page = LandingPage({.version = "<v>", .not_ready = {"a <script> & \"b\""}});
  EXPECT_THAT(page, HasSubstr("暂不可用"));
  EXPECT_THAT(page, HasSubstr("http-equiv=\"refresh\""));
  EXPECT_THAT(page, HasSubstr("a &lt;script&gt; &amp; &quot;b&quot;"));
  EXPECT_THAT(page, HasSubstr("&lt;v&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
}

}  // namespace
}  // namespace gridwarden::gateway
