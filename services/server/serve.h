#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/db/database.h"
#include "platform/runtime/stop_signal.h"
#include "server/flags.h"

namespace gridwarden::server {

// What one process does (architecture.md: the two shapes). From the command line, checked.
struct ServeOptions {
  std::vector<std::string> areas;  // targets without "gateway"; in the order of Modules()
  bool gateway = false;
  std::optional<HostPort> listen_http;
  std::string listen_grpc;  // "" = none
  db::Options database;
  std::string data_dir;
  bool demo = false;
  std::map<std::string, std::string> peers;  // area -> address
  std::string static_dir;
  std::string migrations_dir;
  std::string hop_secret_file;
  std::string log_name;
  std::string ready_file;
  std::vector<std::string> trusted_proxies;
  int threads = 16;
  int queue = 256;
  absl::Duration drain_wait;  // between "not ready" and the drain, for a load balancer to see it
  absl::Duration drain_grace = absl::Seconds(20);
  bool log_calls = false;
};

std::span<const Flag> DatabaseFlags();
absl::StatusOr<db::Options> ReadDatabaseFlags(const Flags& flags);

std::span<const Flag> ServeFlags();  // without those of the database
// INVALID_ARGUMENT for an unknown target, an area that is neither here nor a peer, and whatever else cannot
// be meant.
absl::StatusOr<ServeOptions> ReadServeFlags(const Flags& flags);

// Serves until the process is asked to stop, then drains. OK after an orderly stop; the error that made it
// give up otherwise.
absl::Status Serve(const ServeOptions& options, const StopSignal& stop);

}  // namespace gridwarden::server
