#pragma once

#include <optional>
#include <string>
#include <string_view>

// Who a process is among those of its installation, as a SPIFFE id in the URI name of its certificate:
// spiffe://gridwarden.411702/area/casework.
namespace gridwarden::tls {

struct ProcessName {
  std::string installation;  // "411702"; lower-case letters, digits, '-' and '.'
  std::string target;        // "casework", "gateway"; "all" for a process of several areas

  bool operator==(const ProcessName&) const = default;
};

// Whether a text may be the name of an installation.
bool IsInstallationName(std::string_view text);

std::string SpiffeId(const ProcessName& name);
// Nothing for what is not exactly such an id.
std::optional<ProcessName> ReadSpiffeId(std::string_view uri);

}  // namespace gridwarden::tls
