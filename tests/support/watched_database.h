#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "platform/db/database.h"

namespace gridwarden::testing {

// A database that shows a test every statement before it runs. An error the test answers is what the
// statement answers, and the transaction rolls back: the n-th failure of anything (guarantees.md T9).
class WatchedDatabase final : public db::Database {
 public:
  using Before = std::function<absl::Status(std::string_view sql, std::span<const db::Value> values)>;

  WatchedDatabase(db::Database& inner, Before before) : inner_(inner), before_(std::move(before)) {}

  using db::Database::Run;
  absl::Status Run(const db::RunOptions& options,
                   const std::function<absl::Status(db::Transaction&)>& body) override {
    return inner_.Run(options, [&](db::Transaction& inner) -> absl::Status {
      Watched tx(inner, before_);
      return body(tx);
    });
  }

 private:
  class Watched final : public db::Transaction {
   public:
    Watched(db::Transaction& inner, const Before& before) : inner_(inner), before_(before) {}
    absl::StatusOr<uint64_t> ExecValues(std::string_view sql, std::span<const db::Value> values) override {
      GW_RETURN_IF_ERROR(before_(sql, values));
      return inner_.ExecValues(sql, values);
    }
    absl::Status QueryValues(std::string_view sql, std::span<const db::Value> values,
                             const std::function<void(const db::Row&)>& each) override {
      GW_RETURN_IF_ERROR(before_(sql, values));
      return inner_.QueryValues(sql, values, each);
    }
    void AfterCommit(std::function<void()> then) override { inner_.AfterCommit(std::move(then)); }

   private:
    db::Transaction& inner_;
    const Before& before_;
  };

  db::Database& inner_;
  const Before before_;
};

}  // namespace gridwarden::testing
