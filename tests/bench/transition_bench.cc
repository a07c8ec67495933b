// Durable transitions a second through gateway, token, authorisation, workflow and journal, interleaved in
// rounds with the bare transaction on the same MariaDB (numbers.md goal 1, 3 and 12). Prints one JSON line
// per cell for run.py.
//   transition_bench PLAN --clients=1,8,32,128 --seconds=3 --rounds=3 [--product-only]
#include <atomic>
#include <cstdio>
#include <memory>

#include "support/arguments.h"
#include "support/bare.h"
#include "support/bench_city.h"
#include "support/case_steps.h"
#include "support/journal_state.h"
#include "support/load.h"

namespace gridwarden::bench {
namespace {

// One client: a phone that walks its own cases through signal, filing, dispatch and acceptance, one
// transition a call.
struct Walker {
  explicit Walker(const City& city, size_t number) : caller(city), city(city), number(number) {}

  absl::Status Step() {
    absl::Status status;
    switch (turn % 4) {
      case 0: {
        const Township& township = city.townships[number % city.townships.size()];
        one = {.township = &township,
               .division = township.villages[(number + turn) % township.villages.size()]};
        status = SubmitSignal(caller, one, MediaToCome());
        break;
      }
      case 1:
        status = FileCase(caller, one);
        break;
      case 2:
        status = DispatchCase(caller, one);
        break;
      case 3:
        status = AcceptCase(caller, one);
        break;
    }
    turn = status.ok() ? turn + 1 : 0;
    return status;
  }

  Caller caller;
  const City& city;
  size_t number, turn = 0;
  CaseInHand one;
};

nlohmann::json LineOf(const char* what, int clients, int round, const Sample& sample) {
  return {{"measure", what},
          {"clients", clients},
          {"round", round},
          {"rate", sample.rate()},
          {"p50_ms", sample.Percentile(0.5)},
          {"p95_ms", sample.Percentile(0.95)},
          {"p99_ms", sample.Percentile(0.99)},
          {"errors", sample.errors},
          {"first_error", sample.first_error}};
}

absl::Status Run(const Arguments& arguments) {
  const std::vector<int> counts = arguments.Numbers("clients", {1, 8, 32, 128});
  const int rounds = static_cast<int>(arguments.Number("rounds", 3));
  GW_ASSIGN_OR_RETURN(const City city, OpenCity(arguments.plan));
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<JournalState> journal, JournalState::Open(city));
  int most = 1;
  for (const int clients : counts) most = std::max(most, clients);
  std::vector<std::unique_ptr<Walker>> walkers;
  for (int i = 0; i < most; ++i) walkers.push_back(std::make_unique<Walker>(city, static_cast<size_t>(i)));
  std::unique_ptr<Bare> bare;
  if (!arguments.Has("product-only")) {
    GW_ASSIGN_OR_RETURN(bare, Bare::Open(city.database_socket, most));
  }
  const absl::Duration length = absl::Seconds(arguments.Number("seconds", 3));
  for (int round = 0; round < rounds; ++round) {
    for (const int clients : counts) {
      const double server_before = CpuSeconds(city.server_pids),
                   database_before = CpuSeconds({city.database_pid});
      const Sample product = RunClients(
          clients, length, [&](int client) { return walkers[static_cast<size_t>(client)]->Step(); });
      nlohmann::json line = LineOf("product", clients, round, product);
      GW_ASSIGN_OR_RETURN(const JournalState::Backlog backlog, journal->Read());
      // What a commit leaves to do must not slow down the bare transaction that is measured next.
      GW_ASSIGN_OR_RETURN(const absl::Duration rest, journal->WaitUntilDone(absl::Minutes(3)));
      line["seconds"] = product.seconds;
      line["done"] = product.latencies_ms.size();
      line["backlog_staged"] = backlog.staged;
      line["backlog_unfolded"] = backlog.staged + backlog.unfolded;
      line["rest_seconds"] = absl::ToDoubleSeconds(rest);
      line["cpu_server"] = CpuSeconds(city.server_pids) - server_before;
      line["cpu_database"] = CpuSeconds({city.database_pid}) - database_before;
      Print(line);
      if (bare == nullptr) continue;
      const absl::Duration shorter = length * 0.6;
      Print(LineOf("bare", clients, round,
                   RunClients(clients, shorter, [&](int client) { return bare->FiveStatements(client); })));
      const double call_before = CpuSeconds({city.database_pid});
      const Sample call = RunClients(clients, shorter, [&](int client) { return bare->OneCall(client); });
      nlohmann::json of_call = LineOf("call", clients, round, call);
      of_call["done"] = call.latencies_ms.size();
      of_call["cpu_database"] = CpuSeconds({city.database_pid}) - call_before;
      Print(of_call);
    }
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace gridwarden::bench

int main(int argc, char** argv) {
  const auto arguments = gridwarden::bench::Arguments::Of(argc, argv);
  const absl::Status status = gridwarden::bench::Run(arguments);
  if (!status.ok()) std::fprintf(stderr, "transition_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
