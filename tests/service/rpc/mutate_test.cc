#include "platform/rpc/mutate.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gtest/gtest.h"
#include "support/test_database.h"

// Exactly once, on the real database. feed_cursor stands in for an area's table.
namespace gridwarden::rpc {
namespace {

using grid::v1::CreateUnitRequest;
using grid::v1::Unit;

class Mutation : public ::testing::Test {
 protected:
  static testing::TestDatabase& Db() {
    static testing::TestDatabase database;
    return database;
  }
  void SetUp() override {
    Db().Clear();
    call_.principal.account = Uuid::Derive(Uuid(), "caller");
    call_.method = "gridwarden.grid.v1.GridService/CreateUnit";
    call_.now = absl::FromUnixSeconds(1'790'000'000);
    call_.deadline = absl::Now() + absl::Seconds(20);
    request_.set_request_id(Uuid::Derive(Uuid(), "request").ToString());
    request_.mutable_unit()->set_display_name("住建局");
  }

  // Adds one row named by the unit and answers with the number of the attempt.
  absl::StatusOr<Unit> Create(const CreateUnitRequest& request, const Call& call) {
    return Mutate<Unit>(*Db(), call, request, [&](db::Transaction& tx) -> absl::StatusOr<Unit> {
      Unit unit = request.unit();
      unit.set_name("attempt " + std::to_string(++bodies_));
      GW_RETURN_IF_ERROR(tx.Exec("INSERT INTO feed_cursor (consumer, next_index) VALUES (?, 0)",
                                 Uuid::Make(absl::Now()).ToString())
                             .status());
      if (fail_) return FailedPrecondition("ILLEGAL_TRANSITION", "not now");
      return unit;
    });
  }
  std::string Rows() { return Db().Ask("SELECT COUNT(*) FROM feed_cursor"); }

  Call call_;
  CreateUnitRequest request_;
  std::atomic<int> bodies_{0};
  bool fail_ = false;
};

TEST_F(Mutation, HappensOnceHoweverOftenItIsSent) {
  const auto first = Create(request_, call_);
  ASSERT_TRUE(first.ok()) << first.status();
  for (int i = 0; i < 3; ++i) {
    const auto again = Create(request_, call_);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->name(), first->name());
  }
  EXPECT_EQ(Rows(), "1");
}

TEST_F(Mutation, GivesTheFirstAnswerEvenWhenTheStateHasMovedOn) {
  const auto first = Create(request_, call_);
  fail_ = true;
  const auto again = Create(request_, call_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->name(), first->name());
}

TEST_F(Mutation, RefusesAnIdThatWasUsedForAnotherPayload) {
  ASSERT_TRUE(Create(request_, call_).ok());
  request_.mutable_unit()->set_display_name("城管局");
  const absl::Status status = Create(request_, call_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(status), "REQUEST_ID_REUSED");
  EXPECT_EQ(Rows(), "1");
}

TEST_F(Mutation, RefusesAnIdThatWasUsedForAnotherMethod) {
  ASSERT_TRUE(Create(request_, call_).ok());
  call_.method = "gridwarden.grid.v1.GridService/CreatePost";
  EXPECT_EQ(ReasonOf(Create(request_, call_).status()), "REQUEST_ID_REUSED");
}

TEST_F(Mutation, NeverGivesOneCallersAnswerToAnother) {
  ASSERT_TRUE(Create(request_, call_).ok());
  call_.principal.account = Uuid::Derive(Uuid(), "somebody else");
  EXPECT_EQ(ReasonOf(Create(request_, call_).status()), "REQUEST_ID_REUSED");
}

TEST_F(Mutation, LeavesNothingBehindWhenItIsRefusedAndMayBeTriedAgain) {
  fail_ = true;
  EXPECT_EQ(ReasonOf(Create(request_, call_).status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(Rows(), "0");
  fail_ = false;
  EXPECT_TRUE(Create(request_, call_).ok());
  EXPECT_EQ(Rows(), "1");
}

TEST_F(Mutation, HappensOnceWhenSentByManyAtTheSameMoment) {
  std::vector<std::string> names(8);
  std::vector<std::thread> threads;
  for (std::string& name : names) {
    threads.emplace_back([&] {
      const auto answer = Create(request_, call_);
      name = answer.ok() ? answer->name() : std::string(answer.status().message());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Rows(), "1");
  for (const std::string& name : names) EXPECT_EQ(name, names[0]);
}

TEST_F(Mutation, WantsAUuidAsRequestId) {
  request_.set_request_id("again");
  const absl::Status status = Create(request_, call_).status();
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
  EXPECT_EQ(FactsOf(status)->fields[0].field, "request_id");
}

TEST_F(Mutation, KeepsTheReceiptWithItsMethodAndTime) {
  ASSERT_TRUE(Create(request_, call_).ok());
  EXPECT_EQ(Db().Ask("SELECT CONCAT(method, ' ', created_us, ' ', LENGTH(digest)) FROM op_receipt"),
            "gridwarden.grid.v1.GridService/CreateUnit 1790000000000000 32");
}

}  // namespace
}  // namespace gridwarden::rpc
