#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The command line: the only place where a process gets its settings from.
namespace gridwarden::server {

struct Flag {
  std::string_view name;      // "--db-socket"
  std::string_view value;     // what stands for its value in the help: "PATH"; "" for a switch
  std::string_view standard;  // default; "" when there is none
  std::string_view words;     // what it does
};

class Flags {
 public:
  // Reads "--name=value", "--name value" and switches. INVALID_ARGUMENT naming what is not understood; a flag
  // given twice keeps all its values for All and the last one for Text.
  static absl::StatusOr<Flags> Parse(std::span<const Flag> known, const std::vector<std::string>& arguments);

  std::string Text(std::string_view name) const;
  bool IsOn(std::string_view name) const { return Text(name) == "true"; }
  std::vector<std::string> All(std::string_view name) const;
  // INVALID_ARGUMENT unless a number from `least` to `most`.
  absl::StatusOr<int> Number(std::string_view name, int least, int most) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> standards_;
};

// The flags as the help shows them.
std::string HelpOf(std::span<const Flag> flags);

// "127.0.0.1:8080" or "[::1]:8080" -> its parts. INVALID_ARGUMENT naming `flag`.
struct HostPort {
  std::string host;
  int port = 0;
};
absl::StatusOr<HostPort> ParseHostPort(std::string_view flag, const std::string& text);

// The first line of a file that holds a secret; FAILED_PRECONDITION naming the file when it cannot be read.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

}  // namespace gridwarden::server
