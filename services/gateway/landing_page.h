#pragma once

#include <string>
#include <vector>

namespace gridwarden::gateway {

// What the built-in page says when no web application is installed.
struct Landing {
  std::string version;
  bool demo = false;
  bool trust = false;                  // /trust says how to trust our certificate
  std::vector<std::string> not_ready;  // empty: ready
};

// What runs here and where to go on, in Chinese and English. Plain HTML without scripts.
std::string LandingPage(const Landing& landing);

}  // namespace gridwarden::gateway
