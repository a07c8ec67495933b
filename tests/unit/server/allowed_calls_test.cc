#include "server/allowed_calls.h"

#include <string>

#include "gtest/gtest.h"

// That the rows are exactly the calls of the code is judged by tests/lint/check_edges.py.
namespace gridwarden::server {
namespace {

constexpr char kGetGround[] = "gridwarden.grid.v1.GridInternalService/GetGround";
constexpr char kReadFeed[] = "gridwarden.journal.v1.JournalInternalService/ReadFeed";
constexpr char kLocatePoint[] = "gridwarden.grid.v1.GridService/LocatePoint";
constexpr char kSignOff[] = "gridwarden.casework.v1.CaseworkService/SignOff";

TEST(AllowedCalls, AnAreaMayWhatItsCodeDoesAndNoMore) {
  EXPECT_TRUE(MayCall("casework", kLocatePoint, false));
  EXPECT_TRUE(MayCall("report", kReadFeed, true));
  EXPECT_FALSE(MayCall("media", kReadFeed, true)) << "media reads no feed";
  EXPECT_FALSE(MayCall("report", kLocatePoint, false));
  EXPECT_FALSE(MayCall("media", kSignOff, false));
}

TEST(AllowedCalls, EveryAreaKeepsTheGroundForItself) {
  for (const char* area : {"identity", "grid", "source", "patrol", "casework", "intake", "media", "journal",
                           "report", "notify", "sync"}) {
    EXPECT_TRUE(MayCall(area, kGetGround, true)) << area;
    EXPECT_FALSE(MayCall(area, kGetGround, false)) << area;
  }
  EXPECT_FALSE(MayCall("gateway", kGetGround, true));
}

TEST(AllowedCalls, NobodySpeaksForItselfWhereUsersAreServed) {
  EXPECT_FALSE(MayCall("casework", kLocatePoint, true));
  EXPECT_FALSE(MayCall("gateway", kSignOff, true));
  EXPECT_FALSE(MayCall("all", kSignOff, true));
}

TEST(AllowedCalls, TheGatewayBringsPublicCallsOnly) {
  EXPECT_TRUE(MayCall("gateway", kSignOff, false));
  EXPECT_TRUE(MayCall("gateway", "gridwarden.identity.v1.IdentityService/SignIn", false));
  for (const char* internal :
       {kGetGround, kReadFeed, "gridwarden.identity.v1.IdentityInternalService/GetAccess"}) {
    EXPECT_FALSE(MayCall("gateway", internal, false)) << internal;
    EXPECT_FALSE(MayCall("gateway", internal, true)) << internal;
  }
  EXPECT_FALSE(MayCall("gateway", "gridwarden.casework.v1.CaseworkService/NoSuch", false));
  EXPECT_FALSE(MayCall("gateway", "", false));
}

TEST(AllowedCalls, AProcessOfSeveralAreasMayWhatAnyOfThemMay) {
  EXPECT_TRUE(MayCall("all", kReadFeed, true));
  EXPECT_TRUE(MayCall("all", kLocatePoint, false));
  EXPECT_TRUE(MayCall("all", kSignOff, false));
  EXPECT_FALSE(MayCall("all", kReadFeed, false));
}

TEST(AllowedCalls, AStrangersNameOpensNothing) {
  for (const char* name : {"", "*", "kAnyArea", "Casework", "casework2"}) {
    for (const char* method : {kGetGround, kReadFeed, kLocatePoint, kSignOff}) {
      EXPECT_FALSE(MayCall(name, method, true)) << name;
      EXPECT_FALSE(MayCall(name, method, false)) << name;
    }
  }
}

}  // namespace
}  // namespace gridwarden::server
