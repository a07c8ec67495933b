#include "grid/division_repository.h"

#include <set>

#include "domain/ground/division_change.h"
#include "grid/grid_change.h"
#include "grid/ground_cache.h"
#include "gtest/gtest.h"
#include "support/test_city.h"
#include "support/test_database.h"

namespace gridwarden::grid {
namespace {

const testing::TestCity& City() { return testing::City(); }
const absl::Time kNow = absl::FromUnixSeconds(1790000000);
const absl::Time kThen = kNow - absl::Hours(24 * 30);

class DivisionRepositoryTest : public ::testing::Test {
 protected:
  DivisionRepositoryTest() {
    const absl::Status stored = City().Store(*database_);
    if (!stored.ok()) ADD_FAILURE() << stored;
  }

  absl::Status Change(absl::Time now,
                      const std::function<absl::Status(db::Transaction&, GridChange&, DivisionRow)>& what) {
    const rpc::Call call = rpc::Call::System("test", now);
    return database_->Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, {}, ""));
      GW_ASSIGN_OR_RETURN(const std::vector<DivisionRow> rows,
                          LockDivisions(tx, std::span<const Uuid>(&village_, 1)));
      if (rows.size() != 1) return Internal("not one row");
      GW_RETURN_IF_ERROR(what(tx, change, rows[0]));
      return change.Save();
    });
  }
  domain::Division Read() {
    GroundCache cache(*database_);
    const auto ground = cache.Fresh(absl::InfiniteFuture());
    return ground.ok() ? *(*ground)->FindDivision(village_) : domain::Division();
  }

  const Uuid village_ = City().villages[0][0][0];
  testing::TestDatabase database_;
};

TEST_F(DivisionRepositoryTest, PlacesNamesCodesAndTheEndAreReadAsTheyWereWritten) {
  domain::Division want;
  ASSERT_TRUE(Change(kNow, [&](db::Transaction&, GridChange& change, DivisionRow row) -> absl::Status {
                domain::Move(row.record, City().townships[0][1], kThen, kNow);
                domain::Rename(row.record, "新名村", kThen);
                domain::Recode(row.record, "990102999999", kThen);
                domain::End(row.record, kNow, kNow);
                want = row.record;
                return change.Change(row).status();
              }).ok());
  const domain::Division got = Read();
  EXPECT_EQ(got.display_name, "新名村");
  EXPECT_EQ(got.parent, City().townships[0][1]);
  EXPECT_EQ(got.valid.to, kNow);
  ASSERT_EQ(got.placements.size(), want.placements.size());
  for (size_t i = 0; i < want.placements.size(); ++i) {
    EXPECT_EQ(got.placements[i].parent, want.placements[i].parent);
    EXPECT_EQ(got.placements[i].valid.from, want.placements[i].valid.from);
    EXPECT_EQ(got.placements[i].valid.to, want.placements[i].valid.to);
    EXPECT_EQ(got.placements[i].recorded, want.placements[i].recorded);
    EXPECT_EQ(got.placements[i].revoked, want.placements[i].revoked);
  }
  ASSERT_EQ(got.codes.size(), 2u);
  EXPECT_EQ(got.codes[0].valid.to, kThen);
  EXPECT_EQ(got.codes[1].valid.to, kNow);
  ASSERT_EQ(got.former_names.size(), 1u);
  EXPECT_EQ(got.former_names[0].valid.to, kThen);
}

TEST_F(DivisionRepositoryTest, WhatIsTakenBackIsNotReadAndTheNextOneTakesItsPlace) {
  const auto rename = [](const std::string& name, absl::Time at) {
    return [=](db::Transaction&, GridChange& change, DivisionRow row) -> absl::Status {
      domain::Rename(row.record, name, at);
      domain::Recode(row.record, "99010299999" + std::to_string(name.size() % 10), at);
      return change.Change(row).status();
    };
  };
  const std::string before = Read().display_name;
  ASSERT_TRUE(Change(kNow, rename("甲村", kThen)).ok());
  ASSERT_TRUE(Change(kNow, [](db::Transaction&, GridChange& change, DivisionRow row) -> absl::Status {
                domain::UndoRename(row.record, kThen);
                domain::UndoRecode(row.record, kThen);
                return change.Change(row).status();
              }).ok());
  EXPECT_EQ(Read().display_name, before);
  EXPECT_EQ(Read().codes.size(), 1u);
  EXPECT_TRUE(Read().former_names.empty());
  ASSERT_TRUE(Change(kNow, rename("长乐村", kNow)).ok());
  EXPECT_EQ(Read().former_names.size(), 1u);
  EXPECT_EQ(Read().codes.size(), 2u);
  EXPECT_EQ(Read().codes[1].valid.from, kNow);
}

TEST_F(DivisionRepositoryTest, AChangeDecidedByAnOldStateIsNotSaved) {
  const absl::Status status =
      Change(kNow, [](db::Transaction&, GridChange& change, DivisionRow row) -> absl::Status {
        row.subject.seq += 5;
        return change.Change(row).status();
      });
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
}

TEST_F(DivisionRepositoryTest, LinksAreReadPieceByPieceExactlyOnceAndOnceMoreWhenWithdrawn) {
  domain::Lineage link;
  link.id = Uuid::Make(kNow);
  link.from = village_;
  link.to = City().villages[0][0][1];
  link.kind = domain::LineageKind::kMerge;
  link.share = 0.25;
  link.effective = kThen;
  link.document_no = "测政〔2026〕1号";
  for (int i = 0; i < 5; ++i) {
    link.id = Uuid::Make(kNow);
    ASSERT_TRUE(Change(kNow, [&](db::Transaction&, GridChange& change, DivisionRow) {
                  return change.Add(link).status();
                }).ok());
  }
  int64_t after = 0;
  const auto read = [&] {
    std::multiset<std::string> names;
    for (bool complete = false; !complete;) {
      EXPECT_TRUE(database_
                      ->Read(absl::InfiniteFuture(),
                             [&](db::Transaction& tx) -> absl::Status {
                               GW_ASSIGN_OR_RETURN(const v1::GetGroundResponse piece,
                                                   ReadGround(tx, after, 3));
                               for (const v1::Lineage& lineage : piece.lineages())
                                 names.insert(lineage.name());
                               after = piece.revision();
                               complete = piece.complete();
                               return absl::OkStatus();
                             })
                      .ok());
    }
    return names;
  };
  EXPECT_EQ(read().size(), 5u);
  EXPECT_TRUE(read().empty());
  ASSERT_TRUE(Change(kNow + absl::Hours(1),
                     [&](db::Transaction& tx, GridChange& change, DivisionRow) -> absl::Status {
                       GW_ASSIGN_OR_RETURN(const std::vector<LineageRow> rows,
                                           LockLineages(tx, std::span<const Uuid>(&link.id, 1)));
                       return change.Revoke(rows.at(0)).status();
                     })
                  .ok());
  EXPECT_EQ(read(), (std::multiset<std::string>{ResourceName("lineages", link.id)}));
  GroundCache cache(*database_);
  const auto ground = cache.Fresh(absl::InfiniteFuture());
  ASSERT_TRUE(ground.ok());
  const std::vector<const domain::Lineage*> links = (*ground)->LineagesFrom(village_);
  ASSERT_EQ(links.size(), 5u);
  const auto withdrawn =
      std::find_if(links.begin(), links.end(), [&](const domain::Lineage* l) { return l->id == link.id; });
  EXPECT_EQ((*withdrawn)->revoked, kNow + absl::Hours(1));
  EXPECT_EQ((*withdrawn)->share, 0.25);
  EXPECT_EQ((*withdrawn)->document_no, link.document_no);
}

}  // namespace
}  // namespace gridwarden::grid
