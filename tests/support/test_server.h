#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "access/directory.h"
#include "base/clock.h"
#include "platform/db/database.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/registry.h"
#include "platform/rpc/server.h"

// The real rpc pipeline of a process, in process, with the real permission table and a token that a test can
// write by hand.
//
//   TestServer server(database, City().MakeDirectory(), policy);
//   server.Install(grid::Install);
//   absl::StatusOr<Division> division = server.Call<Division>(City().TokenOf(kind, village), kGetDivision,
//   request);
namespace gridwarden::testing {

// Reads "account:<uuid>:person:<uuid>[:admin]"; the person may be empty. Anything else is UNAUTHENTICATED /
// NOT_SIGNED_IN.
absl::StatusOr<rpc::Principal> ReadTestToken(std::string_view token);

class TestServer {
 public:
  // `directory` may be null for tests of rpcs that need no permission table: then everything is allowed.
  // `policy` may be null where no area reads it.
  explicit TestServer(db::Database& database, std::unique_ptr<access::Directory> directory = nullptr,
                      std::shared_ptr<const domain::Policy> policy = nullptr, std::string data_dir = "");
  ~TestServer();  // stops the workers that were started

  // Registers an area's rpcs. Its workers are kept; RunWorkers starts them.
  void Install(InstallArea install);
  void RunWorkers();
  // Before Install: where the media area keeps content, instead of data_dir.
  void KeepPhotosIn(std::shared_ptr<media::ObjectStore> photos) { context_->photos = std::move(photos); }

  // Every area's channel is this server's own.
  const AreaContext& context() const { return *context_; }
  rpc::Registry& registry() { return registry_; }  // for stand-ins of other areas
  rpc::Channel& channel() { return server_->channel(); }
  rpc::Server& server() { return *server_; }
  FakeClock& clock() { return clock_; }
  db::Database& database() { return database_; }

  // Calls as the bearer of `token` ("" = anonymous); the whole pipeline runs on the calling thread.
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, std::string_view method, const Request& request) {
    rpc::Call call;
    call.token = token;
    return rpc::Send<Response>(channel(), Outside(std::move(call)), method, request);
  }
  // Calls as the system itself.
  template <typename Response, typename Request>
  absl::StatusOr<Response> CallAsSystem(std::string_view method, const Request& request) {
    return rpc::Send<Response>(channel(), rpc::Call::System(method, clock_.Now()), method, request);
  }

 private:
  rpc::Call Outside(rpc::Call call) const;

  db::Database& database_;
  FakeClock clock_;
  std::unique_ptr<access::Directory> directory_;
  rpc::Registry registry_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<AreaContext> context_;
  std::vector<std::unique_ptr<Worker>> workers_;
  size_t running_ = 0;
};

}  // namespace gridwarden::testing
