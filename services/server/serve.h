#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "media/s3_store.h"
#include "notify/webhook.h"
#include "platform/db/database.h"
#include "platform/runtime/stop_signal.h"
#include "server/edge.h"
#include "server/flags.h"
#include "server/network.h"
#include "server/vitals.h"

namespace gridwarden::server {

// What one process does (architecture.md: the two shapes). From the command line, checked.
struct ServeOptions {
  std::vector<std::string> areas;  // targets without "gateway"; in the order of Modules()
  bool gateway = false;
  std::optional<EdgeOptions> edge;  // nullopt: no HTTP
  std::string listen_grpc;          // "" = none
  db::Options database;
  std::string data_dir;
  std::optional<media::S3Options> photos;          // nullopt: in data_dir
  std::shared_ptr<const notify::Webhook> webhook;  // null: notices stay in the inbox
  bool demo = false;
  std::map<std::string, std::string> peers;  // area -> address
  NetworkOptions network;
  std::string web_dir;   // "" = no applications
  std::string web_keep;  // "" = no release before
  std::string migrations_dir;
  std::string grants;
  VitalsOptions vitals;
  std::string hop_secret_file;
  std::string log_name;
  std::string ready_file;
  int threads = 16;
  int queue = 256;
  absl::Duration drain_wait;  // between "not ready" and the drain, for a load balancer to see it
  absl::Duration drain_grace = absl::Seconds(20);
  bool log_calls = false;
};

std::span<const Flag> DatabaseFlags();
absl::StatusOr<db::Options> ReadDatabaseFlags(const Flags& flags);

// --grants, or what stands beside --migrations-dir.
std::string GrantsPath(const Flags& flags);

std::span<const Flag> ServeFlags();  // without those of the edge and of the database
// INVALID_ARGUMENT for an unknown target, an area that is neither here nor a peer, and whatever else cannot
// be meant.
absl::StatusOr<ServeOptions> ReadServeFlags(const Flags& flags);

// Serves until the process is asked to stop, then drains. OK after an orderly stop; the error that made it
// give up otherwise.
absl::Status Serve(const ServeOptions& options, const StopSignal& stop);

}  // namespace gridwarden::server
