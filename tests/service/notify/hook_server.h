#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// A robot of a group chat on this machine, that a test tells how to answer.
namespace gridwarden::testing {

struct HookCall {
  std::string head;  // request line and headers
  std::string body;
  std::string Header(const std::string& name) const;
};

class HookServer {
 public:
  HookServer();
  ~HookServer();

  std::string url() const;
  // How the next calls are answered, in order; the last one stands. "" closes the connection without an
  // answer.
  void Answer(std::vector<std::string> answers);
  static std::string Status(const std::string& status_line, const std::string& body = "",
                            const std::string& headers = "");
  std::vector<HookCall> calls() const;

 private:
  void Serve();

  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;  // guards answers_, calls_
  std::vector<std::string> answers_ = {Status("200 OK", "{\"errcode\":0}")};
  std::vector<HookCall> calls_;
  std::thread thread_;
};

}  // namespace gridwarden::testing
