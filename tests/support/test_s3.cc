#include "support/test_s3.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "support/test_database.h"

namespace gridwarden::testing {
namespace {

namespace fs = std::filesystem;

constexpr char kAccess[] = "GRIDWARDENTEST";
constexpr char kSecret[] = "a secret/of+the tests";
// The first start installs the server's packages.
constexpr absl::Duration kStartMax = absl::Minutes(3);

fs::path NewFolder() {
  std::string folder = (fs::temp_directory_path() / "gw_s3_XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) std::abort();
  return folder;
}

std::vector<std::string> TlsFlags(const std::string& key, const std::string& certificate) {
  if (key.empty()) return {};
  return {"--tls-key", key, "--tls-cert", certificate};
}

size_t Append(char* data, size_t size, size_t count, void* out) {
  static_cast<std::string*>(out)->append(data, size * count);
  return size * count;
}

std::string TextOf(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TestS3::TestS3(std::string tls_key, std::string tls_certificate)
    : folder_(NewFolder()), tls_(TlsFlags(tls_key, tls_certificate)) {
  WriteKeys();
  Start();
}

TestS3::~TestS3() {
  Stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void TestS3::WriteKeys(const std::string& access, const std::string& secret) {
  std::ofstream(access_key_file()) << access << "\n";
  std::ofstream(secret_key_file()) << secret << "\n";
}

void TestS3::WriteKeys() { WriteKeys(kAccess, kSecret); }

void TestS3::Start() {
  std::vector<std::string> arguments = {SourceDir() + "/tests/support/s3/run.sh",
                                        "--dir",
                                        (folder_ / "objects").string(),
                                        "--port",
                                        absl::StrCat(port_),
                                        "--bucket",
                                        kBucket,
                                        "--access-key",
                                        kAccess,
                                        "--secret-key",
                                        kSecret};
  arguments.insert(arguments.end(), tls_.begin(), tls_.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const fs::path log = folder_ / "log";
  fs::remove(log);
  pid_ = fork();
  if (pid_ == 0) {
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, 1);
    dup2(file, 2);
    execv(argv[0], argv.data());
    _exit(127);
  }
  const absl::Time give_up = absl::Now() + kStartMax;
  constexpr std::string_view kListening = "listening ";
  while (true) {
    const std::string said = TextOf(log);
    const size_t at = said.find(kListening);
    if (at != std::string::npos && said.find('\n', at) != std::string::npos &&
        absl::SimpleAtoi(said.substr(at + kListening.size(), said.find('\n', at) - at - kListening.size()),
                         &port_))
      return;
    if (waitpid(pid_, nullptr, WNOHANG) != 0 || absl::Now() > give_up) {
      std::fprintf(stderr, "the S3 server of the tests did not start: %s\n", said.c_str());
      std::exit(1);
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
}

void TestS3::Stop() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::string TestS3::endpoint() const {
  return absl::StrCat(tls_.empty() ? "http" : "https", "://127.0.0.1:", port_);
}

std::string TestS3::Control(const std::string& path) {
  CURL* curl = curl_easy_init();
  std::string answer;
  const std::string url = endpoint() + path;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);  // only the test's own switchboard
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_cleanup(curl);
  if (code != CURLE_OK) {
    std::fprintf(stderr, "the S3 server of the tests is away: %s\n", curl_easy_strerror(code));
    std::exit(1);
  }
  return answer;
}

void TestS3::Fault(const std::string& kind, int count) {
  Control(absl::StrCat("/-/fault?kind=", kind, "&count=", count));
}

int TestS3::Seen(const std::string& verb) { return nlohmann::json::parse(Control("/-/seen")).value(verb, 0); }

fs::path TestS3::FileOf(const std::string& key) const {
  return folder_ / "objects" / kBucket / (key + "._S3rver_object");
}

}  // namespace gridwarden::testing
