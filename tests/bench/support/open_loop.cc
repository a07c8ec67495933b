#include "support/open_loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <fstream>
#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace gridwarden::bench {
namespace {

constexpr absl::Duration kLastAnswers = absl::Seconds(10);
constexpr size_t kAddresses = 32;
constexpr absl::Duration kLookAtMemory = absl::Milliseconds(250);

uint64_t ResidentBytes(const std::vector<int>& pids) {
  uint64_t pages = 0;
  for (const int pid : pids) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/statm");
    uint64_t size = 0, resident = 0;
    in >> size >> resident;
    pages += resident;
  }
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// A call that is planned, waits for a connection or is under way.
struct Flight {
  absl::Time planned;
  size_t kind = 0;
  size_t note = 0;
  size_t slot = 0;
};

struct Line {
  int fd = -1;
  bool busy = false;
  Flight flight;
  std::string answer;
};

// Whether `answer` is a whole response; its status if so.
bool IsWhole(const std::string& answer, int& status) {
  const size_t head = answer.find("\r\n\r\n");
  if (head == std::string::npos || answer.size() < 12) return false;
  const size_t at = answer.find("Content-Length: ");
  size_t length = 0;
  if (at != std::string::npos && at < head) length = std::strtoul(answer.c_str() + at + 16, nullptr, 10);
  if (answer.size() < head + 4 + length) return false;
  status = std::atoi(answer.c_str() + 9);
  return true;
}

Ending EndingOf(const std::string& answer, int status) {
  if (status == 200) return Ending::kOk;
  // Turned away as it should be: the code, when to come back for HTTP and for our own clients.
  const bool shed = status == 429 && answer.find("Retry-After: ") != std::string::npos &&
                    answer.find("google.rpc.RetryInfo") != std::string::npos;
  return shed ? Ending::kShed : Ending::kError;
}

}  // namespace

struct Generator::State {
  sockaddr_in address{};
  int epoll = -1;
  std::vector<Line> lines;
  std::vector<int> pids;
  // Of the run under way.
  std::vector<size_t> free_lines;
  std::deque<Flight> backlog;  // planned calls that found no free connection
  std::vector<Kind>* kinds = nullptr;
  Step step;
  std::vector<double> weights;
  size_t warm_up_slots = 0;
  std::mt19937_64 random;
  size_t under_way = 0;

  ~State() {
    for (const Line& line : lines) {
      if (line.fd >= 0) close(line.fd);
    }
    if (epoll >= 0) close(epoll);
  }

  absl::Status Connect(size_t index) {
    Line& line = lines[index];
    if (line.fd >= 0) close(line.fd);
    line.fd = socket(AF_INET, SOCK_STREAM, 0);
    // Many callers: connections are limited by address, and all of 127/8 is this machine.
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<uint32_t>(index % kAddresses));
    if (line.fd < 0 || bind(line.fd, reinterpret_cast<const sockaddr*>(&own), sizeof(own)) != 0 ||
        connect(line.fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      return absl::UnavailableError(absl::StrCat("cannot connect: ", std::strerror(errno)));
    }
    const int one = 1;
    setsockopt(line.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll, EPOLL_CTL_ADD, line.fd, &event);
    line.answer.clear();
    line.busy = false;
    return absl::OkStatus();
  }

  void Begin(std::vector<Kind>& given, uint64_t seed) {
    kinds = &given;
    step = Step();
    step.kinds.resize(given.size());
    weights.clear();
    for (const Kind& kind : given) weights.push_back(kind.share);
    random.seed(seed);
    backlog.clear();
    free_lines.clear();
    for (size_t i = lines.size(); i-- > 0;) {
      if (!lines[i].busy) free_lines.push_back(i);
    }
  }

  void Count(const Flight& flight) {
    step.kinds[flight.kind].offered += 1;
    if (step.offered_by_time.size() <= flight.slot) {
      step.offered_by_time.resize(flight.slot + 1);
      step.ok_by_time.resize(flight.slot + 1);
    }
    step.offered_by_time[flight.slot] += 1;
  }

  void Send(size_t index, Flight flight) {
    Line& line = lines[index];
    const std::string bytes = (*kinds)[flight.kind].next(flight.note);
    if (bytes.empty()) {  // nothing to call about: not a call
      step.kinds[flight.kind].offered -= 1;
      step.offered_by_time[flight.slot] -= 1;
      free_lines.push_back(index);
      return;
    }
    step.late_ms.push_back(static_cast<float>(absl::ToDoubleMilliseconds(absl::Now() - flight.planned)));
    line.flight = flight;
    line.busy = true;
    ++under_way;
    if (send(line.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
      Finish(index, Ending::kError, "cannot send");
      (void)Connect(index);
    }
  }

  void Finish(size_t index, Ending ending, const std::string& words) {
    Line& line = lines[index];
    line.busy = false;
    --under_way;
    Outcome& outcome = step.kinds[line.flight.kind];
    const auto ms = static_cast<float>(absl::ToDoubleMilliseconds(absl::Now() - line.flight.planned));
    switch (ending) {
      case Ending::kOk:
        outcome.ok += 1;
        if (line.flight.slot >= warm_up_slots) outcome.ok_ms.push_back(ms);
        step.ok_by_time[line.flight.slot] += 1;
        break;
      case Ending::kShed:
        outcome.shed += 1;
        if (line.flight.slot >= warm_up_slots) outcome.shed_ms.push_back(ms);
        break;
      case Ending::kError:
        if (outcome.errors++ == 0) outcome.first_error = words;
        break;
    }
    (*kinds)[line.flight.kind].done(ending, line.flight.note);
    line.answer.clear();
    free_lines.push_back(index);
  }

  void Read(size_t index) {
    Line& line = lines[index];
    char buffer[16 * 1024];
    const ssize_t got = recv(line.fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      if (line.busy) Finish(index, Ending::kError, "the connection was closed");
      (void)Connect(index);
      return;
    }
    line.answer.append(buffer, static_cast<size_t>(got));
    int status = 0;
    if (!line.busy || !IsWhole(line.answer, status)) return;
    const Ending ending = EndingOf(line.answer, status);
    Finish(index, ending, line.answer.substr(0, 1000));
  }

  void WaitUntil(absl::Time when) {
    const absl::Duration wait = std::clamp(when - absl::Now(), absl::ZeroDuration(), absl::Milliseconds(50));
    const timespec time = absl::ToTimespec(wait);
    epoll_event events[256];
    const int count = epoll_pwait2(epoll, events, 256, &time, nullptr);
    for (int i = 0; i < count; ++i) Read(events[i].data.u64);
  }

  size_t DrawKind() { return std::discrete_distribution<size_t>(weights.begin(), weights.end())(random); }

  void WaitForTheLast() {
    const absl::Time last = absl::Now() + kLastAnswers;
    while (under_way > 0 && absl::Now() < last) WaitUntil(absl::Now() + absl::Milliseconds(50));
    for (size_t i = 0; i < lines.size(); ++i) {
      if (!lines[i].busy) continue;
      Finish(i, Ending::kError, "no answer");
      (void)Connect(i);
    }
  }
};

uint64_t Step::Sum(uint64_t Outcome::*what) const {
  uint64_t sum = 0;
  for (const Outcome& outcome : kinds) sum += outcome.*what;
  return sum;
}

double PercentileOf(std::vector<float> values, double p) {
  if (values.empty()) return 0;
  const size_t at = std::min(values.size() - 1, static_cast<size_t>(p * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

Generator::Generator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Generator::~Generator() = default;

absl::StatusOr<std::unique_ptr<Generator>> Generator::Open(const std::string& server, int connections,
                                                           std::vector<int> pids) {
  auto state = std::make_unique<State>();
  const size_t host = server.find("//") + 2, colon = server.rfind(':');
  int port = 0;
  state->address.sin_family = AF_INET;
  if (server.rfind("http://", 0) != 0 || !absl::SimpleAtoi(server.substr(colon + 1), &port) ||
      inet_pton(AF_INET, server.substr(host, colon - host).c_str(), &state->address.sin_addr) != 1) {
    return absl::InvalidArgumentError("want http://ADDRESS:PORT, got " + server);
  }
  state->address.sin_port = htons(static_cast<uint16_t>(port));
  state->pids = std::move(pids);
  state->epoll = epoll_create1(0);
  state->lines.resize(static_cast<size_t>(connections));
  for (size_t i = 0; i < state->lines.size(); ++i) {
    if (absl::Status status = state->Connect(i); !status.ok()) return status;
  }
  return std::unique_ptr<Generator>(new Generator(std::move(state)));
}

Step Generator::RunOpenLoop(std::vector<Kind>& kinds, double rate, absl::Duration length, uint64_t seed) {
  State& state = *state_;
  state.Begin(kinds, seed);
  state.warm_up_slots = static_cast<size_t>(kWarmUp / kSlot);
  // Fixed before the first call is made.
  std::vector<Flight> plan;
  std::exponential_distribution<double> gap(rate);
  for (double at = gap(state.random); at < absl::ToDoubleSeconds(length); at += gap(state.random)) {
    plan.push_back({.planned = absl::UnixEpoch() + absl::Seconds(at),
                    .kind = state.DrawKind(),
                    .slot = static_cast<size_t>(absl::Seconds(at) / kSlot)});
  }
  const absl::Time begin = absl::Now() + absl::Milliseconds(1);
  absl::Time look = begin;
  for (size_t next = 0; next < plan.size() || !state.backlog.empty();) {
    const absl::Time now = absl::Now();
    for (; next < plan.size() && begin + (plan[next].planned - absl::UnixEpoch()) <= now; ++next) {
      plan[next].planned = begin + (plan[next].planned - absl::UnixEpoch());
      state.Count(plan[next]);
      state.backlog.push_back(plan[next]);
    }
    while (!state.backlog.empty() && !state.free_lines.empty()) {
      const size_t line = state.free_lines.back();
      state.free_lines.pop_back();
      const Flight flight = state.backlog.front();
      state.backlog.pop_front();
      state.Send(line, flight);
    }
    if (now >= look) {
      state.step.rss_max = std::max(state.step.rss_max, ResidentBytes(state.pids));
      look = now + kLookAtMemory;
    }
    if (now > begin + length + kLastAnswers) break;
    state.WaitUntil(next < plan.size() ? begin + (plan[next].planned - absl::UnixEpoch())
                                       : now + absl::Milliseconds(20));
  }
  state.WaitForTheLast();
  state.step.seconds = absl::ToDoubleSeconds(length);
  return std::move(state.step);
}

Step Generator::RunClosedLoop(std::vector<Kind>& kinds, int clients, absl::Duration length, uint64_t seed) {
  State& state = *state_;
  state.Begin(kinds, seed);
  state.warm_up_slots = 0;
  const absl::Time begin = absl::Now(), end = begin + length;
  const size_t idle =
      state.free_lines.size() - std::min(state.free_lines.size(), static_cast<size_t>(clients));
  while (absl::Now() < end) {
    while (state.free_lines.size() > idle) {
      const size_t line = state.free_lines.back();
      state.free_lines.pop_back();
      const Flight flight{.planned = absl::Now(), .kind = state.DrawKind()};
      state.Count(flight);
      state.Send(line, flight);
    }
    state.WaitUntil(end);
  }
  state.WaitForTheLast();
  state.step.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  state.step.rss_max = ResidentBytes(state.pids);
  return std::move(state.step);
}

std::string RpcBytes(const std::string& method, const std::string& token, const std::string& body) {
  return absl::StrCat(
      "POST /", method,
      " HTTP/1.1\r\nHost: gridwarden\r\nContent-Type: application/proto\r\nAuthorization: Bearer ", token,
      "\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

std::string GetBytes(const std::string& path) {
  return absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: gridwarden\r\n\r\n");
}

}  // namespace gridwarden::bench
