#include "common/connect_client.h"

#include <curl/curl.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "common/authority_file.h"
#include "google/rpc/error_details.pb.h"
#include "nlohmann/json.hpp"

namespace gridwarden::client {
namespace {

constexpr size_t kAnswerBytesMax = 64u << 20;

absl::StatusCode CodeOf(const std::string& name) {
  static const std::map<std::string, absl::StatusCode> kCodes = {
      {"canceled", absl::StatusCode::kCancelled},
      {"unknown", absl::StatusCode::kUnknown},
      {"invalid_argument", absl::StatusCode::kInvalidArgument},
      {"deadline_exceeded", absl::StatusCode::kDeadlineExceeded},
      {"not_found", absl::StatusCode::kNotFound},
      {"already_exists", absl::StatusCode::kAlreadyExists},
      {"permission_denied", absl::StatusCode::kPermissionDenied},
      {"resource_exhausted", absl::StatusCode::kResourceExhausted},
      {"failed_precondition", absl::StatusCode::kFailedPrecondition},
      {"aborted", absl::StatusCode::kAborted},
      {"out_of_range", absl::StatusCode::kOutOfRange},
      {"unimplemented", absl::StatusCode::kUnimplemented},
      {"internal", absl::StatusCode::kInternal},
      {"unavailable", absl::StatusCode::kUnavailable},
      {"data_loss", absl::StatusCode::kDataLoss},
      {"unauthenticated", absl::StatusCode::kUnauthenticated},
  };
  const auto found = kCodes.find(name);
  return found == kCodes.end() ? absl::StatusCode::kUnknown : found->second;
}

// One detail of a Connect error: {"type": "google.rpc.ErrorInfo", "value": base64 without padding}.
void AddDetail(const nlohmann::json& detail, ErrorFacts& facts) {
  const std::string type = detail.value("type", "");
  std::string value = detail.value("value", "");
  while (value.size() % 4 != 0) value += '=';
  std::string bytes;
  if (!absl::Base64Unescape(value, &bytes)) return;
  if (type == "google.rpc.ErrorInfo") {
    google::rpc::ErrorInfo info;
    if (!info.ParseFromString(bytes)) return;
    facts.reason = info.reason();
    facts.metadata.insert(info.metadata().begin(), info.metadata().end());
  } else if (type == "google.rpc.BadRequest") {
    google::rpc::BadRequest bad;
    if (!bad.ParseFromString(bytes)) return;
    for (const auto& violation : bad.field_violations()) {
      facts.fields.push_back({violation.field(), violation.description()});
    }
  } else if (type == "google.rpc.RetryInfo") {
    google::rpc::RetryInfo retry;
    if (!retry.ParseFromString(bytes)) return;
    facts.retry_after =
        absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
  } else if (type == "google.rpc.LocalizedMessage") {
    google::rpc::LocalizedMessage localized;
    if (localized.ParseFromString(bytes)) facts.metadata["zh"] = localized.message();
  }
}

size_t Append(char* data, size_t size, size_t count, void* out) {
  auto* text = static_cast<std::string*>(out);
  if (text->size() + size * count > kAnswerBytesMax) return 0;
  text->append(data, size * count);
  return size * count;
}

// Why the connection did not come about, with what to do about it where that is known.
absl::Status Unreached(CURLcode result, const std::string& server, const std::string& detail) {
  const std::string why = detail.empty() ? curl_easy_strerror(result) : detail;
  if (result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE) {
    ErrorFacts facts;
    facts.metadata["zh"] = absl::StrFormat(
        "%s 的证书不可信（%s）。如果是本地证书：用浏览器打开该地址的 /trust，核对指纹后下载证书，再用 --ca "
        "文件 或 "
        "GRIDWARDEN_CA 指定",
        server, why);
    return MakeError(
        absl::StatusCode::kFailedPrecondition,
        absl::StrFormat("the certificate of %s is not to be trusted (%s); nothing was sent. If the server "
                        "has a local authority: open its page /trust, compare the fingerprint, download the "
                        "certificate and name it with --ca FILE or GRIDWARDEN_CA",
                        server, why),
        facts);
  }
  if (result == CURLE_SSL_CONNECT_ERROR) {
    ErrorFacts facts;
    facts.metadata["zh"] =
        absl::StrFormat("无法与 %s 建立加密连接（%s）；该端口是否只提供 http？", server, why);
    return MakeError(absl::StatusCode::kUnavailable,
                     absl::StrFormat("cannot reach %s: %s; does it speak http only?", server, why), facts);
  }
  return absl::UnavailableError(absl::StrFormat("cannot reach %s: %s", server, curl_easy_strerror(result)));
}

}  // namespace

absl::Status DecodeConnectError(int http_status, const std::string& body) {
  const nlohmann::json error = nlohmann::json::parse(body, nullptr, false);
  if (!error.is_object() || !error.contains("code")) {
    return absl::UnavailableError(
        absl::StrFormat("the server answered HTTP %d without a reason", http_status));
  }
  ErrorFacts facts;
  if (error.contains("details") && error["details"].is_array()) {
    for (const nlohmann::json& detail : error["details"]) {
      if (detail.is_object()) AddDetail(detail, facts);
    }
  }
  return MakeError(CodeOf(error["code"].get<std::string>()), error.value("message", ""), facts);
}

struct ConnectClient::Http {
  CURL* curl = nullptr;
  std::string answer;
  std::string found_ca;
};

ConnectClient::ConnectClient(ClientOptions options)
    : options_(std::move(options)), http_(std::make_unique<Http>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  http_->curl = curl_easy_init();
  if (!options_.ca_file.empty()) return;
  if (const char* named = std::getenv("GRIDWARDEN_CA"); named != nullptr && *named != '\0') {
    options_.ca_file = named;
  } else {
    http_->found_ca = FindAuthorityFile();
  }
}

ConnectClient::~ConnectClient() { curl_easy_cleanup(http_->curl); }

void ConnectClient::set_token(std::string token) { options_.token = std::move(token); }
const std::string& ConnectClient::server() const { return options_.server; }
void ConnectClient::set_demo_now(absl::Time now) { demo_now_ = now; }

// Named authorities stand alone; a local one that was found is believed besides the system's.
void ConnectClient::SetTrust() {
  CURL* curl = http_->curl;
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  } else if (!http_->found_ca.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, http_->found_ca.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, "/etc/ssl/certs");
  }
}

absl::StatusOr<std::string> ConnectClient::CallBytes(std::string_view method, const std::string& body) {
  const std::string url = absl::StrFormat("%s/%s", options_.server, method);
  curl_slist* headers = nullptr;
  const auto add = [&headers](const std::string& line) {
    headers = curl_slist_append(headers, line.c_str());
  };
  add("Content-Type: application/proto");
  add("Connect-Protocol-Version: 1");
  add("Expect:");
  add(absl::StrFormat("Connect-Timeout-Ms: %d", absl::ToInt64Milliseconds(options_.timeout)));
  if (!options_.token.empty()) add("Authorization: Bearer " + options_.token);
  if (demo_now_ != absl::InfinitePast()) {
    add("Gridwarden-Demo-Time: " + absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", demo_now_, absl::UTCTimeZone()));
  }
  CURL* curl = http_->curl;
  curl_easy_reset(curl);  // keeps the connection
  http_->answer.clear();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(options_.timeout)) + 500L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &http_->answer);
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  SetTrust();
  // Our own servers on loopback are never behind a proxy.
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
  const CURLcode result = curl_easy_perform(curl);
  long http_status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http_status);
  curl_slist_free_all(headers);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  if (result != CURLE_OK) return Unreached(result, options_.server, detail);
  if (http_status != 200) return DecodeConnectError(static_cast<int>(http_status), http_->answer);
  return std::move(http_->answer);
}

}  // namespace gridwarden::client
