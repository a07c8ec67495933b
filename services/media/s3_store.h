#pragma once

#include <curl/curl.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "media/object_store.h"

// A bucket of an S3-compatible store, by libcurl and its own request signing (AWS Signature Version 4), path
// style.
namespace gridwarden::media {

struct S3Options {
  std::string endpoint;  // "https://s3.example.cn"; http only to this machine itself
  std::string bucket;
  std::string region = "us-east-1";
  // Files whose first line is the key. Read for each request, so that a rotated key needs no restart.
  std::string access_key_file;
  std::string secret_key_file;
  std::string ca_file;    // the authorities to trust; "": those of the system
  int requests_max = 16;  // at once, each with at most one photo in memory
  absl::Duration attempt_max = absl::Seconds(30);
};

class S3Store final : public ObjectStore {
 public:
  // INVALID_ARGUMENT naming the flag that cannot be meant; FAILED_PRECONDITION when a key file cannot be
  // read.
  static absl::StatusOr<std::shared_ptr<S3Store>> Open(S3Options options);
  ~S3Store() override;

  // Asks the store to take it only if nothing has that name, with the content's SHA-256 under the signature:
  // a store that got other bytes refuses them. S3 answers when the content is durable.
  absl::Status Put(const std::string& sha256_hex, std::string_view content, absl::Time deadline) override;
  absl::StatusOr<std::string> Get(const std::string& sha256_hex, absl::Time deadline) override;
  absl::StatusOr<std::vector<bool>> Has(const std::vector<ObjectSize>& objects, absl::Time deadline) override;
  absl::Status PutNamed(const std::string& name, std::string_view content, absl::Time deadline) override;
  absl::StatusOr<std::string> GetNamed(const std::string& name, absl::Time deadline) override;
  absl::Status RemoveNamed(const std::string& name, absl::Time deadline) override;
  // Stores a small object and reads it back the first time and after every failure; looks for it otherwise.
  absl::Status Check(absl::Time deadline) override;
  std::string Name() const override;

 private:
  enum class Verb { kGet, kHead, kPut, kPutIfAbsent, kDelete };
  // What a request is about. The digest is the SHA-256 of what is sent, 64 hex digits.
  struct Object {
    std::string key;
    std::string digest;
  };
  struct Answer {
    long status = 0;
    std::string body;  // of a GET that found it; otherwise the beginning of the error
    int64_t length = -1;
    bool has_etag = false;
  };

  explicit S3Store(S3Options options);

  // Tries again what may pass by itself, until the deadline. UNAVAILABLE in words unless the store answered
  // with a status that says something about the object: 200, 204, 404, 412, or 501.
  absl::StatusOr<Answer> Send(Verb verb, const Object& object, std::string_view content, absl::Time deadline);
  absl::StatusOr<Answer> SendOnce(Verb verb, const Object& object, std::string_view content,
                                  absl::Time deadline, bool& again);
  absl::Status PutWith(Verb verb, const Object& object, std::string_view content, absl::Time deadline);

  // A connection to use alone; null when none comes free before the deadline.
  CURL* Borrow(absl::Time deadline);
  void GiveBack(CURL* curl);

  const S3Options options_;
  std::mutex mutex_;  // guards idle_, lent_
  std::condition_variable freed_;
  std::vector<CURL*> idle_;
  int lent_ = 0;
  std::atomic<bool> proven_{false};  // Check stored its object and nothing failed since
};

}  // namespace gridwarden::media
