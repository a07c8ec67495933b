#include "media/s3_store.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "media/photo.h"
#include "platform/crypto/digest.h"

namespace gridwarden::media {
namespace {

constexpr int kAttemptsMax = 5;
constexpr absl::Duration kFirstWait = absl::Milliseconds(100);
constexpr absl::Duration kConnectMax = absl::Seconds(5);
// A caller without a deadline of its own does not wait for ever either.
constexpr absl::Duration kCallMax = absl::Minutes(2);
// Slower than this for ten seconds is as good as dead.
constexpr long kBytesPerSecondMin = 1024;
constexpr size_t kErrorBytesMax = 8 * 1024;
constexpr size_t kLooksAtOnce = 8;
// What Check stores. It is its own proof: the name is the digest.
constexpr std::string_view kProbe = "gridwarden: the photo store can be written and read\n";

absl::StatusOr<std::string> FirstLine(const std::string& flag, const std::string& path) {
  std::ifstream in(path);
  std::string line;
  if (!in || !std::getline(in, line) || absl::StripAsciiWhitespace(line).empty())
    return FailedPrecondition("INTERNAL_FAULT", absl::StrCat(flag, ": cannot read a key from ", path));
  return std::string(absl::StripAsciiWhitespace(line));
}

// <Code>NoSuchBucket</Code> of S3's XML. Only shown to people and compared with known words.
std::string ErrorCode(const std::string& body) {
  const size_t begin = body.find("<Code>");
  const size_t end = body.find("</Code>");
  if (begin == std::string::npos || end == std::string::npos || end < begin || end - begin > 80) return "";
  std::string code = body.substr(begin + 6, end - begin - 6);
  const bool plain =
      std::all_of(code.begin(), code.end(), [](unsigned char c) { return absl::ascii_isalnum(c); });
  return plain ? code : "";
}

bool PassesByItself(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

bool PassesByItself(long status) {
  return status == 408 || status == 409 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

// In words for the operator; nothing of it is secret.
std::string Why(long status, const std::string& code) {
  const std::string said =
      code.empty() ? absl::StrFormat("HTTP %d", status) : absl::StrFormat("HTTP %d, %s", status, code);
  if (code == "InvalidAccessKeyId") return absl::StrCat("it does not know the access key (", said, ")");
  if (code == "SignatureDoesNotMatch")
    return absl::StrCat("the secret key is not the one of the access key, or the region is another (", said,
                        ")");
  if (code == "RequestTimeTooSkewed") return absl::StrCat("this machine's clock is off (", said, ")");
  if (code == "NoSuchBucket") return absl::StrCat("there is no such bucket (", said, ")");
  if (status == 401 || status == 403) return absl::StrCat("the key may not do this (", said, ")");
  if (status >= 300 && status < 400)
    return absl::StrCat("it sends us elsewhere; is that its endpoint? (", said, ")");
  return absl::StrCat("it answered ", said);
}

// What is read of an answer, and how much of it.
struct Reading {
  std::string* body;
  size_t most;
  bool too_much = false;
};

size_t ReadBody(char* data, size_t size, size_t count, void* into) {
  auto& reading = *static_cast<Reading*>(into);
  if (reading.body->size() + size * count > reading.most) {
    reading.too_much = true;
    return 0;  // ends the transfer
  }
  reading.body->append(data, size * count);
  return size * count;
}

size_t ReadHeader(char* data, size_t size, size_t count, void* has_etag) {
  const absl::string_view line(data, size * count);
  if (absl::StartsWithIgnoreCase(line, "etag:")) *static_cast<bool*>(has_etag) = true;
  return size * count;
}

class Headers {
 public:
  Headers() = default;
  Headers(const Headers&) = delete;
  ~Headers() { curl_slist_free_all(list_); }
  void Add(const std::string& line) { list_ = curl_slist_append(list_, line.c_str()); }
  curl_slist* list() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

bool IsThisMachine(const std::string& endpoint) {
  for (const char* host : {"http://127.0.0.1", "http://[::1]", "http://localhost"}) {
    const std::string prefix = host;
    if (absl::StartsWith(endpoint, prefix) &&
        (endpoint.size() == prefix.size() || endpoint[prefix.size()] == ':'))
      return true;
  }
  return false;
}

absl::Status CheckOptions(const S3Options& options) {
  const std::string& endpoint = options.endpoint;
  if (!absl::StartsWith(endpoint, "https://") && !IsThisMachine(endpoint)) {
    return InvalidField(
        "--media-s3-endpoint",
        absl::StrCat("got ", endpoint, ", want https://HOST[:PORT] (http only to this machine)"));
  }
  const std::string host = endpoint.substr(endpoint.find("://") + 3);
  if (host.empty() || host.find_first_of("/?#@ \t") != std::string::npos) {
    return InvalidField("--media-s3-endpoint",
                        absl::StrCat("got ", endpoint, ", want only scheme, host and port, without a path"));
  }
  const auto is_plain = [](const std::string& text, std::string_view besides, size_t least) {
    return text.size() >= least && text.size() <= 63 &&
           std::all_of(text.begin(), text.end(), [&](unsigned char c) {
             return absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                    besides.find(static_cast<char>(c)) != std::string_view::npos;
           });
  };
  if (!is_plain(options.bucket, ".-", 3)) {
    return InvalidField(
        "--media-s3-bucket",
        absl::StrCat("got \"", options.bucket, "\", want 3 to 63 lower-case letters, digits, . and -"));
  }
  if (!is_plain(options.region, "-", 1)) {
    return InvalidField("--media-s3-region",
                        absl::StrCat("got \"", options.region, "\", want lower-case letters, digits and -"));
  }
  if (options.access_key_file.empty())
    return InvalidField("--media-s3-access-key-file", "want the file that holds the access key");
  if (options.secret_key_file.empty())
    return InvalidField("--media-s3-secret-key-file", "want the file that holds the secret key");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<S3Store>> S3Store::Open(S3Options options) {
  while (absl::EndsWith(options.endpoint, "/")) options.endpoint.pop_back();
  GW_RETURN_IF_ERROR(CheckOptions(options));
  GW_RETURN_IF_ERROR(FirstLine("--media-s3-access-key-file", options.access_key_file).status());
  GW_RETURN_IF_ERROR(FirstLine("--media-s3-secret-key-file", options.secret_key_file).status());
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return std::shared_ptr<S3Store>(new S3Store(std::move(options)));
}

S3Store::S3Store(S3Options options) : options_(std::move(options)) {}

S3Store::~S3Store() {
  for (CURL* curl : idle_) curl_easy_cleanup(curl);
}

std::string S3Store::Name() const {
  return absl::StrFormat("bucket %s at %s", options_.bucket, options_.endpoint);
}

CURL* S3Store::Borrow(absl::Time deadline) {
  std::unique_lock lock(mutex_);
  while (idle_.empty() && lent_ >= options_.requests_max) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return nullptr;
    freed_.wait_for(lock, absl::ToChronoMilliseconds(left) + std::chrono::milliseconds(1));
  }
  ++lent_;
  if (idle_.empty()) return curl_easy_init();
  CURL* curl = idle_.back();
  idle_.pop_back();
  return curl;
}

void S3Store::GiveBack(CURL* curl) {
  {
    std::lock_guard lock(mutex_);
    --lent_;
    curl_easy_reset(curl);  // settings go, the connection stays
    idle_.push_back(curl);
  }
  freed_.notify_one();
}

absl::StatusOr<S3Store::Answer> S3Store::SendOnce(Verb verb, const Object& object, std::string_view content,
                                                  absl::Time deadline, bool& again) {
  GW_ASSIGN_OR_RETURN(const std::string access,
                      FirstLine("--media-s3-access-key-file", options_.access_key_file));
  GW_ASSIGN_OR_RETURN(const std::string secret,
                      FirstLine("--media-s3-secret-key-file", options_.secret_key_file));
  CURL* curl = Borrow(deadline);
  if (curl == nullptr) return StoreUnavailable("every connection is in use");
  struct Return {
    S3Store& store;
    CURL* curl;
    ~Return() { store.GiveBack(curl); }
  } const give_back{*this, curl};

  Answer answer;
  const bool put = verb == Verb::kPut || verb == Verb::kPutIfAbsent;
  Reading reading{&answer.body, verb == Verb::kGet ? static_cast<size_t>(kBytesMax) : kErrorBytesMax};
  char error[CURL_ERROR_SIZE] = "";
  Headers headers;
  // The store checks that it got just what the digest says.
  static const std::string kNothing = absl::BytesToHexString(crypto::Sha256(""));
  headers.Add(absl::StrCat("x-amz-content-sha256: ", put ? object.digest : kNothing));
  if (put) headers.Add("Content-Type: application/octet-stream");
  if (verb == Verb::kPutIfAbsent) headers.Add("If-None-Match: *");

  const std::string url = absl::StrCat(options_.endpoint, "/", options_.bucket, "/", object.key);
  const std::string signing = absl::StrCat("aws:amz:", options_.region, ":s3");
  const absl::Duration left = std::min(deadline - absl::Now(), options_.attempt_max);
  if (left <= absl::ZeroDuration()) return absl::DeadlineExceededError("no time left for the photo store");
  const long timeout_ms = std::max<long>(1, static_cast<long>(absl::ToInt64Milliseconds(left)));
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // never by way of somebody the environment names
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, signing.c_str());
  curl_easy_setopt(curl, CURLOPT_USERNAME, access.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, secret.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   std::min(timeout_ms, static_cast<long>(absl::ToInt64Milliseconds(kConnectMax))));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kBytesPerSecondMin);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 10L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ReadBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reading);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, ReadHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer.has_etag);
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  if (verb == Verb::kHead) curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (verb == Verb::kDelete) curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
  if (put) {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "PUT");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(content.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, content.data());  // not copied
  }
  const CURLcode code = curl_easy_perform(curl);
  // An object larger than anything we store is not what its name says; the beginning tells as much.
  if (code != CURLE_OK && !reading.too_much) {
    again = PassesByItself(code);
    return StoreUnavailable(
        absl::StrFormat("%s: %s", Name(), *error != 0 ? error : curl_easy_strerror(code)));
  }
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_off_t length = -1;
  curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  answer.length = length;
  const std::string said = answer.status == 200 ? "" : ErrorCode(answer.body);
  const bool of_the_object = answer.status == 200 || answer.status == 204 ||
                             (answer.status == 404 && said != "NoSuchBucket") || answer.status == 412 ||
                             answer.status == 501;
  if (of_the_object) return answer;
  again = PassesByItself(answer.status);
  return StoreUnavailable(absl::StrFormat("%s: %s", Name(), Why(answer.status, said)));
}

absl::StatusOr<S3Store::Answer> S3Store::Send(Verb verb, const Object& object, std::string_view content,
                                              absl::Time deadline) {
  const absl::Time last = std::min(deadline, absl::Now() + kCallMax);
  absl::BitGen random;
  absl::Duration wait = kFirstWait;
  for (int attempt = 1;; ++attempt) {
    bool again = false;
    absl::StatusOr<Answer> answer = SendOnce(verb, object, content, last, again);
    if (!answer.ok()) proven_ = false;
    if (answer.ok() || !again || attempt == kAttemptsMax) return answer;
    // Half to one and a half of the wait, so that many that failed together do not come back together.
    const absl::Duration pause = wait * absl::Uniform(random, 0.5, 1.5);
    if (absl::Now() + pause >= last) return answer;
    absl::SleepFor(pause);
    wait *= 2;
  }
}

absl::Status S3Store::PutWith(Verb verb, const Object& object, std::string_view content,
                              absl::Time deadline) {
  GW_ASSIGN_OR_RETURN(const Answer answer, Send(verb, object, content, deadline));
  if (answer.status == 200) {
    // Every store names what it stored; a web server that says yes to everything does not.
    if (answer.has_etag) return absl::OkStatus();
    return StoreUnavailable(absl::StrFormat("%s: it answered like no S3 store (no ETag)", Name()));
  }
  if (verb == Verb::kPutIfAbsent && answer.status == 501)
    return PutWith(Verb::kPut, object, content, deadline);
  if (verb == Verb::kPutIfAbsent && answer.status == 412) {
    const absl::Status stored = Get(object.digest, deadline).status();
    return absl::IsDataLoss(stored) ? PutWith(Verb::kPut, object, content, deadline) : stored;
  }
  return StoreUnavailable(absl::StrFormat("%s: %s", Name(), Why(answer.status, ErrorCode(answer.body))));
}

absl::Status S3Store::Put(const std::string& hex, std::string_view content, absl::Time deadline) {
  return PutWith(Verb::kPutIfAbsent, {ObjectPath(hex), hex}, content, deadline);
}

absl::StatusOr<std::string> S3Store::Get(const std::string& hex, absl::Time deadline) {
  GW_ASSIGN_OR_RETURN(Answer answer, Send(Verb::kGet, {ObjectPath(hex)}, "", deadline));
  if (answer.status == 404) return ContentLost(hex, "in the photo store");
  if (answer.status != 200)
    return StoreUnavailable(absl::StrFormat("%s: %s", Name(), Why(answer.status, ErrorCode(answer.body))));
  if (!IsContentOf(answer.body, hex)) return ContentLost(hex, "in the photo store");
  return std::move(answer.body);
}

absl::Status S3Store::PutNamed(const std::string& name, std::string_view content, absl::Time deadline) {
  return PutWith(Verb::kPut, {name, absl::BytesToHexString(crypto::Sha256(content))}, content, deadline);
}

absl::StatusOr<std::string> S3Store::GetNamed(const std::string& name, absl::Time deadline) {
  GW_ASSIGN_OR_RETURN(Answer answer, Send(Verb::kGet, {name}, "", deadline));
  if (answer.status == 404) return NotFound(name);
  if (answer.status != 200)
    return StoreUnavailable(absl::StrFormat("%s: %s", Name(), Why(answer.status, ErrorCode(answer.body))));
  return std::move(answer.body);
}

absl::Status S3Store::RemoveNamed(const std::string& name, absl::Time deadline) {
  GW_ASSIGN_OR_RETURN(const Answer answer, Send(Verb::kDelete, {name}, "", deadline));
  if (answer.status == 200 || answer.status == 204 || answer.status == 404) return absl::OkStatus();
  return StoreUnavailable(absl::StrFormat("%s: %s", Name(), Why(answer.status, ErrorCode(answer.body))));
}

absl::StatusOr<std::vector<bool>> S3Store::Has(const std::vector<ObjectSize>& objects, absl::Time deadline) {
  std::vector<char> there(objects.size(), 0);  // chars, because threads write beside each other
  std::atomic<size_t> next = 0;
  std::mutex mutex;  // guards failure
  absl::Status failure;
  const auto look = [&] {
    for (size_t i = next++; i < objects.size(); i = next++) {
      const absl::StatusOr<Answer> answer =
          Send(Verb::kHead, {ObjectPath(objects[i].sha256_hex)}, "", deadline);
      if (answer.ok()) {
        there[i] = answer->status == 200 && answer->length == objects[i].size;
        continue;
      }
      std::lock_guard lock(mutex);
      failure = answer.status();
      next = objects.size();
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::min(kLooksAtOnce, objects.size()); ++i) threads.emplace_back(look);
  look();
  for (std::thread& thread : threads) thread.join();
  if (!failure.ok()) return failure;
  return std::vector<bool>(there.begin(), there.end());
}

absl::Status S3Store::Check(absl::Time deadline) {
  static const std::string kName = absl::BytesToHexString(crypto::Sha256(kProbe));
  if (proven_) {
    GW_ASSIGN_OR_RETURN(const Answer answer, Send(Verb::kHead, {ObjectPath(kName)}, "", deadline));
    if (answer.status == 200) return absl::OkStatus();
  }
  GW_RETURN_IF_ERROR(PutWith(Verb::kPut, {ObjectPath(kName), kName}, kProbe, deadline));
  GW_RETURN_IF_ERROR(Get(kName, deadline).status());
  proven_ = true;
  return absl::OkStatus();
}

}  // namespace gridwarden::media
