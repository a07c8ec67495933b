#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/notify/hook_server.h"

namespace gridwarden::testing {

std::string HookCall::Header(const std::string& name) const {
  const size_t at = head.find(name + ": ");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 2;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

HookServer::HookServer() {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 8) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

HookServer::~HookServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::string HookServer::url() const { return absl::StrCat("http://127.0.0.1:", port_, "/robot?key=secret"); }

void HookServer::Answer(std::vector<std::string> answers) {
  std::lock_guard lock(mutex_);
  answers_ = std::move(answers);
}

std::string HookServer::Status(const std::string& status_line, const std::string& body,
                               const std::string& headers) {
  return absl::StrCat("HTTP/1.1 ", status_line, "\r\n", headers, "Content-Length: ", body.size(),
                      "\r\nConnection: close\r\n\r\n", body);
}

std::vector<HookCall> HookServer::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

void HookServer::Serve() {
  while (!stopping_) {
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) continue;
    std::string text;
    char buffer[4096];
    size_t want = std::string::npos;
    while (want == std::string::npos || text.size() < want) {
      const ssize_t got = read(connection, buffer, sizeof(buffer));
      if (got <= 0) break;
      text.append(buffer, static_cast<size_t>(got));
      const size_t end = text.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const HookCall head{text.substr(0, end + 2), ""};
      want = end + 4 + static_cast<size_t>(std::atoi(head.Header("Content-Length").c_str()));
    }
    const size_t end = text.find("\r\n\r\n");
    if (end != std::string::npos) {
      std::string answer;
      {
        std::lock_guard lock(mutex_);
        calls_.push_back({text.substr(0, end + 2), text.substr(end + 4)});
        answer = answers_.front();
        if (answers_.size() > 1) answers_.erase(answers_.begin());
      }
      if (!answer.empty() && write(connection, answer.data(), answer.size()) < 0) answer.clear();
    }
    close(connection);
  }
}

}  // namespace gridwarden::testing
