#include "common/authority_file.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace gridwarden::client {
namespace {

namespace fs = std::filesystem;

fs::path ConfigFolder() {
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config != '\0')
    return config;
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? fs::path() : fs::path(home) / ".config";
}

}  // namespace

std::string FindAuthorityFile() {
  std::error_code error;
  std::vector<fs::path> places;
  if (const fs::path config = ConfigFolder(); !config.empty())
    places.push_back(config / "gridwarden/authority.pem");
  places.emplace_back("/etc/gridwarden/authority.pem");
  // Of the program's own folder, never of the working folder, which may be anybody's.
  if (const fs::path program = fs::read_symlink("/proc/self/exe", error); !error) {
    places.push_back(program.parent_path().parent_path() / ".run/tls/authority.pem");
  }
  for (const fs::path& place : places) {
    if (fs::is_regular_file(place, error)) return place.string();
  }
  return "";
}

}  // namespace gridwarden::client
