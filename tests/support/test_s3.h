#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

// A real S3 server of a test's own (tests/support/s3): it keeps objects in files and verifies the signature
// and the digest of every request. Stops the process with the reason when it cannot be started: a test never
// skips.
namespace gridwarden::testing {

class TestS3 {
 public:
  // `tls_key` and `tls_certificate` are files; without them it speaks plain http.
  explicit TestS3(std::string tls_key = "", std::string tls_certificate = "");
  ~TestS3();
  TestS3(const TestS3&) = delete;
  TestS3& operator=(const TestS3&) = delete;

  // Ends it at once, as a crash does; what it stored stays.
  void Stop();
  // Starts it again on its port.
  void Start();

  std::string endpoint() const;
  static constexpr char kBucket[] = "photos";
  std::string access_key_file() const { return (folder_ / "access.key").string(); }
  std::string secret_key_file() const { return (folder_ / "secret.key").string(); }
  // Writes the right keys, or others.
  void WriteKeys(const std::string& access, const std::string& secret);
  void WriteKeys();

  // The next `count` requests fail so: "slow-down", "hang", "cut", "no-conditions".
  void Fault(const std::string& kind, int count);
  // How many requests of a verb came, correctly signed, since it was started.
  int Seen(const std::string& verb);

  // The file an object of that key lies in, to lose or damage it.
  std::filesystem::path FileOf(const std::string& key) const;

 private:
  std::string Control(const std::string& path);

  const std::filesystem::path folder_;
  const std::vector<std::string> tls_;
  int port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace gridwarden::testing
