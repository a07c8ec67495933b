#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "support/statement_plan.h"
#include "support/test_city.h"
#include "support/test_database.h"
#include "sync/change_repository.h"
#include "sync/pull_repository.h"

// How MariaDB would run what a pull and the fold send, over a city with many records.
namespace gridwarden::sync {
namespace {

using testing::City;
using testing::PlanPart;

testing::TestDatabase& Database() {
  static testing::TestDatabase* database = new testing::TestDatabase();
  return *database;
}

class PullPlan : public ::testing::Test {
 protected:
  // 40,000 records over 40 townships, one in ten closed, and a bureau that handles every twentieth.
  static void SetUpTestSuite() {
    Database().Exec(
        "INSERT INTO sync_record SELECT UNHEX(MD5(seq)), 1 + seq % 4, UNHEX(MD5(seq % 40)), UNHEX(MD5(seq % "
        "40)), 1, seq, "
        "seq % 10 <> 0, IF(seq % 10 = 0, seq, NULL), NULL FROM seq_1_to_40000");
    Database().Exec(absl::StrCat("INSERT INTO sync_interest SELECT IF(seq % 40 = 0, x'",
                                 absl::BytesToHexString(City().townships[0][0].Bytes()),
                                 "', UNHEX(MD5(seq % 40))), UNHEX(MD5(seq)), IF(seq % 40 = 0, x'",
                                 absl::BytesToHexString(City().ground->PathKey(City().villages[0][0][0])),
                                 "', UNHEX(MD5(seq % 40))), 1, 1 + seq % 4, 1, seq, seq, seq, NULL, seq % 10 "
                                 "<> 0, IF(seq % 10 = 0, seq, NULL) "
                                 "FROM seq_1_to_40000"));
    Database().Exec(
        absl::StrCat("INSERT INTO sync_interest SELECT x'", absl::BytesToHexString(City().bureaus[0].Bytes()),
                     "', UNHEX(MD5(seq)), UNHEX(MD5(seq % 40)), 0, 1 + seq % 4, 1, seq, seq, seq, NULL, "
                     "seq % 10 <> 0, IF(seq % 10 = 0, seq, NULL) FROM seq_1_to_40000 WHERE seq % 20 = 0"));
    Database().Ask("ANALYZE TABLE sync_record, sync_interest");
  }
  static Scope OfVillage() {
    Scope scope;
    scope.grounds = {City().ground->PathKey(City().villages[0][0][0])};
    scope.areas = {City().townships[0][0]};
    scope.assignees = {Uuid::Derive(City().city, "a post")};
    return scope;
  }
  static Scope OfBureau() {
    Scope scope;
    scope.assignees = {City().bureaus[0], Uuid::Derive(City().city, "a post")};
    return scope;
  }
  // Each table is reached through one of the keys, and nothing is read whole.
  static void ExpectOnly(const std::vector<PlanPart>& parts, const std::vector<std::string>& keys) {
    int of_ours = 0;
    for (const PlanPart& part : parts) {
      if (part.table != "sync_interest" && part.table != "sync_record") continue;
      ++of_ours;
      EXPECT_TRUE(part.type == "range" || part.type == "ref" || part.type == "const" || part.type == "eq_ref")
          << part.type << ": " << part.sql;
      EXPECT_NE(std::find(keys.begin(), keys.end(), part.key), keys.end()) << part.key << ": " << part.sql;
    }
    EXPECT_GT(of_ours, 0);
  }
};

TEST_F(PullPlan, WhatChangedIsARangeOfTheHoldersOwnKey) {
  const Cursor cursor{.next = 39'000, .first = false};
  for (const Scope& scope : {OfVillage(), OfBureau()}) {
    ExpectOnly(testing::PlansOf(
                   *Database(),
                   [&](db::Transaction& tx) { return ReadChanges(tx, scope, cursor, 100, 200).status(); }),
               {"sync_changed", "sync_closed"});
  }
}

TEST_F(PullPlan, TheFirstPagesReadWhatIsOpenAndWhatWasClosedLately) {
  Cursor cursor;
  cursor.base = 40'000;
  for (const Scope& scope : {OfVillage(), OfBureau()}) {
    ExpectOnly(testing::PlansOf(
                   *Database(),
                   [&](db::Transaction& tx) { return ReadChanges(tx, scope, cursor, 39'900, 200).status(); }),
               {"sync_open", "sync_changed", "sync_closed"});
  }
}

TEST_F(PullPlan, TheDigestAddsUpOpenRowsOfTheHolderOnly) {
  for (const Scope& scope : {OfVillage(), OfBureau()}) {
    DigestSum sum;
    ExpectOnly(testing::PlansOf(*Database(),
                                [&](db::Transaction& tx) -> absl::Status {
                                  GW_ASSIGN_OR_RETURN(sum, SumOpen(tx, scope, Cursor()));
                                  return absl::OkStatus();
                                }),
               {"sync_open"});
  }
}

TEST_F(PullPlan, OneRecordIsReadAndWrittenByItsKey) {
  ExpectOnly(testing::PlansOf(*Database(),
                              [&](db::Transaction& tx) -> absl::Status {
                                const Uuid id = Uuid::Derive(City().city, "none");
                                GW_RETURN_IF_ERROR(ReadRecord(tx, id).status());
                                GW_RETURN_IF_ERROR(FindRecord(tx, v1::Record::CASE, id).status());
                                GW_RETURN_IF_ERROR(ReadHeld(tx, OfVillage(), {id, id}).status());
                                return WasAssigned(tx, id, {id}).status();
                              }),
             {"PRIMARY"});
}

}  // namespace
}  // namespace gridwarden::sync
