#include "platform/tls/process_name.h"

#include "gtest/gtest.h"

namespace gridwarden::tls {
namespace {

TEST(ProcessName, IsWrittenAndReadAsASpiffeId) {
  const ProcessName name{"411702", "casework"};
  EXPECT_EQ(SpiffeId(name), "spiffe://gridwarden.411702/area/casework");
  EXPECT_EQ(ReadSpiffeId(SpiffeId(name)), name);
  EXPECT_EQ(ReadSpiffeId("spiffe://gridwarden.county-1.example/area/all"),
            (ProcessName{"county-1.example", "all"}));
}

TEST(ProcessName, IsNothingElse) {
  for (const char* uri :
       {"", "spiffe://", "spiffe://gridwarden./area/casework", "spiffe://gridwarden.411702/area/",
        "spiffe://gridwarden.411702/area/casework/", "spiffe://gridwarden.411702/area/case work",
        "spiffe://gridwarden.411702/casework", "spiffe://other.411702/area/casework",
        "https://gridwarden.411702/area/casework", "spiffe://gridwarden.411702/x/area/casework",
        "spiffe://gridwarden.41 17/area/casework", "spiffe://gridwarden.411702/area/Casework",
        "xspiffe://gridwarden.411702/area/casework"}) {
    EXPECT_FALSE(ReadSpiffeId(uri).has_value()) << uri;
  }
}

TEST(ProcessName, OfAnInstallationIsLowerCaseLettersDigitsHyphensAndDots) {
  for (const char* good : {"411702", "a", "zhumadian.4117", "x-1"})
    EXPECT_TRUE(IsInstallationName(good)) << good;
  for (const char* bad : {"", "A", "a b", "-a", "a-", ".a", "a/b", "县"})
    EXPECT_FALSE(IsInstallationName(bad)) << bad;
  EXPECT_FALSE(IsInstallationName(std::string(201, 'a')));
}

}  // namespace
}  // namespace gridwarden::tls
