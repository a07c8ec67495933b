#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

// Open-loop load: when each call comes is fixed in advance, whatever becomes of those before, as with many
// people who know nothing of each other. Latency counts from the planned instant, so a server that stalls
// cannot hide it by slowing its callers down (no coordinated omission). One thread, many connections.
namespace gridwarden::bench {

// How one call ended.
enum class Ending { kOk, kShed, kError };

// One kind of call. Its functions run on the thread of RunOpenLoop or RunClosedLoop.
struct Kind {
  std::string name;
  std::string call_class;
  double share = 0;  // of all calls
  // The bytes of the next HTTP request; `note` travels to `done`. "" when there is nothing to call about.
  std::function<std::string(size_t& note)> next;
  std::function<void(Ending ending, size_t note)> done;
};

// What became of one kind in one step.
struct Outcome {
  uint64_t offered = 0;
  uint64_t ok = 0;
  uint64_t shed = 0;    // 429 with Retry-After and RetryInfo
  uint64_t errors = 0;  // anything else
  std::string first_error;
  std::vector<float> ok_ms, shed_ms;  // from the planned instant to the end of the answer
};

struct Step {
  double seconds = 0;
  std::vector<Outcome> kinds;  // as the kinds given
  std::vector<float> late_ms;  // how late the generator itself sent
  // Half seconds by planned instant: offered and answered OK.
  std::vector<uint32_t> offered_by_time, ok_by_time;
  uint64_t rss_max = 0;  // bytes, of `pids` together

  uint64_t Sum(uint64_t Outcome::*what) const;
};

inline constexpr absl::Duration kSlot = absl::Milliseconds(500);
// Calls planned earlier in a step count, but not in its percentiles: a server needs a moment to tell an
// overload from a burst, and steps here are much shorter than the design's ten minutes.
inline constexpr absl::Duration kWarmUp = absl::Seconds(1);

double PercentileOf(std::vector<float> values, double p);  // 0 when empty

class Generator {
 public:
  // Opens `connections` connections to "http://host:port".
  static absl::StatusOr<std::unique_ptr<Generator>> Open(const std::string& server, int connections,
                                                         std::vector<int> pids);
  ~Generator();

  // `rate` calls a second, at instants drawn from `seed` (exponential gaps); waits at most 10 s for the last
  // answers.
  Step RunOpenLoop(std::vector<Kind>& kinds, double rate, absl::Duration length, uint64_t seed);
  // `clients` connections that each call again as soon as they are answered.
  Step RunClosedLoop(std::vector<Kind>& kinds, int clients, absl::Duration length, uint64_t seed);

 private:
  struct State;
  explicit Generator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The bytes of one rpc: Connect, binary.
std::string RpcBytes(const std::string& method, const std::string& token, const std::string& body);
std::string GetBytes(const std::string& path);

}  // namespace gridwarden::bench
