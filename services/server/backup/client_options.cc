#include "server/backup/client_options.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace gridwarden::server {
namespace {

// A value of an option file: quoted, with the escapes its reader knows.
std::string Quoted(const std::string& value) {
  return absl::StrCat("\"", absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

}  // namespace

absl::StatusOr<ClientOptions> ClientOptions::Write(const db::Options& options) {
  std::string text = "[client]\n";
  if (!options.unix_socket.empty()) {
    absl::StrAppend(&text, "socket=", Quoted(options.unix_socket), "\n");
  } else {
    absl::StrAppend(&text, "protocol=tcp\nhost=", Quoted(options.host), "\nport=", options.port, "\n");
  }
  absl::StrAppend(&text, "user=", Quoted(options.user), "\npassword=", Quoted(options.password), "\n");
  if (!options.tls_ca.empty())
    absl::StrAppend(&text, "ssl-ca=", Quoted(options.tls_ca), "\nssl-verify-server-cert\n");
  std::string path = (std::filesystem::temp_directory_path() / "gridwarden-XXXXXX").string();
  const int file = mkstemp(path.data());  // mode 0600
  if (file < 0) return absl::InternalError(absl::StrCat(path, ": ", std::strerror(errno)));
  ClientOptions written(path);
  const bool whole = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  if (!whole) return absl::InternalError(absl::StrCat(path, " cannot be written"));
  return written;
}

ClientOptions::~ClientOptions() {
  if (!path_.empty()) unlink(path_.c_str());
}

std::vector<std::string> ClientOptions::Command(const std::string& program,
                                                const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {program, "--defaults-file=" + path_};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace gridwarden::server
