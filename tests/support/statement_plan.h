#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "platform/db/database.h"
#include "support/watched_database.h"

// How MariaDB would run the statements that repository functions really send.
namespace gridwarden::testing {

// One table of one statement, as EXPLAIN says.
struct PlanPart {
  std::string sql;
  std::string table;
  std::string type;   // "const", "ref", "range"; "ALL" and "index" read everything
  std::string key;    // "" = none
  std::string extra;  // "Using filesort" and the like
};

// Runs `body` and answers the plan of each SELECT, UPDATE and DELETE it sent, in order.
inline std::vector<PlanPart> PlansOf(db::Database& database,
                                     const std::function<absl::Status(db::Transaction&)>& body) {
  struct Sent {
    std::string sql;
    std::vector<db::Value> values;
  };
  std::vector<Sent> sent;
  WatchedDatabase watched(database, [&](std::string_view sql, std::span<const db::Value> values) {
    sent.push_back({std::string(sql), {values.begin(), values.end()}});
    return absl::OkStatus();
  });
  const absl::Status ran = watched.Run(body);
  EXPECT_TRUE(ran.ok()) << ran;
  std::vector<PlanPart> parts;
  for (const Sent& one : sent) {
    if (one.sql.find("INSERT") != std::string::npos) continue;
    const absl::Status status = database.Run([&](db::Transaction& tx) {
      return tx.QueryValues("EXPLAIN " + one.sql, one.values, [&](const db::Row& row) {
        parts.push_back({one.sql, row.OptText(2).value_or(""), row.OptText(3).value_or(""),
                         row.OptText(5).value_or(""), row.OptText(9).value_or("")});
      });
    });
    EXPECT_TRUE(status.ok()) << status << "\n" << one.sql;
  }
  return parts;
}

// Fails for each statement that reads a whole table or sorts what a key could give in order.
inline void ExpectKeysServe(const std::vector<PlanPart>& parts) {
  EXPECT_FALSE(parts.empty());
  for (const PlanPart& part : parts) {
    EXPECT_NE(part.type, "ALL") << part.table << ": " << part.sql;
    EXPECT_NE(part.type, "index") << part.table << ": " << part.sql;
    EXPECT_EQ(part.extra.find("filesort"), std::string::npos) << part.table << ": " << part.sql;
  }
}

}  // namespace gridwarden::testing
