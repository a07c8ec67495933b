#pragma once

#include <string>
#include <vector>

namespace gridwarden::gateway {

// What the built-in page says.
struct Landing {
  std::string version;
  bool demo = false;
  bool trust = false;       // /trust says how to trust our certificate
  bool trustworthy = true;  // browsers give what came this way camera, position and offline work
  std::vector<std::string> applications;
  std::vector<std::string> not_ready;  // empty: ready
};

// What runs here, its web applications and where to go on, in Chinese and English. Plain HTML without
// scripts.
std::string LandingPage(const Landing& landing);

}  // namespace gridwarden::gateway
