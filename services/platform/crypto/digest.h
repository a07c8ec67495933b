#pragma once

#include <string>
#include <string_view>

// OpenSSL, once. Everything returns raw bytes.
namespace gridwarden::crypto {

std::string Sha256(std::string_view bytes);  // 32 bytes
std::string RandomBytes(int count);          // from the system; stops the process when there is none

// Ed25519 (RFC 8032).
struct KeyPair {
  std::string public_key;   // 32 bytes
  std::string private_key;  // 32 bytes, secret
};
KeyPair MakeKeyPair();
std::string PublicKeyOf(std::string_view private_key);
std::string Sign(std::string_view private_key, std::string_view message);  // 64 bytes
bool Verify(std::string_view public_key, std::string_view message, std::string_view signature);

}  // namespace gridwarden::crypto
