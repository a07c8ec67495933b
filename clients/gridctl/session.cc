#include "gridctl/session.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_format.h"
#include "base/id.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "nlohmann/json.hpp"

namespace gridwarden::gridctl {
namespace {

std::filesystem::path TokenFile() {
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config != '\0') {
    return std::filesystem::path(config) / "gridwarden" / "tokens.json";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "." : home) / ".config" / "gridwarden" / "tokens.json";
}

nlohmann::json ReadTokens() {
  std::ifstream in(TokenFile());
  nlohmann::json tokens = nlohmann::json::parse(in, nullptr, false);
  return tokens.is_object() ? tokens : nlohmann::json::object();
}

bool IsDigits(std::string_view text) {
  if (text.empty()) return false;
  for (unsigned char c : text) {
    if (std::isdigit(c) == 0) return false;
  }
  return true;
}

}  // namespace

Session::Session(SessionOptions options)
    : options_(std::move(options)),
      client_({.server = options_.server, .token = options_.token, .ca_file = options_.ca_file}) {
  access_token_ = options_.token;
  if (options_.token.empty()) Load();
  client_.set_token(access_token_);
}

void Session::Load() {
  const nlohmann::json tokens = ReadTokens();
  const auto found = tokens.find(options_.server);
  if (found == tokens.end() || !found->is_object()) return;
  access_token_ = found->value("access_token", "");
  refresh_token_ = found->value("refresh_token", "");
}

// Written to a new file and renamed, so that two runs at once never leave half a file.
absl::Status Session::Store() const {
  nlohmann::json tokens = ReadTokens();
  if (access_token_.empty()) {
    tokens.erase(options_.server);
  } else {
    tokens[options_.server] = {{"access_token", access_token_}, {"refresh_token", refresh_token_}};
  }
  const std::filesystem::path path = TokenFile();
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  const std::string fresh = absl::StrFormat("%s.%d", path.string(), getpid());
  const int fd = open(fresh.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  const std::string text = tokens.dump(2);
  const bool written = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) close(fd);
  if (!written || std::rename(fresh.c_str(), path.c_str()) != 0) {
    return absl::InternalError(absl::StrFormat("cannot store the token in %s", path.string()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Session::CallBytes(std::string_view method, const std::string& body) {
  if (!options_.demo_time.empty()) {
    absl::Time demo_now;
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, options_.demo_time, &demo_now, &error)) {
      return absl::InvalidArgumentError("--demo-time: " + error);
    }
    client_.set_demo_now(demo_now);
  }
  absl::StatusOr<std::string> answer = client_.CallBytes(method, body);
  if (answer.ok() || !absl::IsUnauthenticated(answer.status()) || refresh_token_.empty()) return answer;
  GW_RETURN_IF_ERROR(Refresh());
  return client_.CallBytes(method, body);
}

absl::Status Session::Refresh() {
  identity::v1::RefreshTokensRequest request;
  request.set_refresh_token(refresh_token_);
  client_.set_token("");
  GW_ASSIGN_OR_RETURN(
      const identity::v1::Tokens tokens,
      client_.Call<identity::v1::Tokens>("gridwarden.identity.v1.IdentityService/RefreshTokens", request));
  access_token_ = tokens.access_token();
  refresh_token_ = tokens.refresh_token();
  client_.set_token(access_token_);
  return Store();
}

absl::StatusOr<identity::v1::Account> Session::SignIn(const std::string& login, const std::string& password) {
  identity::v1::SignInRequest request;
  request.set_login(login);
  request.set_password(password);
  request.set_client("gridctl");
  client_.set_token("");
  GW_ASSIGN_OR_RETURN(
      const identity::v1::Tokens tokens,
      client_.Call<identity::v1::Tokens>("gridwarden.identity.v1.IdentityService/SignIn", request));
  access_token_ = tokens.access_token();
  refresh_token_ = tokens.refresh_token();
  client_.set_token(access_token_);
  GW_RETURN_IF_ERROR(Store());
  return tokens.account();
}

absl::Status Session::SignOut() {
  const absl::StatusOr<std::string> answer = CallBytes("gridwarden.identity.v1.IdentityService/SignOut",
                                                       identity::v1::SignOutRequest().SerializeAsString());
  if (!answer.ok() && !absl::IsUnauthenticated(answer.status())) return answer.status();
  access_token_.clear();
  refresh_token_.clear();
  return Store();
}

absl::StatusOr<std::string> Session::DivisionName(std::string_view spelling) {
  std::string name(spelling);
  if (!spelling.starts_with("divisions/")) {
    if (IsDigits(spelling.substr(0, spelling.find('@')))) {
      name = absl::StrFormat("divisions/code:%s", spelling);
    } else if (Uuid::Parse(spelling)) {
      name = absl::StrFormat("divisions/%s", spelling);
    } else {
      name = absl::StrFormat("divisions/path:%s", spelling);
    }
  }
  grid::v1::GetDivisionRequest request;
  request.set_name(name);
  GW_ASSIGN_OR_RETURN(const grid::v1::Division division,
                      Call<grid::v1::Division>("gridwarden.grid.v1.GridService/GetDivision", request));
  return division.name();
}

std::map<std::string, std::string> Session::PlaceNames(const std::vector<std::string>& divisions) {
  std::map<std::string, std::string> names;
  grid::v1::BatchGetDivisionsRequest request;
  for (const std::string& division : divisions) {
    if (!division.empty() && names.emplace(division, division).second && request.names_size() < 500)
      request.add_names(division);
  }
  const auto answer =
      Call<grid::v1::BatchGetDivisionsResponse>("gridwarden.grid.v1.GridService/BatchGetDivisions", request);
  if (!answer.ok()) return names;
  for (const grid::v1::Division& division : answer->divisions()) {
    // The last two names tell a reader of one city enough.
    const std::string& path = division.path();
    const size_t last = path.rfind('/');
    const size_t before =
        last == std::string::npos || last == 0 ? std::string::npos : path.rfind('/', last - 1);
    names[division.name()] = before == std::string::npos ? path : path.substr(before + 1);
  }
  return names;
}

std::string NewRequestId() { return Uuid::Make(absl::Now()).ToString(); }

}  // namespace gridwarden::gridctl
