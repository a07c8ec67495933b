#include "support/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace gridwarden::testing {

HttpConnection::HttpConnection(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  const int now = 1;  // as every client does; else the last part of a body waits for an acknowledgement
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &now, sizeof(now));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return;
  close(socket_);  // nobody listens: there will be no answer
  socket_ = -1;
}

HttpConnection::~HttpConnection() { close(socket_); }

bool HttpConnection::Send(const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = Transmit(bytes.data() + sent, bytes.size() - sent);
    if (n <= 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

ssize_t HttpConnection::Receive(char* into, size_t size) { return recv(socket_, into, size, 0); }

ssize_t HttpConnection::Transmit(const char* from, size_t size) {
  return send(socket_, from, size, MSG_NOSIGNAL);
}

bool HttpConnection::Fill() {
  char chunk[16384];
  const ssize_t n = Receive(chunk, sizeof(chunk));
  if (n <= 0) return false;
  buffer_.append(chunk, static_cast<size_t>(n));
  return true;
}

HttpAnswer HttpConnection::Read(bool is_head) {
  HttpAnswer answer;
  size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return answer;
  }
  const std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  answer.status = std::atoi(head.c_str() + sizeof("HTTP/1.1"));
  for (size_t at = head.find("\r\n") + 2; at < head.size();) {
    const size_t line_end = head.find("\r\n", at);
    const size_t colon = head.find(": ", at);
    std::string name = head.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    answer.headers[name] = head.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  if (is_head || answer.status == 304 || answer.status == 100) return answer;
  const size_t size = std::strtoul(answer.headers["content-length"].c_str(), nullptr, 10);
  while (buffer_.size() < size && Fill()) {
  }
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return answer;
}

bool HttpConnection::Ends() {
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  char byte;
  return recv(socket_, &byte, 1, 0) == 0 || errno == ECONNRESET;
}

HttpAnswer Fetch(int port, const std::string& method, const std::string& target, const std::string& headers,
                 const std::string& body) {
  HttpConnection connection(port);
  std::string request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
  if (!body.empty() || method == "POST") request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  connection.Send(request + "\r\n" + body);
  return connection.Read(method == "HEAD");
}

}  // namespace gridwarden::testing
