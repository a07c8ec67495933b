#include "server/flags.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::server {

absl::StatusOr<Flags> Flags::Parse(std::span<const Flag> known, const std::vector<std::string>& arguments) {
  Flags flags;
  for (const Flag& flag : known) flags.standards_[std::string(flag.name)] = std::string(flag.standard);
  for (size_t i = 0; i < arguments.size(); ++i) {
    const size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const auto flag = std::find_if(known.begin(), known.end(), [&](const Flag& f) { return f.name == name; });
    if (flag == known.end()) return InvalidField(name, "no such flag; see --help");
    std::string value = "true";
    if (equals != std::string::npos) {
      value = arguments[i].substr(equals + 1);
    } else if (!flag->value.empty()) {
      if (++i == arguments.size())
        return InvalidField(name, absl::StrFormat("want a value: %s", flag->value));
      value = arguments[i];
    }
    flags.values_[name].push_back(value);
  }
  return flags;
}

std::string Flags::Text(std::string_view name) const {
  const auto given = values_.find(name);
  if (given != values_.end()) return given->second.back();
  const auto standard = standards_.find(name);
  return standard == standards_.end() ? "" : standard->second;
}

std::vector<std::string> Flags::All(std::string_view name) const {
  const auto given = values_.find(name);
  return given == values_.end() ? std::vector<std::string>{} : given->second;
}

absl::StatusOr<int> Flags::Number(std::string_view name, int least, int most) const {
  int number = 0;
  if (!absl::SimpleAtoi(Text(name), &number) || number < least || number > most) {
    return InvalidField(name, absl::StrCat("got ", Text(name), ", want a number from ", least, " to ", most));
  }
  return number;
}

std::string HelpOf(std::span<const Flag> flags) {
  std::string help;
  for (const Flag& flag : flags) {
    const std::string usage = absl::StrFormat("%s%s%s", flag.name, flag.value.empty() ? "" : "=", flag.value);
    absl::StrAppendFormat(&help, "  %-28s %s", usage, flag.words);
    if (!flag.standard.empty() && flag.standard != "false")
      absl::StrAppendFormat(&help, " [%s]", flag.standard);
    help += '\n';
  }
  return help;
}

absl::StatusOr<HostPort> ParseHostPort(std::string_view flag, const std::string& text) {
  const size_t colon = text.rfind(':');
  HostPort parts;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &parts.port) ||
      parts.port < 0 || parts.port > 65535) {
    return InvalidField(flag, absl::StrCat("got ", text, ", want ADDRESS:PORT"));
  }
  parts.host = text.substr(0, colon);
  if (parts.host.size() > 2 && parts.host.front() == '[' && parts.host.back() == ']') {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  }
  if (parts.host.empty()) return InvalidField(flag, absl::StrCat("got ", text, ", want ADDRESS:PORT"));
  return parts;
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  if (!in || !std::getline(in, line))
    return FailedPrecondition("INTERNAL_FAULT", absl::StrCat("cannot read ", path));
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.pop_back();
  return line;
}

}  // namespace gridwarden::server
