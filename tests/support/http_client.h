#pragma once

#include <sys/types.h>

#include <map>
#include <string>

// A plain socket that speaks HTTP/1.1, so that a test can also speak it badly.
namespace gridwarden::testing {

struct HttpAnswer {
  int status = 0;                              // 0: the connection ended without an answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class HttpConnection {
 public:
  explicit HttpConnection(int port);
  virtual ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;

  // Sends bytes as they are; false when the other side has closed.
  bool Send(const std::string& bytes);
  // Reads one answer; `is_head`: none that has a body.
  HttpAnswer Read(bool is_head = false);
  // Whether the other side ends the connection within ten seconds.
  bool Ends();

 protected:
  // Some bytes; 0 or less at the end.
  virtual ssize_t Receive(char* into, size_t size);
  virtual ssize_t Transmit(const char* from, size_t size);
  int socket_ = -1;

 private:
  bool Fill();
  std::string buffer_;
};

// One request on a connection of its own. `headers` are whole lines, each with "\r\n".
HttpAnswer Fetch(int port, const std::string& method, const std::string& target,
                 const std::string& headers = "", const std::string& body = "");

}  // namespace gridwarden::testing
