#pragma once

namespace gridwarden::server {

inline constexpr char kVersion[] = "gridwarden 0.1.0";

}  // namespace gridwarden::server
