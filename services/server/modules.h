#pragma once

#include <span>
#include <string_view>

#include "access/area.h"

namespace gridwarden::server {

// One area: the name of its target, of its proto package ("gridwarden.<name>.v1") and of its channel.
struct Module {
  std::string_view name;
  InstallArea install;
};

// All areas of the product. The gateway is none of them: it has no rpcs.
std::span<const Module> Modules();
const Module* FindModule(std::string_view name);

}  // namespace gridwarden::server
