#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

// Work on bytes that a stranger sent, in a process of its own that can do nothing but compute: bytes in,
// bytes out. Needs no privileges: neither root nor a capability, and it lives with those of a restricted pod.
namespace gridwarden {

// What a confined process did.
struct ConfinedAnswer {
  bool finished = false;  // by itself and well; false: it refused, failed, or was ended by a limit
  int exit_code = -1;     // when it ended by itself
  int signal = 0;         // when it was ended: SIGKILL from outside, others by a limit
  std::string output;
};

// Starts `program` with `arguments`, an empty environment and no open file but its standard input and output,
// gives it `input` and reads what it says, at most `output_max` bytes. DEADLINE_EXCEEDED when it was ended at
// the deadline; UNAVAILABLE when it could not be started.
absl::StatusOr<ConfinedAnswer> RunConfined(const std::string& program,
                                           const std::vector<std::string>& arguments, std::string_view input,
                                           size_t output_max, absl::Time deadline);

struct Confinement {
  size_t memory_bytes = 256u << 20;  // above what the process has already
  int cpu_seconds = 5;
};

// From here on this process may only use what it has: its memory within the limit, its time, and writing to
// files that are open. Any other wish ends it at once. Irrevocable.
absl::Status ConfineThisProcess(const Confinement& confinement);

// All that stands in standard input; an error above `bytes_max`.
absl::StatusOr<std::string> ReadStandardInput(size_t bytes_max);
bool WriteStandardOutput(std::string_view bytes);

}  // namespace gridwarden
