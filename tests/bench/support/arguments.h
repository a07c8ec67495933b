#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

// PROGRAM PLAN --name=value ... of the benchmarks.
namespace gridwarden::bench {

struct Arguments {
  std::string plan;
  std::map<std::string, std::string> values;

  static Arguments Of(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
      const std::string text = argv[i];
      const size_t equals = text.find('=');
      if (text.rfind("--", 0) != 0)
        arguments.plan = text;
      else
        arguments.values[text.substr(2, equals == std::string::npos ? equals : equals - 2)] =
            equals == std::string::npos ? "yes" : text.substr(equals + 1);
    }
    return arguments;
  }
  bool Has(const std::string& name) const { return values.contains(name); }
  double Number(const std::string& name, double otherwise) const {
    double value = otherwise;
    if (const auto found = values.find(name);
        found != values.end() && !absl::SimpleAtod(found->second, &value))
      value = otherwise;
    return value;
  }
  std::vector<int> Numbers(const std::string& name, std::vector<int> otherwise) const {
    const auto found = values.find(name);
    if (found == values.end()) return otherwise;
    std::vector<int> numbers;
    for (const absl::string_view part : absl::StrSplit(found->second, ',')) {
      int number = 0;
      if (absl::SimpleAtoi(part, &number) && number > 0) numbers.push_back(number);
    }
    return numbers;
  }
};

}  // namespace gridwarden::bench
