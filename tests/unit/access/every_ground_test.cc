#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "access/permission.h"
#include "base/status.h"
#include "gtest/gtest.h"
#include "unit/domain/ground_builder.h"

// Every rpc of the table with a ground x every kind of post x every relation of the caller's ground to the
// resource's: own, below, above, sibling, another county, another city. What is allowed is said once more
// here, by names of places instead of trees.
namespace gridwarden::access {
namespace {

using domain::Level;
using domain::PostKind;
using testing::IdOf;

constexpr int kKinds = static_cast<int>(PostKind::kGridInspector);

// Two cities; each place says by its name where it lies.
struct Place {
  const char* name;
  const char* parent;
  Level level;
};
constexpr Place kPlaces[] = {
    {"a", "", Level::kCity},
    {"a/1", "a", Level::kCounty},
    {"a/2", "a", Level::kCounty},
    {"a/1/1", "a/1", Level::kTownship},
    {"a/1/2", "a/1", Level::kTownship},
    {"a/1/1/1", "a/1/1", Level::kVillage},
    {"b", "", Level::kCity},
    {"b/1", "b", Level::kCounty},
    {"b/1/1", "b/1", Level::kTownship},
};

std::string PersonOf(const Place& place, int kind) {
  return std::string(place.name) + " " + std::to_string(kind);
}

// One post of every kind at every place, each held by somebody of its own.
const domain::Ground& TwoCities() {
  static const auto ground = [] {
    testing::GroundBuilder builder;
    for (const Place& place : kPlaces) {
      builder.AddDivision(place.name, place.parent, place.level);
      for (int kind = 1; kind <= kKinds; ++kind)
        builder.AddPost(PersonOf(place, kind), static_cast<PostKind>(kind), place.name,
                        PersonOf(place, kind));
    }
    return builder.Build();
  }();
  return *ground;
}

bool LiesWithin(const std::string& place, const std::string& above) {
  return place == above || place.starts_with(above + "/");
}

TEST(EveryGround, IsDecidedByKindLevelAndWhetherThePostStandsAtThePlaceOrAboveIt) {
  int64_t asked = 0, allowed = 0;
  for (const Permission& row : Permissions()) {
    if (row.scope != Scope::kSubtree) continue;
    if (row.who != Who::kPosts && row.who != Who::kPostsOrAdministrator) continue;
    rpc::Call call;
    call.method = std::string(row.method);
    call.now = absl::FromUnixSeconds(1790000000);
    for (const Place& place : kPlaces) {
      for (int kind = 1; kind <= kKinds; ++kind) {
        call.principal.account = IdOf("account");
        call.principal.person = IdOf(PersonOf(place, kind));
        for (const char* resource : {"a", "a/1", "a/1/1", "a/1/1/1"}) {
          const bool right_kind = (row.kinds >> kind & 1) != 0;
          const bool right_level = row.levels == 0 || (row.levels >> static_cast<int>(place.level) & 1) != 0;
          const bool want = right_kind && right_level && LiesWithin(resource, place.name);
          const absl::StatusOr<Acting> got = AllowAt(TwoCities(), call, IdOf(resource));
          ++asked;
          allowed += want;
          ASSERT_EQ(got.ok(), want) << row.method << " by kind " << kind << " at " << place.name << " on "
                                    << resource;
          if (!want) {
            ASSERT_EQ(ReasonOf(got.status()), "NOT_ALLOWED");
            continue;
          }
          ASSERT_EQ(got->post, IdOf(PersonOf(place, kind)));
          ASSERT_EQ(got->division, IdOf(place.name));
        }
      }
    }
  }
  // More than a hundred rpcs stand on ground; a table that lost its rows would pass in silence.
  EXPECT_GT(asked, 100 * 9 * kKinds * 4 / 2);
  EXPECT_GT(allowed, 1000);
}

}  // namespace
}  // namespace gridwarden::access
