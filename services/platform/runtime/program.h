#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Another program that we run to its end: what it says on standard output is read by us, or what it reads on
// standard input is written by us. Its standard error is kept for the message when it fails.
namespace gridwarden {

class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  ~Program();  // kills and reaps what still runs

  // Starts `arguments[0]`, found in PATH. FAILED_PRECONDITION when it is not installed.
  absl::Status Start(const std::vector<std::string>& arguments);

  // Up to a MiB of its output; "" at the end.
  absl::StatusOr<std::string> Read();
  absl::Status Write(std::string_view bytes);
  // Closes its input, waits, and answers how it ended: INTERNAL with the end of what it said when not with 0.
  absl::Status Finish();

 private:
  std::string Complaint() const;

  std::string name_;
  pid_t pid_ = -1;
  int input_ = -1;   // we write
  int output_ = -1;  // we read
  FILE* errors_ = nullptr;
};

}  // namespace gridwarden
