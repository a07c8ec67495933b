#include "notify/webhook_channel.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "domain/notice/text.h"
#include "nlohmann/json.hpp"
#include "notify/notice_text.h"

namespace gridwarden::notify {
namespace {

constexpr size_t kTextBytesMax = 2048;  // of WeCom, the strictest (conventions.md C1)
constexpr size_t kAnswerBytesMax = 8 * 1024;
constexpr long kConnectMs = 3'000;
constexpr long kCallMs = 10'000;
constexpr int kPerMinuteMax = 100;
// DingTalk throttles for about ten minutes (conventions.md C1).
constexpr absl::Duration kSilence = absl::Minutes(10);
constexpr int kTooManyWeCom = 45009;
constexpr int kTooManyDingTalk = 130101;

bool IsThisMachine(const std::string& url) {
  for (const char* host : {"http://127.0.0.1", "http://[::1]", "http://localhost"}) {
    const std::string prefix = host;
    if (absl::StartsWith(url, prefix) &&
        (url.size() == prefix.size() || url[prefix.size()] == ':' || url[prefix.size()] == '/'))
      return true;
  }
  return false;
}

size_t ReadBody(char* data, size_t size, size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size * count > kAnswerBytesMax) return 0;  // ends the transfer
  body.append(data, size * count);
  return size * count;
}

BatchResult All(size_t batch, Result::Kind kind, std::string error) {
  return {.results = std::vector<Result>(batch, {kind, std::move(error)}), .silence = std::nullopt};
}

}  // namespace

absl::Status Webhook::Check() const {
  const bool plain = std::all_of(url.begin(), url.end(), [](unsigned char c) { return c > ' ' && c < 127; });
  if (!plain || (!absl::StartsWith(url, "https://") && !IsThisMachine(url))) {
    // Its query may hold a key: not repeated here.
    return InvalidField("--notify-webhook-url-file",
                        "want an address https://HOST/PATH (http only to this machine)");
  }
  if (per_minute < 1 || per_minute > kPerMinuteMax) {
    return InvalidField("--notify-webhook-per-minute",
                        absl::StrCat("got ", per_minute, ", want a number from 1 to ", kPerMinuteMax));
  }
  return absl::OkStatus();
}

BatchResult ReadAnswer(long status, const std::string& body, std::optional<int> retry_after_seconds,
                       size_t batch) {
  if (status == 429) {
    BatchResult result = All(batch, Result::Kind::kRetry, "HTTP 429");
    result.silence = absl::Seconds(
        std::clamp(retry_after_seconds.value_or(static_cast<int>(absl::ToInt64Seconds(kSilence))), 1, 3600));
    return result;
  }
  if (status >= 500 || status == 408)
    return All(batch, Result::Kind::kRetry, absl::StrFormat("HTTP %d", status));
  if (status < 200 || status >= 300)
    return All(batch, Result::Kind::kRefused, absl::StrFormat("HTTP %d", status));
  const nlohmann::json answer = nlohmann::json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("errcode") || !answer["errcode"].is_number_integer())
    return All(batch, Result::Kind::kDelivered, "");
  const int code = answer["errcode"].get<int>();
  if (code == 0) return All(batch, Result::Kind::kDelivered, "");
  if (code == kTooManyWeCom || code == kTooManyDingTalk) {
    BatchResult result = All(batch, Result::Kind::kRetry, absl::StrCat("errcode ", code));
    result.silence = kSilence;
    return result;
  }
  return All(batch, Result::Kind::kRefused, absl::StrCat("errcode ", code));
}

WebhookChannel::WebhookChannel(std::shared_ptr<const Webhook> webhook,
                               std::shared_ptr<const domain::Policy> policy,
                               const access::Directory& directory)
    : webhook_(std::move(webhook)), policy_(std::move(policy)), directory_(directory) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  curl_ = curl_easy_init();
}

WebhookChannel::~WebhookChannel() {
  if (curl_ != nullptr) curl_easy_cleanup(static_cast<CURL*>(curl_));
}

std::string WebhookChannel::TextOf(std::span<const DueDelivery> batch) const {
  if (batch.empty()) return "";
  const domain::Division* group = directory_.ground()->FindDivision(batch.front().target);
  std::vector<std::string> lines;
  for (const DueDelivery& delivery : batch) {
    const std::string line = GroupLineOf(*policy_, delivery.notice);
    if (!line.empty()) lines.push_back(absl::StrCat("· ", line));
  }
  return domain::Coalesce(
      absl::StrCat("【", group == nullptr ? "" : group->display_name, "】", lines.size(), " 条提醒"), lines,
      kTextBytesMax);
}

BatchResult WebhookChannel::Deliver(std::span<const DueDelivery> batch) {
  CURL* curl = static_cast<CURL*>(curl_);
  if (curl == nullptr) return All(batch.size(), Result::Kind::kRetry, "no memory for a connection");
  const std::string message =
      nlohmann::json{{"msgtype", "text"}, {"text", {{"content", TextOf(batch)}}}}.dump(
          -1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string answer;
  curl_easy_reset(curl);
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  // Whoever gets the same message twice, because the answer was lost, can tell by this.
  headers =
      curl_slist_append(headers, absl::StrCat("Idempotency-Key: ", batch.front().batch.ToString()).c_str());
  headers = curl_slist_append(headers, "Expect:");
  curl_easy_setopt(curl, CURLOPT_URL, webhook_->url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, message.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(message.size()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kCallMs);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ReadBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  if (!webhook_->ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, webhook_->ca_file.c_str());
  const CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
  curl_slist_free_all(headers);
  // The words of libcurl name no address.
  if (code != CURLE_OK) return All(batch.size(), Result::Kind::kRetry, curl_easy_strerror(code));
  return ReadAnswer(status, answer,
                    retry_after > 0 ? std::optional(static_cast<int>(std::min<curl_off_t>(retry_after, 3600)))
                                    : std::nullopt,
                    batch.size());
}

}  // namespace gridwarden::notify
