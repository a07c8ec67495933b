#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "platform/rpc/server.h"

// What any gRPC client sees of a process: health, reflection, overload, a process that is not there.
namespace gridwarden::rpc {
namespace {

using grid::v1::Division;
using grid::v1::GetDivisionRequest;

constexpr char kGetDivision[] = "gridwarden.grid.v1.GridService/GetDivision";

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::shared_ptr<grpc::Channel> Dial(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(),
                                   arguments);
}

// The answer of grpc.health.v1.Health/Check: one enum field, 1 = SERVING, 2 = NOT_SERVING.
std::string Health(int port) {
  grpc::GenericStub stub(Dial(port));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  const grpc::ByteBuffer request = BufferOf("");
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request, &response,
                 [&](grpc::Status status) { done.set_value(status); });
  const grpc::Status status = done.get_future().get();
  EXPECT_TRUE(status.ok()) << status.error_message();
  return BytesOf(response);
}

// The answer to "list services" of the reflection protocol, as bytes.
std::string ListServices(int port) {
  grpc::GenericStub stub(Dial(port));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  auto stream =
      stub.PrepareCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  const auto next = [&] { return queue.Next(&tag, &ok) && ok; };
  stream->StartCall(nullptr);
  EXPECT_TRUE(next());
  stream->Write(BufferOf(std::string("\x3a\x00", 2)), nullptr);  // list_services = ""
  next();                                                        // not written where the method is not served
  grpc::ByteBuffer response;
  stream->Read(&response, nullptr);
  const bool answered = next();
  if (answered) {
    stream->WritesDone(nullptr);
    EXPECT_TRUE(next());
  }
  grpc::Status status;
  stream->Finish(&status, nullptr);
  EXPECT_TRUE(next());
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  if (answered) return BytesOf(response);
  return status.error_code() == grpc::StatusCode::UNIMPLEMENTED ? "UNIMPLEMENTED" : status.error_message();
}

class Listener : public ::testing::Test {
 protected:
  Listener() : clock_(absl::FromUnixSeconds(1'790'000'000)) {
    registry_.Add<GetDivisionRequest, Division>(
        kGetDivision, [this](const Call&, const GetDivisionRequest&) -> absl::StatusOr<Division> {
          released_.wait();
          return Division();
        });
  }
  int Start(ServerOptions options = {}) {
    server_ = std::make_unique<Server>(
        registry_, [](std::string_view, absl::Time) { return Principal{}; },
        [](const Call&) { return absl::OkStatus(); }, clock_, options);
    return server_->Listen("127.0.0.1:0").value();
  }
  Envelope Get() {
    GetDivisionRequest request;
    request.set_name("divisions/1");
    return {.method = kGetDivision,
            .body = request.SerializeAsString(),
            .token = "x",
            .deadline = absl::Now() + absl::Seconds(20)};
  }

  FakeClock clock_;
  Registry registry_;
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  std::unique_ptr<Server> server_;
};

TEST_F(Listener, SaysByHealthWhetherItServes) {
  const int port = Start();
  EXPECT_EQ(Health(port), "\x08\x02");
  server_->SetServing(true);
  EXPECT_EQ(Health(port), "\x08\x01");
  server_->SetServing(false);
  EXPECT_EQ(Health(port), "\x08\x02");
}

TEST_F(Listener, ListsItsServicesByReflectionOnlyWhenItMay) {
  const std::string services = ListServices(Start({.reflection = true}));
  EXPECT_NE(services.find("gridwarden.grid.v1.GridService"), std::string::npos);
  EXPECT_NE(services.find("grpc.health.v1.Health"), std::string::npos);
  EXPECT_EQ(ListServices(Start()), "UNIMPLEMENTED");
}

TEST_F(Listener, RefusesAPortThatIsTaken) {
  const int port = Start();
  Server second(
      registry_, [](std::string_view, absl::Time) { return Principal{}; },
      [](const Call&) { return absl::OkStatus(); }, clock_, {});
  EXPECT_FALSE(second.Listen("127.0.0.1:" + std::to_string(port)).ok());
}

TEST_F(Listener, ShedsQuicklyAndSaysWhenToComeBack) {
  const auto channel =
      DialNetwork("127.0.0.1:" + std::to_string(Start({.executor_threads = 1, .queue_limit = 1})));
  std::vector<std::future<absl::StatusOr<std::string>>> answers;
  for (int i = 0; i < 5; ++i) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<std::string>>>();
    answers.push_back(promise->get_future());
    channel->SendAsync(
        Get(), [promise](absl::StatusOr<std::string> answer) { promise->set_value(std::move(answer)); });
  }
  // One runs (or is about to) and one waits; the others are answered while both are held up.
  const auto shed = [&] {
    int count = 0;
    for (auto& answer : answers)
      count += answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready ? 1 : 0;
    return count;
  };
  const absl::Time give_up = absl::Now() + absl::Seconds(10);
  while (shed() < 3 && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(1));
  ASSERT_GE(shed(), 3);
  release_.set_value();
  int overloaded = 0;
  for (auto& answer : answers) {
    const absl::StatusOr<std::string> got = answer.get();
    if (got.ok()) continue;
    ++overloaded;
    EXPECT_EQ(got.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(ReasonOf(got.status()), "OVERLOADED");
    EXPECT_TRUE(FactsOf(got.status())->retry_after.has_value());
  }
  EXPECT_GE(overloaded, 3);
  EXPECT_EQ(server_->load().shed, static_cast<uint64_t>(overloaded));
}

TEST_F(Listener, FinishesWhatIsUnderWayBeforeItStops) {
  const auto channel = DialNetwork("127.0.0.1:" + std::to_string(Start()));
  std::promise<absl::StatusOr<std::string>> answered;
  channel->SendAsync(Get(),
                     [&](absl::StatusOr<std::string> answer) { answered.set_value(std::move(answer)); });
  while (server_->load().running == 0) absl::SleepFor(absl::Milliseconds(1));
  std::thread drain([this] { server_->Drain(absl::Seconds(20)); });
  release_.set_value();
  drain.join();
  EXPECT_TRUE(answered.get_future().get().ok());
}

// gRPC answers CANCELLED to a call that reaches a server in the moment it stops: nobody served it, so it may
// be sent again.
TEST_F(Listener, TellsEveryCallerToComeBackWhenItStops) {
  release_.set_value();
  for (int round = 0; round < 20; ++round) {
    const std::string address = "127.0.0.1:" + std::to_string(Start());
    std::vector<absl::Status> ends(8);
    std::atomic<int> answered{0};
    std::vector<std::thread> callers;
    for (absl::Status& end : ends) {
      callers.emplace_back([&] {
        const auto channel = DialNetwork(address);
        while (end.ok()) {
          end = channel->Send(Get()).status();
          ++answered;
        }
      });
    }
    while (answered.load() < 200) absl::SleepFor(absl::Milliseconds(1));
    server_->Drain(absl::Seconds(20));
    for (std::thread& caller : callers) caller.join();
    for (const absl::Status& end : ends) ASSERT_EQ(end.code(), absl::StatusCode::kUnavailable) << end;
  }
}

TEST(NetworkChannel, SaysUnavailableSoonWhenNobodyListens) {
  int port = 0;
  {
    Registry registry;
    registry.Add<GetDivisionRequest, Division>(kGetDivision, [](const Call&, const GetDivisionRequest&) {
      return absl::StatusOr<Division>(Division());
    });
    FakeClock clock(absl::Now());
    Server server(
        registry, [](std::string_view, absl::Time) { return Principal{}; },
        [](const Call&) { return absl::OkStatus(); }, clock, {});
    port = server.Listen("127.0.0.1:0").value();
  }
  const auto channel = DialNetwork("127.0.0.1:" + std::to_string(port));
  const absl::Time start = absl::Now();
  const auto answer = channel->Send({.method = kGetDivision, .deadline = start + absl::Seconds(15)});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(FactsOf(answer.status())->retry_after.has_value());
  EXPECT_EQ(answer.status().message().find("127.0.0.1"), std::string::npos) << "addresses stay in the house";
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

}  // namespace
}  // namespace gridwarden::rpc
