#pragma once

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "domain/clock/stage_clock.h"
#include "domain/policy/policy.h"

namespace gridwarden::testing {

// The real files of db/policy, as text.
inline const std::map<std::string, std::string>& PolicyTexts() {
  static const auto* texts = [] {
    auto* read = new std::map<std::string, std::string>;
    for (const std::string& name : domain::PolicyFileNames()) {
      std::ifstream file(std::string(GW_SOURCE_DIR) + "/db/policy/" + name);
      (*read)[name] = std::string(std::istreambuf_iterator<char>(file), {});
    }
    return read;
  }();
  return *texts;
}

// The same, parsed; stops the test process when they are refused.
inline const domain::Policy& RealPolicy() {
  static const auto* policy = [] {
    auto parsed = domain::ParsePolicy(PolicyTexts());
    if (!parsed.ok()) {
      std::fprintf(stderr, "db/policy is refused: %s\n", parsed.status().ToString().c_str());
      std::abort();
    }
    return new domain::Policy(*std::move(parsed));
  }();
  return *policy;
}

// "2026-11-23 09:00" in China.
inline absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime("%Y-%m-%d %H:%M", text, domain::CalendarZone(), &time, &error)) {
    std::fprintf(stderr, "bad time %s: %s\n", text.c_str(), error.c_str());
    std::abort();
  }
  return time;
}

}  // namespace gridwarden::testing
