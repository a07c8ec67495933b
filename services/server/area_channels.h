#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "platform/rpc/channel.h"

namespace gridwarden::server {

// "casework" of "gridwarden.casework.v1.CaseworkService/FileCase"; "" for anything else.
std::string AreaOf(const google::protobuf::MethodDescriptor& method);

// How this process reaches each area: its own rpcs in process, the others over the network. Filled before
// anything is served.
class AreaChannels {
 public:
  void AddLocal(std::string_view area, rpc::Channel& channel);
  void AddRemote(std::string_view area, std::unique_ptr<rpc::Channel> channel);

  bool Reaches(std::string_view area) const;
  // The area must be reachable: an unknown one is a programmer's mistake and stops the process.
  rpc::Channel& To(std::string_view area) const;
  // For the gateway: null for an area that no process of ours serves; a channel that answers UNAVAILABLE
  // until Open.
  rpc::Channel* ForMethod(const google::protobuf::MethodDescriptor& method) const;
  void Open() { open_.store(true); }
  bool open() const { return open_.load(); }

 private:
  std::map<std::string, rpc::Channel*, std::less<>> channels_;
  std::vector<std::unique_ptr<rpc::Channel>> owned_;
  std::atomic<bool> open_{false};
};

}  // namespace gridwarden::server
