#include "server/area_channels.h"

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/status.h"
#include "server/modules.h"

namespace gridwarden::server {
namespace {

// Answers while the process is still starting.
class StartingChannel final : public rpc::Channel {
 public:
  absl::StatusOr<std::string> Send(const rpc::Envelope&) override { return Starting(); }
  void SendAsync(rpc::Envelope, std::function<void(absl::StatusOr<std::string>)> done) override {
    done(Starting());
  }

 private:
  static absl::Status Starting() {
    return Unavailable("DATABASE_UNAVAILABLE", "the server is starting; see /readyz", absl::Seconds(2));
  }
};

}  // namespace

std::string AreaOf(const google::protobuf::MethodDescriptor& method) {
  constexpr std::string_view kPrefix = "gridwarden.";
  const std::string& package = method.file()->package();
  if (package.rfind(kPrefix, 0) != 0) return "";
  return package.substr(kPrefix.size(), package.find('.', kPrefix.size()) - kPrefix.size());
}

void AreaChannels::AddLocal(std::string_view area, rpc::Channel& channel) {
  channels_[std::string(area)] = &channel;
}

void AreaChannels::AddRemote(std::string_view area, std::unique_ptr<rpc::Channel> channel) {
  channels_[std::string(area)] = channel.get();
  owned_.push_back(std::move(channel));
}

bool AreaChannels::Reaches(std::string_view area) const { return channels_.find(area) != channels_.end(); }

rpc::Channel& AreaChannels::To(std::string_view area) const {
  const auto found = channels_.find(area);
  if (found == channels_.end()) {
    std::fprintf(stderr, "no channel to area %.*s\n", static_cast<int>(area.size()), area.data());
    std::abort();
  }
  return *found->second;
}

rpc::Channel* AreaChannels::ForMethod(const google::protobuf::MethodDescriptor& method) const {
  static StartingChannel starting;
  const std::string area = AreaOf(method);
  if (FindModule(area) == nullptr) return nullptr;
  if (!open_.load()) return &starting;
  const auto found = channels_.find(area);
  return found == channels_.end() ? nullptr : found->second;
}

}  // namespace gridwarden::server
