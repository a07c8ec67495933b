#include "patrol/draw_repository.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "support/shared_database.h"
#include "support/statement_plan.h"
#include "support/test_city.h"

namespace gridwarden::patrol {
namespace {

using testing::City;
using testing::SharedDatabase;

class DrawRepository : public ::testing::Test {
 protected:
  DrawRepository() { SharedDatabase().Clear(); }
  static absl::Status Run(const std::function<absl::Status(db::Transaction&)>& body) {
    return SharedDatabase()->Run(body);
  }
  static DrawRow NewDraw(int i) {
    DrawRow draw;
    draw.id = Uuid::Derive(City().city, absl::StrCat("draw ", i));
    draw.city = City().city;
    draw.division = City().townships[i % 2][i % 3];
    draw.ground_path = City().ground->PathKey(draw.division);
    draw.committed = absl::FromUnixSeconds(1'700'000'000 + i);
    draw.value.set_name(ResourceName("draws", draw.id));
    draw.value.set_state(v1::Draw::COMMITTED);
    draw.commitment = absl::StrCat("gridwarden-draw\t1\n工地", i, "\n");
    draw.subject = {.id = draw.id, .seq = 1, .leaf = std::string(32, 'l')};
    return draw;
  }
};

TEST_F(DrawRepository, KeepsTheTextToTheByteAndNeverWritesTheCommitmentAgain) {
  DrawRow draw = NewDraw(1);
  draw.commitment +=
      "一\t\xf0\x9f\x8f\xad \r \n";  // beyond the basic plane, a blank and a carriage return at the end
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertDraw(tx, draw); }).ok());
  const std::string committed = draw.commitment;
  draw.commitment = "别的\n";
  draw.outcome = "outcome\n";
  draw.value.set_state(v1::Draw::DRAWN);
  draw.subject.seq = 2;
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return SaveDraw(tx, draw); }).ok());
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const DrawRow read, ReadDraw(tx, draw.id));
                EXPECT_EQ(read.commitment, committed);
                EXPECT_EQ(read.outcome, "outcome\n");
                EXPECT_EQ(read.value.state(), v1::Draw::DRAWN);
                EXPECT_EQ(read.value.etag(), "2");
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(ReasonOf(Run([&](db::Transaction& tx) { return SaveDraw(tx, draw); })), "ETAG_MISMATCH");
  EXPECT_EQ(ReasonOf(Run([&](db::Transaction& tx) { return ReadDraw(tx, NewDraw(2).id).status(); })),
            "NOT_FOUND");
}

TEST_F(DrawRepository, NoHotStatementReadsAWholeTable) {
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                for (int i = 0; i < 400; ++i) GW_RETURN_IF_ERROR(InsertDraw(tx, NewDraw(i)));
                return absl::OkStatus();
              }).ok());
  SharedDatabase().Ask("ANALYZE TABLE patrol_draw");
  const DrawRow after = NewDraw(6);
  testing::ExpectKeysServe(testing::PlansOf(*SharedDatabase(), [&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(ReadDraw(tx, after.id).status());
    GW_RETURN_IF_ERROR(LockDraw(tx, after.id).status());
    return ListDrawsBelow(tx, after.ground_path,
                          {after.ground_path, absl::ToUnixMicros(after.committed), after.id}, 5)
        .status();
  }));
}

}  // namespace
}  // namespace gridwarden::patrol
