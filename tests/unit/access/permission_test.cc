#include "access/permission.h"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/test_city.h"

namespace gridwarden::access {
namespace {

using domain::PostKind;

const absl::Time kNow = absl::FromUnixSeconds(1790000000);
constexpr std::string_view kSubtreeMethod =
    "gridwarden.grid.v1.GridService/CreatePost";  // dispatchers or administrator
constexpr std::string_view kOpenMethod = "gridwarden.grid.v1.GridService/GetDivision";       // signed in
constexpr std::string_view kAdminMethod = "gridwarden.grid.v1.GridService/ImportDivisions";  // administrator
constexpr std::string_view kSystemMethod = "gridwarden.grid.v1.GridInternalService/GetGround";  // system
constexpr std::string_view kStaffMethod =
    "gridwarden.grid.v1.GridService/ListPersons";  // any post in its subtree

const testing::TestCity& C() { return testing::City(); }
const domain::Ground& G() { return *C().ground; }

rpc::Call Anonymous(std::string_view method) {
  rpc::Call call;
  call.method = std::string(method);
  call.now = kNow;
  return call;
}

TEST(PermissionTable, IsSortedAndNamesEveryMethodOnce) {
  std::set<std::string_view> seen;
  std::string_view last;
  for (const Permission& row : Permissions()) {
    EXPECT_LT(last, row.method);
    EXPECT_TRUE(seen.insert(row.method).second) << row.method;
    last = row.method;
  }
}

// Every "pkg.Service/Method" of the protos, read from their text: this test links no area.
std::set<std::string> DeclaredMethods() {
  std::set<std::string> methods;
  const std::regex package(R"(^package ([\w.]+);)"), service(R"(^service (\w+) \{)"),
      rpc(R"(^  rpc (\w+)\()");
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(std::string(GW_SOURCE_DIR) + "/proto/gridwarden")) {
    if (file.path().extension() != ".proto") continue;
    std::ifstream in(file.path());
    std::string line, package_name, service_name;
    while (std::getline(in, line)) {
      std::smatch match;
      if (std::regex_search(line, match, package)) package_name = match[1];
      if (std::regex_search(line, match, service)) service_name = match[1];
      if (std::regex_search(line, match, rpc))
        methods.insert(package_name + "." + service_name + "/" + match[1].str());
    }
  }
  return methods;
}

TEST(PermissionTable, HasARowForEveryRpcAndForNothingElse) {
  std::set<std::string> rows;
  for (const Permission& row : Permissions()) rows.insert(std::string(row.method));
  const std::set<std::string> methods = DeclaredMethods();
  EXPECT_GT(methods.size(), 50u);
  EXPECT_THAT(rows, ::testing::ContainerEq(methods));
}

TEST(PermissionTable, AnRpcWithoutARowIsReported) {
  EXPECT_EQ(FindPermission("gridwarden.grid.v1.GridService/NoSuchThing"), nullptr);
  rpc::Call call = C().AdministratorCall(kNow, "gridwarden.grid.v1.GridService/NoSuchThing");
  EXPECT_EQ(AllowCall(G(), call).code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(ScopeOf(G(), call).empty());
}

TEST(AllowCall, AsksForWhatTheRowNames) {
  const rpc::Call patrol = C().CallOf(PostKind::kPatrolOfficer, C().villages[0][0][0], kNow);
  const rpc::Call office = C().CallOf(PostKind::kCampaignOffice, C().townships[1][0], kNow);
  const rpc::Call admin = C().AdministratorCall(kNow);
  rpc::Call system = rpc::Call();
  system.principal.system = true;
  system.now = kNow;
  const auto allowed = [&](rpc::Call call, std::string_view method) {
    call.method = std::string(method);
    return AllowCall(G(), call).ok();
  };
  struct Case {
    std::string_view method;
    bool anonymous, patrol, office, admin, system;
  };
  for (const Case& c :
       {Case{kOpenMethod, false, true, true, true, true},
        Case{kSubtreeMethod, false, false, true, true, true},
        Case{kAdminMethod, false, false, false, true, true},
        Case{kSystemMethod, false, false, false, false, true},
        Case{kStaffMethod, false, true, true, true, true},
        Case{"gridwarden.identity.v1.IdentityService/SignIn", true, true, true, true, true}}) {
    EXPECT_EQ(AllowCall(G(), Anonymous(c.method)).ok(), c.anonymous) << c.method;
    EXPECT_EQ(allowed(patrol, c.method), c.patrol) << c.method;
    EXPECT_EQ(allowed(office, c.method), c.office) << c.method;
    EXPECT_EQ(allowed(admin, c.method), c.admin) << c.method;
    EXPECT_EQ(allowed(system, c.method), c.system) << c.method;
  }
}

TEST(AllowAt, EveryRelationOfTheCallersPostToTheGround) {
  struct Case {
    const char* relation;
    Uuid post_at, resource;
    bool allowed;
  };
  const Uuid own = C().townships[0][0];
  for (const Case& c :
       {Case{"own", own, own, true}, Case{"child", own, C().villages[0][0][1], true},
        Case{"parent", own, C().counties[0], false}, Case{"sibling", own, C().townships[0][1], false},
        Case{"other county", own, C().townships[1][0], false}, Case{"nowhere", own, Uuid(), false},
        Case{"unknown", own, Uuid::Derive(own, "x"), false},
        Case{"city over all", C().city, C().villages[1][2][3], true}}) {
    const rpc::Call call = C().CallOf(PostKind::kCampaignOffice, c.post_at, kNow, kSubtreeMethod);
    const absl::StatusOr<Acting> acting = AllowAt(G(), call, c.resource);
    EXPECT_EQ(acting.ok(), c.allowed) << c.relation;
    if (acting.ok()) {
      EXPECT_EQ(acting->post, C().PostOf(PostKind::kCampaignOffice, c.post_at).id) << c.relation;
      EXPECT_EQ(acting->division, c.post_at) << c.relation;
      EXPECT_FALSE(acting->tenure.IsNil()) << c.relation;
    } else {
      EXPECT_EQ(ReasonOf(acting.status()), "NOT_ALLOWED") << c.relation;
    }
  }
}

TEST(AllowAt, AbsentAndForbiddenSoundTheSame) {
  const rpc::Call call = C().CallOf(PostKind::kCampaignOffice, C().townships[0][0], kNow, kSubtreeMethod);
  EXPECT_EQ(AllowAt(G(), call, C().counties[1]).status().ToString(),
            AllowAt(G(), call, Uuid::Derive(C().city, "absent")).status().ToString());
}

TEST(AllowAt, TheWrongPostOnTheRightGroundIsRefused) {
  for (const PostKind kind : {PostKind::kGridLeader, PostKind::kGridOfficer, PostKind::kPatrolOfficer,
                              PostKind::kSupervisionOfficer}) {
    EXPECT_FALSE(
        AllowAt(G(), C().CallOf(kind, C().townships[0][0], kNow, kSubtreeMethod), C().townships[0][0]).ok());
  }
}

TEST(AllowAt, AnAdministratorNeedsNoPostAndActsInNone) {
  const absl::StatusOr<Acting> acting =
      AllowAt(G(), C().AdministratorCall(kNow, kSubtreeMethod), C().counties[0]);
  ASSERT_TRUE(acting.ok());
  EXPECT_TRUE(acting->post.IsNil());
}

TEST(AllowAt, APostWorksFromTheMomentItIsTakenUntilTheMomentItIsLost) {
  const Uuid township = C().townships[0][1];
  const domain::Post& leader = C().PostOf(PostKind::kGridLeader, township);
  const domain::Tenure* formal =
      G().HolderOf(leader.id, absl::FromUnixSeconds(1700000000), absl::InfiniteFuture());
  // The ground as it will be when the tenure is withdrawn tomorrow.
  std::vector<domain::Tenure> tenures = G().tenures();
  for (domain::Tenure& tenure : tenures) {
    if (tenure.id == formal->id) tenure.revoked = kNow;
  }
  const domain::Ground later(G().divisions(), G().posts(), tenures, {}, G().units());
  const rpc::Call call = C().CallOfPerson(formal->person, kNow, kStaffMethod);
  EXPECT_TRUE(AllowAt(G(), call, township).ok());
  EXPECT_FALSE(AllowAt(later, call, township).ok());
  EXPECT_FALSE(AllowCall(later, call).ok());
  rpc::Call early = call;
  early.now = absl::FromUnixSeconds(1500000000);
  EXPECT_FALSE(AllowAt(G(), early, township).ok());
}

TEST(AllowAssigned, OnlyTheVeryPostOrAPostOfTheVeryUnit) {
  const Uuid village = C().villages[0][0][0];
  const rpc::Call patrol = C().CallOf(PostKind::kPatrolOfficer, village, kNow, kStaffMethod);
  const Uuid own = C().PostOf(PostKind::kPatrolOfficer, village).id;
  EXPECT_EQ(AllowAssigned(G(), patrol, own)->post, own);
  for (const Uuid& other : {C().PostOf(PostKind::kGridOfficer, village).id, C().bureaus[0], Uuid()}) {
    EXPECT_EQ(ReasonOf(AllowAssigned(G(), patrol, other).status()), "NOT_YOUR_TASK");
  }
  const rpc::Call handler =
      C().CallOfPerson(C().PersonIn(C().HandlerOf(C().bureaus[0]).id), kNow, kStaffMethod);
  EXPECT_EQ(AllowAssigned(G(), handler, C().bureaus[0])->post, C().HandlerOf(C().bureaus[0]).id);
  EXPECT_FALSE(AllowAssigned(G(), handler, C().bureaus[1]).ok());
}

TEST(AllowAssigned, AnAdministratorHasNoTasks) {
  EXPECT_FALSE(AllowAssigned(G(), C().AdministratorCall(kNow, kStaffMethod), C().bureaus[0]).ok());
}

TEST(ScopeOf, ShowsExactlyWhatACheckWouldAllow) {
  for (const std::string_view method : {kSubtreeMethod, kStaffMethod, kOpenMethod, kAdminMethod}) {
    std::vector<rpc::Call> calls = {C().AdministratorCall(kNow, method), Anonymous(method)};
    for (const domain::Person& person : G().persons())
      calls.push_back(C().CallOfPerson(person.id, kNow, method));
    for (const rpc::Call& call : calls) {
      const std::vector<std::string> scope = ScopeOf(G(), call);
      for (const domain::Division& division : G().divisions()) {
        const std::string key = G().PathKey(division.id);
        bool listed = false;
        for (const std::string& range : scope) listed |= key.compare(0, range.size(), range) == 0;
        ASSERT_EQ(listed, AllowAt(G(), call, division.id).ok()) << method << " " << division.display_name;
      }
    }
  }
}

TEST(ScopeOf, ASubtreeInsideAnotherIsNotNamedTwice) {
  // One person with the county's and one of its township's desks.
  std::vector<domain::Tenure> tenures = G().tenures();
  domain::Tenure both = *G().HolderOf(C().PostOf(PostKind::kCampaignOffice, C().counties[0]).id, kNow, kNow);
  const Uuid person = both.person;
  both.id = Uuid::Derive(both.id, "second");
  both.post = C().PostOf(PostKind::kCampaignOffice, C().townships[0][2]).id;
  tenures.push_back(both);
  const domain::Ground ground(G().divisions(), G().posts(), tenures, {}, {});
  const rpc::Call call = C().CallOfPerson(person, kNow, kSubtreeMethod);
  EXPECT_EQ(ScopeOf(ground, call), std::vector<std::string>{G().PathKey(C().counties[0])});
  // The nearest post is the one acted in.
  EXPECT_EQ(AllowAt(ground, call, C().villages[0][2][0])->division, C().townships[0][2]);
  EXPECT_EQ(AllowAt(ground, call, C().villages[0][1][0])->division, C().counties[0]);
}

TEST(AssigneesOf, AnswersPostsAndTheirUnits) {
  const domain::Post& desk = C().HandlerOf(C().bureaus[1]);
  const std::vector<Uuid> got = AssigneesOf(G(), C().CallOfPerson(C().PersonIn(desk.id), kNow, kStaffMethod));
  EXPECT_EQ(std::set<Uuid>(got.begin(), got.end()), (std::set<Uuid>{desk.id, C().bureaus[1]}));
  EXPECT_TRUE(AssigneesOf(G(), C().AdministratorCall(kNow, kStaffMethod)).empty());
}

}  // namespace
}  // namespace gridwarden::access
