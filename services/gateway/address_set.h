#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace gridwarden::gateway {

// Addresses and networks: "127.0.0.1", "::1", "10.244.0.0/16".
class AddressSet {
 public:
  AddressSet() = default;
  // INVALID_ARGUMENT naming what is neither address nor network.
  static absl::StatusOr<AddressSet> Parse(const std::vector<std::string>& texts);

  // Both sets in one.
  AddressSet With(const AddressSet& other) const;
  bool Contains(std::string_view address) const;
  bool empty() const { return networks_.empty(); }

 private:
  struct Network {
    std::array<unsigned char, 16> address;  // IPv4 as ::ffff:a.b.c.d
    int bits;
  };
  std::vector<Network> networks_;
};

// Whom a limit per address counts together: an IPv4 address, the /64 network of an IPv6 address.
std::string HostOf(std::string_view address);

}  // namespace gridwarden::gateway
