#include "access/ground_records.h"

#include <gtest/gtest.h>

namespace gridwarden::access {
namespace {

Uuid Id(std::string_view name) { return Uuid::Derive(Uuid(), name); }

void AddDivision(grid::v1::GetGroundResponse& changes, std::string_view id, const std::string& display_name) {
  grid::v1::Division& division = *changes.add_divisions();
  division.set_name(ResourceName("divisions", Id(id)));
  division.set_display_name(display_name);
}

TEST(GroundRecords, ALaterRecordTakesThePlaceOfTheEarlierOneAndTheOthersStay) {
  GroundRecords records;
  grid::v1::GetGroundResponse first;
  AddDivision(first, "a", "甲村");
  AddDivision(first, "b", "乙村");
  first.set_revision(2);
  ASSERT_TRUE(records.Apply(first).ok());
  const std::shared_ptr<const domain::Ground> before = records.Build();
  grid::v1::GetGroundResponse second;
  AddDivision(second, "a", "甲社区");
  AddDivision(second, "c", "丙村");
  second.set_revision(4);
  ASSERT_TRUE(records.Apply(second).ok());
  const std::shared_ptr<const domain::Ground> after = records.Build();
  EXPECT_EQ(records.revision(), 4);
  ASSERT_EQ(after->divisions().size(), 3u);
  EXPECT_EQ(after->FindDivision(Id("a"))->display_name, "甲社区");
  EXPECT_EQ(after->FindDivision(Id("b"))->display_name, "乙村");
  EXPECT_EQ(after->FindDivision(Id("c"))->display_name, "丙村");
  EXPECT_EQ(before->divisions().size(), 2u) << "who still reads the earlier value is not disturbed";
  EXPECT_EQ(before->FindDivision(Id("a"))->display_name, "甲村");
}

TEST(GroundRecords, NothingNewIsTheSameValue) {
  GroundRecords records;
  grid::v1::GetGroundResponse changes;
  AddDivision(changes, "a", "甲村");
  ASSERT_TRUE(records.Apply(changes).ok());
  const std::shared_ptr<const domain::Ground> ground = records.Build();
  ASSERT_TRUE(records.Apply(grid::v1::GetGroundResponse()).ok());
  EXPECT_EQ(records.Build(), ground);
}

TEST(GroundRecords, ARecordThatCannotBeReadLosesNoneOfTheOthers) {
  GroundRecords records;
  grid::v1::GetGroundResponse good, bad;
  AddDivision(good, "a", "甲村");
  ASSERT_TRUE(records.Apply(good).ok());
  bad.add_divisions()->set_name("divisions/not-an-id");
  EXPECT_FALSE(records.Apply(bad).ok());
  EXPECT_NE(records.Build()->FindDivision(Id("a")), nullptr);
}

}  // namespace
}  // namespace gridwarden::access
