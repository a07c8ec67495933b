#include "platform/runtime/host_names.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <memory>
#include <set>

namespace gridwarden {
namespace {

constexpr size_t kHostMax = 63;
// Bridges and pairs that only join containers or virtual machines of this machine: nobody else reaches it
// there.
constexpr const char* kInner[] = {"docker",  "br-",  "veth",   "virbr", "cni",
                                  "flannel", "cali", "podman", "lxc"};

bool IsInner(const std::string& interface) {
  return std::any_of(std::begin(kInner), std::end(kInner),
                     [&](const char* prefix) { return interface.rfind(prefix, 0) == 0; });
}

// "" for what is neither IPv4 nor IPv6, or link-local.
std::string AddressOf(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.sa_family == AF_INET) {
    const auto& ip = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    if ((ntohl(ip.s_addr) >> 16) == 0xa9fe) return "";  // 169.254/16
    inet_ntop(AF_INET, &ip, text, sizeof(text));
  } else if (address.sa_family == AF_INET6) {
    const auto& ip = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&ip)) return "";
    inet_ntop(AF_INET6, &ip, text, sizeof(text));
  }
  return text;
}

std::string FullName(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return "";
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
  return found->ai_canonname == nullptr ? "" : found->ai_canonname;
}

}  // namespace

bool IsHostName(const std::string& name) {
  bool label_begins = true;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (!plain && (label_begins || (c != '-' && c != '.'))) return false;
    label_begins = c == '.';
  }
  return !name.empty() && name.size() <= 253 && name.back() != '-' && name.back() != '.';
}

HostNames OwnHostNames() {
  HostNames names;
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  names.host = IsHostName(host) && std::string(host).size() <= kHostMax ? host : "localhost";
  std::set<std::string> dns = {"localhost", names.host};
  if (const std::string full = FullName(names.host); IsHostName(full)) dns.insert(full);
  std::set<std::string> addresses = {"127.0.0.1", "::1"};
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) == 0) {
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
      if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0 || IsInner(one->ifa_name)) continue;
      if (const std::string address = AddressOf(*one->ifa_addr); !address.empty()) addresses.insert(address);
    }
    freeifaddrs(first);
  }
  names.dns_names.assign(dns.begin(), dns.end());
  names.addresses.assign(addresses.begin(), addresses.end());
  return names;
}

}  // namespace gridwarden
