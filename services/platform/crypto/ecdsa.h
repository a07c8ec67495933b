#pragma once

#include <string>
#include <string_view>

// ECDSA on P-256 with SHA-256, as WebCrypto makes and reads it: public keys as uncompressed points (65 bytes
// beginning with 4), signatures as r and s of 32 bytes each.
namespace gridwarden::crypto {

inline constexpr size_t kEcdsaPublicKeySize = 65;
inline constexpr size_t kEcdsaSignatureSize = 64;

// Whether the bytes are a point of the curve.
bool IsEcdsaPublicKey(std::string_view public_key);
// False for anything that is no signature of this message by this key.
bool EcdsaVerify(std::string_view public_key, std::string_view message, std::string_view signature);

// A phone in a test or a simulation.
struct EcdsaKeyPair {
  std::string public_key;   // 65 bytes
  std::string private_key;  // 32 bytes, secret
};
EcdsaKeyPair MakeEcdsaKeyPair();
std::string EcdsaSign(const EcdsaKeyPair& key, std::string_view message);  // 64 bytes

}  // namespace gridwarden::crypto
