#include "platform/rpc/deadline.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gtest/gtest.h"
#include "platform/rpc/retry_budget.h"
#include "platform/rpc/server.h"

// How long a call may take and how often it is sent, over real sockets.
namespace gridwarden::rpc {
namespace {

using grid::v1::Division;
using grid::v1::GetDivisionRequest;
using grid::v1::ImportRequest;
using type::v1::ImportReport;

constexpr char kGetDivision[] = "gridwarden.grid.v1.GridService/GetDivision";
constexpr char kImportPersons[] = "gridwarden.grid.v1.GridService/ImportPersons";

class Hops : public ::testing::Test {
 protected:
  Hops() {
    registry_.Add<GetDivisionRequest, Division>(
        kGetDivision,
        [this](const Call& call, const GetDivisionRequest& request) -> absl::StatusOr<Division> {
          Note(call);
          if (request.name() == "busy") return Unavailable("LOST_RACE", "come back", absl::Seconds(1));
          if (request.name() == "slow") release_.wait();
          if (request.name() == "busy, then slow") {
            if (!busy_told_.exchange(true)) return Unavailable("LOST_RACE", "come back", absl::Seconds(1));
            release_.wait();
          }
          if (request.name() == "outer") {
            auto answer = Send<Division>(*channel_, call, kGetDivision, Named("slow"));
            std::lock_guard lock(mutex_);
            left_ = call.deadline - absl::Now();
            changed_.notify_all();
            return answer;
          }
          return Division();
        });
    registry_.Add<ImportRequest, ImportReport>(
        kImportPersons, [this](const Call& call, const ImportRequest&) -> absl::StatusOr<ImportReport> {
          Note(call);
          return ImportReport();
        });
    server_ = std::make_unique<Server>(
        registry_, [](std::string_view, absl::Time) { return Principal{}; },
        [](const Call&) { return absl::OkStatus(); }, clock_, ServerOptions{});
    channel_ = DialNetwork("127.0.0.1:" + std::to_string(server_->Listen("127.0.0.1:0").value()));
  }

  void Note(const Call& call) {
    std::lock_guard lock(mutex_);
    deadlines_.push_back(call.deadline);
  }
  static GetDivisionRequest Named(const std::string& name) {
    GetDivisionRequest request;
    request.set_name(name);
    return request;
  }
  static Envelope Of(const std::string& method, const google::protobuf::Message& request,
                     absl::Time deadline = absl::Time()) {
    return {.method = method, .body = request.SerializeAsString(), .token = "x", .deadline = deadline};
  }
  // What the body of this call was given, from now.
  absl::Duration TimeOf(const Envelope& envelope) {
    const absl::Time start = absl::Now();
    channel_->Send(envelope).status().IgnoreError();
    std::lock_guard lock(mutex_);
    EXPECT_FALSE(deadlines_.empty());
    return deadlines_.empty() ? absl::ZeroDuration() : deadlines_.back() - start;
  }

  SystemClock clock_;
  Registry registry_;
  std::promise<void> released_;
  std::shared_future<void> release_ = released_.get_future().share();
  std::atomic<bool> busy_told_{false};
  std::mutex mutex_;  // guards what follows
  std::vector<absl::Time> deadlines_;
  std::condition_variable changed_;
  std::optional<absl::Duration> left_;  // of the outer call, when it knew that the slow one did not come
  std::unique_ptr<Server> server_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(Hops, ACallWithoutADeadlineHasFiveSecondsAndAnExportAMinute) {
  const absl::Duration call = TimeOf(Of(kGetDivision, Named("divisions/1")));
  EXPECT_GT(call, absl::Seconds(4));
  EXPECT_LT(call, absl::Seconds(6));
  ImportRequest request;
  request.set_request_id(Uuid::Make(absl::Now()).ToString());
  request.set_content("x");
  const absl::Duration import = TimeOf(Of(kImportPersons, request));
  EXPECT_GT(import, absl::Seconds(55));
  EXPECT_LT(import, absl::Seconds(61));
}

TEST_F(Hops, NoCallLastsLongerThanTenMinutes) {
  const absl::Duration call = TimeOf(Of(kGetDivision, Named("divisions/1"), absl::Now() + absl::Hours(5)));
  EXPECT_GT(call, absl::Minutes(9));
  EXPECT_LT(call, absl::Minutes(11));
}

// Over the network the called may be told a little more (gRPC rounds, and repeats what it sent before), but
// the caller waits no longer than that. A busy machine may use up the 50 ms once or twice.
TEST_F(Hops, EachHopLeavesItsCallerFiftyMilliseconds) {
  absl::Duration most = -absl::InfiniteDuration();
  for (int i = 0; i < 10 && most <= absl::ZeroDuration(); ++i) {
    channel_->Send(Of(kGetDivision, Named("outer"), absl::Now() + absl::Milliseconds(400)))
        .status()
        .IgnoreError();
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [this] { return left_.has_value(); }));
    most = std::max(most, *std::exchange(left_, std::nullopt));
  }
  released_.set_value();
  EXPECT_GT(most, absl::ZeroDuration()) << "the called was waited for to the end";
  EXPECT_LE(most, kHop + absl::Milliseconds(20));
}

TEST_F(Hops, TheGatewaysHopIsAtMostHalfOfAShortTimeout) {
  EXPECT_EQ(LessAHop(absl::Seconds(5)), absl::Milliseconds(4950));
  EXPECT_EQ(LessAHop(absl::Milliseconds(60)), absl::Milliseconds(30));
  EXPECT_EQ(LessAHop(absl::ZeroDuration()), absl::ZeroDuration());
}

// When everything fails, a channel brings a tenth more and not three times as much.
TEST_F(Hops, AChannelStopsSendingAgainWhenItsBudgetIsSpent) {
  constexpr int kCalls = 100;
  for (int i = 0; i < kCalls; ++i) {
    EXPECT_EQ(channel_->Send(Of(kGetDivision, Named("busy"))).status().code(),
              absl::StatusCode::kUnavailable);
  }
  std::lock_guard lock(mutex_);
  const int sent = static_cast<int>(deadlines_.size());
  EXPECT_GT(sent, kCalls);
  EXPECT_LE(sent, kCalls + RetryBudget::kBurst + kCalls / 10);
}

TEST_F(Hops, ACallIsSentThreeTimesAtMost) {
  channel_->Send(Of(kGetDivision, Named("busy"))).status().IgnoreError();
  std::lock_guard lock(mutex_);
  EXPECT_EQ(deadlines_.size(), 3u);
}

// The photo store was away, each attempt took its time, and the caller was told only that time was up.
TEST_F(Hops, TimeThatRunsOutOverASecondAttemptIsToldAsWhatTheFirstOneSaid) {
  const absl::Status status =
      channel_->Send(Of(kGetDivision, Named("busy, then slow"), absl::Now() + absl::Milliseconds(600)))
          .status();
  released_.set_value();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "LOST_RACE");
}

}  // namespace
}  // namespace gridwarden::rpc
