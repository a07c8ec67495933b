#include "support/test_server.h"

#include <optional>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "access/permission.h"
#include "base/status.h"

namespace gridwarden::testing {
namespace {

absl::Time Start() {
  return absl::FromCivil(absl::CivilSecond(2026, 9, 1, 9, 0, 0), absl::FixedTimeZone(8 * 3600));
}

}  // namespace

absl::StatusOr<rpc::Principal> ReadTestToken(std::string_view token) {
  const auto refused =
      MakeError(absl::StatusCode::kUnauthenticated, "no test token", {.reason = "NOT_SIGNED_IN"});
  const std::vector<std::string> parts = absl::StrSplit(std::string(token), ':');
  if (parts.size() < 4 || parts[0] != "account" || parts[2] != "person") return refused;
  const std::optional<Uuid> account = Uuid::Parse(parts[1]);
  if (!account) return refused;
  rpc::Principal principal{.account = *account};
  principal.person = Uuid::Parse(parts[3]).value_or(Uuid());
  principal.session = Uuid::Derive(*account, "session");
  principal.administrator = parts.size() > 4 && parts[4] == "admin";
  return principal;
}

TestServer::TestServer(db::Database& database, std::unique_ptr<access::Directory> directory,
                       std::shared_ptr<const domain::Policy> policy, std::string data_dir)
    : database_(database), clock_(Start()), directory_(std::move(directory)) {
  const bool checked = directory_ != nullptr;
  if (!checked) {
    directory_ = std::make_unique<access::Directory>(std::make_shared<domain::Ground>(),
                                                     std::make_shared<access::AccessState>());
  }
  rpc::ServerOptions options{.executor_threads = 4, .timeout_default = absl::Seconds(30)};
  server_ = std::make_unique<rpc::Server>(
      registry_, [](std::string_view token, absl::Time) { return ReadTestToken(token); },
      [this, checked](const rpc::Call& call) {
        return checked ? access::AllowCall(*directory_->ground(), call) : absl::OkStatus();
      },
      clock_, options);
  context_ = std::make_unique<AreaContext>(AreaContext{
      .database = database_,
      .directory = *directory_,
      .clock = clock_,
      .policy = std::move(policy),
      .channel = [this](std::string_view) -> rpc::Channel& { return server_->channel(); },
      .data_dir = std::move(data_dir),
  });
}

TestServer::~TestServer() {
  for (size_t i = 0; i < running_; ++i) workers_[i]->Stop();
  server_->Drain(absl::Seconds(5));
}

void TestServer::Install(InstallArea install) {
  for (std::unique_ptr<Worker>& worker : install(*context_, registry_)) workers_.push_back(std::move(worker));
}

void TestServer::RunWorkers() {
  for (; running_ < workers_.size(); ++running_) workers_[running_]->Start();
}

rpc::Call TestServer::Outside(rpc::Call call) const {
  call.deadline = absl::Now() + absl::Seconds(30);
  call.now = absl::InfinitePast();
  return call;
}

}  // namespace gridwarden::testing
