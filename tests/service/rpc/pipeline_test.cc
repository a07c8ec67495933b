#include <atomic>
#include <future>
#include <stdexcept>
#include <string>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "gtest/gtest.h"
#include "platform/rpc/mutate.h"
#include "platform/rpc/server.h"
#include "support/test_server.h"

// The way of a call, by rpcs that stand in for real ones: over gRPC and in process, the same.
namespace gridwarden::rpc {
namespace {

using grid::v1::Division;
using grid::v1::GetDivisionRequest;
using grid::v1::GetGroundRequest;
using grid::v1::GetGroundResponse;

constexpr char kGetDivision[] = "gridwarden.grid.v1.GridService/GetDivision";
constexpr char kGetGround[] = "gridwarden.grid.v1.GridInternalService/GetGround";
constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

std::string Token() {
  return "account:" + Uuid::Derive(Uuid(), "account").ToString() +
         ":person:" + Uuid::Derive(Uuid(), "person").ToString();
}

Envelope Outside(const std::string& method, const google::protobuf::Message& request,
                 const std::string& token) {
  return {.method = method,
          .body = request.SerializeAsString(),
          .token = token,
          .deadline = absl::Now() + absl::Seconds(20),
          .trace_id = "trace-1"};
}

GetDivisionRequest Named(const std::string& name) {
  GetDivisionRequest request;
  request.set_name(name);
  return request;
}

enum class Way { kInProcess, kNetwork };

class Pipeline : public ::testing::TestWithParam<Way> {
 protected:
  Pipeline() : clock_(absl::FromUnixSeconds(1'790'000'000)) {
    registry_.Add<GetDivisionRequest, Division>(
        kGetDivision,
        [this](const Call& call, const GetDivisionRequest& request) -> absl::StatusOr<Division> {
          if (request.name() == "gone") return NotFound("divisions/gone");
          if (request.name() == "bug") return Internal("SELECT secret FROM staff");
          if (request.name() == "throw") throw std::runtime_error("thrown words");
          if (request.name() == "nested") {
            return Send<Division>(server_->channel(), call, kGetDivision, Named("gone"));
          }
          Division division;
          division.set_name(request.name());
          division.set_display_name(absl::FormatTime(absl::RFC3339_full, call.now, absl::UTCTimeZone()));
          division.set_parent(call.principal.account.ToString());
          return division;
        });
    registry_.Add<GetGroundRequest, GetGroundResponse>(
        kGetGround, [](const Call& call, const GetGroundRequest&) -> absl::StatusOr<GetGroundResponse> {
          GetGroundResponse response;
          response.set_complete(call.principal.system);
          return response;
        });
    Start({});
  }

  void Start(ServerOptions options) {
    network_.reset();
    server_.reset();
    options.executor_threads = 4;
    options.hop_secret = kSecret;
    options.observe = [this](const CallRecord& record) {
      std::lock_guard lock(mutex_);
      records_.push_back(record);
    };
    server_ = std::make_unique<Server>(
        registry_, [](std::string_view token, absl::Time) { return testing::ReadTestToken(token); },
        [this](const Call&) { return allowed_; }, clock_, options);
    if (GetParam() == Way::kNetwork) {
      const absl::StatusOr<int> port = server_->Listen("127.0.0.1:0");
      ASSERT_TRUE(port.ok()) << port.status();
      address_ = "127.0.0.1:" + std::to_string(*port);
      network_ = DialNetwork(address_, {.hop_secret = kSecret});
    }
    server_->SetServing(true);
  }

  Channel& channel() { return network_ ? *network_ : server_->channel(); }
  CallRecord LastRecord() {
    std::lock_guard lock(mutex_);
    return records_.back();
  }

  FakeClock clock_;
  Registry registry_;
  absl::Status allowed_;
  std::mutex mutex_;  // guards records_
  std::vector<CallRecord> records_;
  std::unique_ptr<Server> server_;
  std::string address_;
  std::unique_ptr<Channel> network_;
};

INSTANTIATE_TEST_SUITE_P(BothWays, Pipeline, ::testing::Values(Way::kInProcess, Way::kNetwork),
                         [](const auto& info) {
                           return info.param == Way::kInProcess ? "InProcess" : "Network";
                         });

TEST_P(Pipeline, AnswersACallWithItsCallerAndItsTime) {
  const auto bytes = channel().Send(Outside(kGetDivision, Named("divisions/1"), Token()));
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  Division division;
  ASSERT_TRUE(division.ParseFromString(*bytes));
  EXPECT_EQ(division.display_name(), absl::FormatTime(absl::RFC3339_full, clock_.Now(), absl::UTCTimeZone()));
  EXPECT_EQ(division.parent(), Uuid::Derive(Uuid(), "account").ToString());
  EXPECT_EQ(LastRecord().method, kGetDivision);
  EXPECT_EQ(LastRecord().trace_id, "trace-1");
  EXPECT_EQ(LastRecord().account, Uuid::Derive(Uuid(), "account").ToString());
}

TEST_P(Pipeline, RefusesAMethodThatIsNotServedHere) {
  const auto status =
      channel().Send(Outside("gridwarden.grid.v1.GridService/ListPosts", Named("x"), Token())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
}

TEST_P(Pipeline, RefusesRubbishInPlaceOfARequest) {
  Envelope envelope = Outside(kGetDivision, Named("x"), Token());
  envelope.body = "\xff\xff\xff";
  EXPECT_EQ(ReasonOf(channel().Send(envelope).status()), "MALFORMED_REQUEST");
}

TEST_P(Pipeline, AsksForATokenBeforeItLooksAtTheRequest) {
  EXPECT_EQ(ReasonOf(channel().Send(Outside(kGetDivision, Named(""), "")).status()), "NOT_SIGNED_IN");
  EXPECT_EQ(ReasonOf(channel().Send(Outside(kGetDivision, Named(""), "rubbish")).status()), "NOT_SIGNED_IN");
}

TEST_P(Pipeline, AsksForPermissionBeforeItValidates) {
  allowed_ = NotAllowed("no post");
  EXPECT_EQ(ReasonOf(channel().Send(Outside(kGetDivision, Named(""), Token())).status()), "NOT_ALLOWED");
  allowed_ = absl::OkStatus();
  EXPECT_EQ(ReasonOf(channel().Send(Outside(kGetDivision, Named(""), Token())).status()),
            "REQUIRED_FIELD_MISSING");
}

TEST_P(Pipeline, RefusesARequestLargerThanItsMethodTakes) {
  const auto status =
      channel().Send(Outside(kGetDivision, Named(std::string(300'000, 'x')), Token())).status();
  EXPECT_EQ(ReasonOf(status), "MESSAGE_TOO_LARGE");
  EXPECT_EQ(FactsOf(status)->metadata.at("limit"), "256 KiB");
}

TEST_P(Pipeline, CarriesTheFactsOfAnErrorToTheCaller) {
  const auto status = channel().Send(Outside(kGetDivision, Named("gone"), Token())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FactsOf(status)->metadata.at("resource"), "divisions/gone");
}

TEST_P(Pipeline, TellsTheLogAndNotTheCallerWhatABugWas) {
  const auto status = channel().Send(Outside(kGetDivision, Named("bug"), Token())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_FALSE(absl::StrContains(status.message(), "SELECT"));
  const std::string log_id = FactsOf(status)->metadata.at("log_id");
  EXPECT_EQ(LastRecord().log_id, log_id);
  EXPECT_TRUE(absl::StrContains(LastRecord().detail, "SELECT secret"));
}

TEST_P(Pipeline, AnswersABodyThatThrowsAsABug) {
  const auto status = channel().Send(Outside(kGetDivision, Named("throw"), Token())).status();
  EXPECT_EQ(ReasonOf(status), "INTERNAL_FAULT");
  EXPECT_TRUE(absl::StrContains(LastRecord().detail, "thrown words"));
}

TEST_P(Pipeline, CallsAnotherAreaOnBehalfOfItsCaller) {
  const auto status = channel().Send(Outside(kGetDivision, Named("nested"), Token())).status();
  EXPECT_EQ(ReasonOf(status), "NOT_FOUND");
  EXPECT_EQ(FactsOf(status)->metadata.at("resource"), "divisions/gone");
}

TEST_P(Pipeline, ServesInternalMethodsToOurOwnProcessesOnly) {
  EXPECT_EQ(ReasonOf(channel().Send(Outside(kGetGround, GetGroundRequest(), Token())).status()),
            "NOT_ALLOWED");
  const auto answer =
      Send<GetGroundResponse>(channel(), Call::System("timer", clock_.Now()), kGetGround, GetGroundRequest());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->complete());
}

TEST_P(Pipeline, LetsNobodyWithoutTheSecretSpeakAsTheSystem) {
  if (GetParam() == Way::kInProcess) return;
  for (const char* secret : {"", "a guessed secret"}) {
    const auto stranger = DialNetwork(address_, {.hop_secret = secret});
    const auto answer = Send<GetGroundResponse>(*stranger, Call::System("timer", clock_.Now()), kGetGround,
                                                GetGroundRequest());
    EXPECT_EQ(ReasonOf(answer.status()), "NOT_ALLOWED");
  }
}

TEST_P(Pipeline, HeedsTheDemoClockOnlyInADemo) {
  Envelope envelope = Outside(kGetDivision, Named("divisions/1"), Token());
  envelope.demo_now = absl::FromUnixMicros(1'780'000'000'123'456);
  const auto now_of = [&] {
    Division division;
    division.ParseFromString(channel().Send(envelope).value_or(""));
    absl::Time now;
    std::string error;
    absl::ParseTime(absl::RFC3339_full, division.display_name(), &now, &error);
    return now;
  };
  EXPECT_EQ(now_of(), clock_.Now());
  Start({.demo = true});
  EXPECT_EQ(now_of(), envelope.demo_now);
}

TEST_P(Pipeline, DoesNotServeACallWhoseDeadlineHasPassed) {
  Envelope envelope = Outside(kGetDivision, Named("divisions/1"), Token());
  envelope.deadline = absl::Now() - absl::Seconds(1);
  EXPECT_EQ(channel().Send(envelope).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_P(Pipeline, GivesACallWithoutADeadlineTheDefault) {
  Envelope envelope = Outside(kGetDivision, Named("divisions/1"), Token());
  envelope.deadline = absl::Time();
  EXPECT_TRUE(channel().Send(envelope).ok());
}

TEST_P(Pipeline, TurnsCallsAwayWhileItDrains) {
  server_->Drain(absl::Seconds(1));
  std::promise<absl::Status> answered;
  channel().SendAsync(Outside(kGetDivision, Named("divisions/1"), Token()),
                      [&](absl::StatusOr<std::string> answer) { answered.set_value(answer.status()); });
  EXPECT_EQ(answered.get_future().get().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace gridwarden::rpc
