#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/connect_client.h"
#include "common/phone.h"
#include "sim/morning.h"
#include "sim/morning_figures.h"

// The people of a morning with their phones: what was planned for them the evening before, what they did
// without the server, and what the server has of it in the end.
namespace gridwarden::sim {

// So often is tried again what may pass.
inline constexpr int kPassingTriesMax = 100;

// What one phone has still to do, in this order.
enum class Stage { kRefresh, kPull, kPush, kPullAgain, kDone, kFailed };

struct Rider {
  std::string account, refresh_token, access_token, post, division;
  std::vector<std::string> tasks;
  std::map<std::string, std::string> visit_of;  // op_id -> visit
  std::unique_ptr<client::ConnectClient> line;
  std::unique_ptr<client::Phone> phone;
  Stage stage = Stage::kRefresh;
  SteadyClock::time_point planned;
  int tries = 0;
  bool was_told_to_wait = false;
};

class Riders {
 public:
  Riders(const MorningOptions& options, Figures& figures) : options_(options), figures_(figures) {}

  // The evening before, in this order.
  absl::Status Read();
  absl::Status Plan();
  absl::Status RegisterAll();
  absl::Status WaitForTasks();
  void WorkOffline();

  // From now on rpcs are measured.
  void BeginMorning() { morning_ = true; }
  absl::Status Refresh(Rider& rider);

  // Every acknowledged visit is what its task says it was done by: says so in `out`.
  absl::Status Verify(nlohmann::json& out);

  const std::vector<std::unique_ptr<Rider>>& all() const { return riders_; }

 private:
  client::ClientOptions LineOptions() const;
  absl::Status SignIn(client::ConnectClient& line);
  absl::StatusOr<std::string> Carry(Rider& rider, std::string_view method, const std::string& body);

  const MorningOptions& options_;
  Figures& figures_;
  std::vector<std::unique_ptr<Rider>> riders_;
  std::atomic<bool> morning_{false};
};

}  // namespace gridwarden::sim
