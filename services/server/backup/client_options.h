#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/db/database.h"

namespace gridwarden::server {

// How MariaDB's own programs reach the database, in a file only we can read that goes away with this: a
// password on a command line could be seen by everybody.
class ClientOptions {
 public:
  static absl::StatusOr<ClientOptions> Write(const db::Options& options);
  ClientOptions(ClientOptions&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  ~ClientOptions();

  // `program` with the file first and then `arguments`.
  std::vector<std::string> Command(const std::string& program,
                                   const std::vector<std::string>& arguments) const;

 private:
  explicit ClientOptions(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace gridwarden::server
