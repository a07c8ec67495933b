#pragma once

#include <cstdint>
#include <string>

namespace gridwarden::sim {

// A small PNG, the same for the same number and different for every other: the photos of a simulated find.
std::string MakePhoto(uint64_t number);

}  // namespace gridwarden::sim
