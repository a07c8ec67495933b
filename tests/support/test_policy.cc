#include "support/test_policy.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/test_database.h"

namespace gridwarden::testing {

std::shared_ptr<const domain::Policy> TestPolicy() {
  static const std::shared_ptr<const domain::Policy> policy = [] {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(SourceDir() + "/db/policy")) {
      if (entry.path().extension() != ".json") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      files[entry.path().filename()] = text.str();
    }
    absl::StatusOr<domain::Policy> parsed = domain::ParsePolicy(files);
    if (!parsed.ok()) {
      std::fprintf(stderr, "TestPolicy: %s\n", parsed.status().ToString().c_str());
      std::abort();
    }
    return std::make_shared<const domain::Policy>(*std::move(parsed));
  }();
  return policy;
}

}  // namespace gridwarden::testing
