#pragma once

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "base/id.h"

// Chance that repeats itself: the same seed and the same words give the same city, the same people and the
// same finds, so a simulation that was cut off goes on where it stopped and never doubles anything.
namespace gridwarden::sim {

class Random {
 public:
  Random(uint64_t seed, std::string_view words) {
    uint64_t hash = 14695981039346656037ULL ^ seed;
    for (unsigned char c : words) hash = (hash ^ c) * 1099511628211ULL;
    engine_.seed(hash ^ (hash >> 31));
  }
  double Unit() { return std::uniform_real_distribution<double>(0, 1)(engine_); }
  double Between(double low, double high) { return low + (high - low) * Unit(); }
  int Below(int limit) { return static_cast<int>(engine_() % static_cast<uint64_t>(limit)); }
  bool Chance(double p) { return Unit() < p; }
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(static_cast<int>(from.size()))];
  }
  uint64_t Bits() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace gridwarden::sim
