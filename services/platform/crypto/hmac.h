#pragma once

#include <string>
#include <string_view>

namespace gridwarden::crypto {

// HMAC-SHA-256, 32 raw bytes.
std::string HmacSha256(std::string_view key, std::string_view message);

// Compares in a time that does not depend on where they differ.
bool SameSecret(std::string_view a, std::string_view b);

}  // namespace gridwarden::crypto
