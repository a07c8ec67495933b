#pragma once

#include <string>
#include <vector>

namespace gridwarden {

// What others may call this machine by.
struct HostNames {
  std::string host;                    // "county-1"
  std::vector<std::string> dns_names;  // host, its full name, "localhost"; sorted, each once
  // Of its interfaces, loopback too, without link-local ones and those of containers and virtual machines
  // within it.
  std::vector<std::string> addresses;  // sorted, each once
};

HostNames OwnHostNames();

// Whether a name may stand in a certificate or a URL: letters, digits, "-" and ".".
bool IsHostName(const std::string& name);

}  // namespace gridwarden
