#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/id.h"
#include "base/status.h"
#include "common/connect_client.h"
#include "gridwarden/grid/v1/grid.pb.h"
#include "sim/city_plan.h"

// The demo city as the public API shows it, and the people who call it. Safe to use from several threads:
// each thread has a connection of its own, tokens are shared.
namespace gridwarden::sim {

struct WorldOptions {
  std::string server;
  std::string ca_file;  // "" = where clients look
  std::string admin_login = "admin";
  std::string admin_password;
  std::string demo_password;  // of every simulated account
  uint64_t seed = 1;
};

struct PostHere {
  std::string name;    // posts/{uuid}
  std::string holder;  // staff number of the holder; "" when vacant
};

class World {
 public:
  explicit World(WorldOptions options);

  uint64_t seed() const { return options_.seed; }
  // An id that depends on nothing but the seed and the words: a repeated simulation repeats its requests.
  std::string IdOf(std::string_view words) const;

  // Calls as a simulated person (staff number) or as "admin", at a demo time. Signs in when needed; waits and
  // repeats the same request when the server is busy, restarting or lost a race.
  template <typename Response>
  absl::StatusOr<Response> Call(const std::string& who, absl::Time now, std::string_view method,
                                const google::protobuf::Message& request) {
    GW_ASSIGN_OR_RETURN(const std::string bytes, CallBytes(who, now, method, request.SerializeAsString()));
    Response response;
    if (!response.ParseFromString(bytes)) return absl::InternalError("the server's answer cannot be parsed");
    return response;
  }

  // The same without types.
  absl::StatusOr<std::string> CallBytes(const std::string& who, absl::Time now, std::string_view method,
                                        const std::string& body);

  // Reads the tree below the city; `city` is a code.
  absl::StatusOr<std::vector<grid::v1::Division>> ReadTree(const std::string& city_code,
                                                           std::string* city_name);
  // Reads posts and persons once appointments are in.
  absl::Status ReadPosts(const std::string& city_name);
  // Makes the account of a staff member unless it is there already.
  absl::Status EnsureAccount(const std::string& staff_no, const std::string& display_name);

  // A post at a division; an empty name when there is none.
  PostHere PostAt(const std::string& division, grid::v1::Post::Kind kind) const;
  // Who holds a post: staff number, "" when vacant.
  std::string HolderOf(const std::string& post) const;
  bool HasAccount(const std::string& staff_no) const;
  int accounts() const;

 private:
  absl::StatusOr<std::string> TokenOf(const std::string& who, client::ConnectClient& client, bool fresh);

  WorldOptions options_;
  std::map<std::string, std::string> person_by_staff_no_, staff_no_by_person_;
  std::map<std::pair<std::string, int>, PostHere> posts_;
  std::map<std::string, std::string> holder_by_post_;
  mutable std::mutex mutex_;  // guards tokens_ and accounts_
  std::map<std::string, std::string> tokens_;
  std::map<std::string, bool> accounts_;
};

}  // namespace gridwarden::sim
