#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gtest/gtest.h"
#include "platform/rpc/server.h"

// One address with several replicas behind it, over real sockets.
namespace gridwarden::rpc {
namespace {

using grid::v1::Division;
using grid::v1::GetDivisionRequest;

constexpr char kGetDivision[] = "gridwarden.grid.v1.GridService/GetDivision";

struct Replica {
  Replica() {
    registry.Add<GetDivisionRequest, Division>(
        kGetDivision, [this](const Call&, const GetDivisionRequest&) -> absl::StatusOr<Division> {
          ++calls;
          return Division();
        });
    server = std::make_unique<Server>(
        registry, [](std::string_view, absl::Time) { return Principal{}; },
        [](const Call&) { return absl::OkStatus(); }, clock, ServerOptions{});
    port = server->Listen("127.0.0.1:0").value();
  }

  const SystemClock clock;
  std::atomic<int> calls = 0;
  Registry registry;
  std::unique_ptr<Server> server;
  int port = 0;
};

// How many of `count` calls were answered.
int CallOften(Channel& channel, int count) {
  int well = 0;
  for (int i = 0; i < count; ++i) {
    GetDivisionRequest request;
    request.set_name("divisions/1");
    well += channel
                .Send({.method = kGetDivision,
                       .body = request.SerializeAsString(),
                       .token = "x",
                       .deadline = absl::Now() + absl::Seconds(20)})
                .ok();
  }
  return well;
}

TEST(Replicas, OfOneAddressShareTheCallsAndOneThatEndsIsLeftOut) {
  Replica first, second;
  const auto channel = DialNetwork(absl::StrCat("ipv4:127.0.0.1:", first.port, ",127.0.0.1:", second.port));
  EXPECT_EQ(CallOften(*channel, 4), 4);
  // Both connections stand by the time a few more calls are through.
  const absl::Time give_up = absl::Now() + absl::Seconds(10);
  while ((first.calls == 0 || second.calls == 0) && absl::Now() < give_up) CallOften(*channel, 1);
  first.calls = second.calls = 0;
  EXPECT_EQ(CallOften(*channel, 40), 40);
  EXPECT_EQ(first.calls, 20);
  EXPECT_EQ(second.calls, 20);
  second.server->Drain(absl::Seconds(5));
  second.server.reset();
  EXPECT_EQ(CallOften(*channel, 40), 40);
  EXPECT_EQ(first.calls, 60);
}

}  // namespace
}  // namespace gridwarden::rpc
