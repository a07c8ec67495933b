#include "domain/ledger/credit_code.h"

namespace gridwarden::domain {
namespace {

// The alphabet of GB 32100-2015, table 1; a character's value is its place in it.
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
constexpr int kModulus = 31;
constexpr size_t kLength = 18;

}  // namespace

bool IsCreditCode(std::string_view code) {
  if (code.size() != kLength) return false;
  int sum = 0;
  int weight = 1;  // 3^i mod 31
  for (size_t i = 0; i + 1 < kLength; ++i) {
    const size_t value = kAlphabet.find(code[i]);
    if (value == std::string_view::npos) return false;
    sum += static_cast<int>(value) * weight;
    weight = weight * 3 % kModulus;
  }
  return kAlphabet[(kModulus - sum % kModulus) % kModulus] == code.back();
}

}  // namespace gridwarden::domain
