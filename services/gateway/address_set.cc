#include "gateway/address_set.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::gateway {
namespace {

constexpr int kBits = 128, kBitsBeforeIpv4 = 96, kHostBits = 64;
using Bytes = std::array<unsigned char, 16>;
constexpr Bytes kIpv4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<Bytes> BytesOf(std::string_view text) {
  const std::string address(text.substr(0, text.find('%')));  // without the interface of a link-local one
  Bytes bytes = kIpv4Prefix;
  if (inet_pton(AF_INET, address.c_str(), bytes.data() + kBitsBeforeIpv4 / 8) == 1) return bytes;
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return bytes;
  return std::nullopt;
}

bool IsIpv4(const Bytes& bytes) {
  return std::equal(kIpv4Prefix.begin(), kIpv4Prefix.begin() + kBitsBeforeIpv4 / 8, bytes.begin());
}

bool SameBits(const Bytes& a, const Bytes& b, int bits) {
  for (int bit = 0; bit < bits; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if ((a[bit / 8] & mask) != (b[bit / 8] & mask)) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<AddressSet> AddressSet::Parse(const std::vector<std::string>& texts) {
  AddressSet set;
  for (const std::string& text : texts) {
    const size_t slash = text.find('/');
    const std::optional<Bytes> address = BytesOf(std::string_view(text).substr(0, slash));
    const int before = address && IsIpv4(*address) ? kBitsBeforeIpv4 : 0;
    int bits = kBits - before;
    const bool has_bits = slash == std::string::npos || (absl::SimpleAtoi(text.substr(slash + 1), &bits) &&
                                                         bits >= 0 && bits <= kBits - before);
    if (!address || !has_bits) {
      return InvalidField("address",
                          absl::StrCat("got \"", text, "\", want an address or a network like 10.0.0.0/8"));
    }
    set.networks_.push_back({*address, before + bits});
  }
  return set;
}

AddressSet AddressSet::With(const AddressSet& other) const {
  AddressSet both = *this;
  both.networks_.insert(both.networks_.end(), other.networks_.begin(), other.networks_.end());
  return both;
}

bool AddressSet::Contains(std::string_view address) const {
  const std::optional<Bytes> bytes = BytesOf(address);
  return bytes && std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
           return SameBits(network.address, *bytes, network.bits);
         });
}

std::string HostOf(std::string_view address) {
  const std::optional<Bytes> bytes = BytesOf(address);
  if (!bytes) return std::string(address);
  const auto* begin = reinterpret_cast<const char*>(bytes->data());
  return {begin, begin + (IsIpv4(*bytes) ? kBits : kHostBits) / 8};
}

}  // namespace gridwarden::gateway
