#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// HTTP as the gateway's own code sees it. Only http_server.cc knows the library.
namespace gridwarden::gateway {

struct HttpRequest {
  std::string method;                          // "POST"
  std::string path;                            // as sent, without the query
  std::string query;                           // what follows the "?", as sent
  bool secure = false;                         // came over TLS
  std::string peer;                            // "10.0.0.7", the address that connected
  std::map<std::string, std::string> headers;  // names in lower case; of repeated ones the last
  std::string body;

  std::string_view Header(const std::string& lower_case_name) const {
    const auto found = headers.find(lower_case_name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// Answers once, on any thread.
using Respond = std::function<void(HttpResponse)>;

}  // namespace gridwarden::gateway
