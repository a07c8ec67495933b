#include "platform/runtime/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "absl/strings/str_cat.h"

extern char** environ;

namespace gridwarden {
namespace {

constexpr size_t kReadSize = 1 << 20;
constexpr long kComplaintMax = 2000;

void CloseAndForget(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

}  // namespace

Program::~Program() {
  CloseAndForget(input_);
  CloseAndForget(output_);
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (errors_ != nullptr) std::fclose(errors_);
}

absl::Status Program::Start(const std::vector<std::string>& arguments) {
  // A program that ends early is told by its exit code, not by a signal to us.
  static std::once_flag once;
  std::call_once(once, [] { signal(SIGPIPE, SIG_IGN); });
  name_ = arguments[0];
  int in[2];
  int out[2];
  errors_ = std::tmpfile();
  if (errors_ == nullptr || pipe2(in, O_CLOEXEC) != 0)
    return absl::InternalError(absl::StrCat(name_, ": ", std::strerror(errno)));
  input_ = in[1];
  if (pipe2(out, O_CLOEXEC) != 0) {
    close(in[0]);
    return absl::InternalError(absl::StrCat(name_, ": ", std::strerror(errno)));
  }
  output_ = out[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(errors_), STDERR_FILENO);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int failed = posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  if (failed == 0) return absl::OkStatus();
  pid_ = -1;
  return absl::FailedPreconditionError(
      absl::StrCat("cannot run ", name_, ": ", std::strerror(failed), "; is mariadb-client installed?"));
}

absl::StatusOr<std::string> Program::Read() {
  std::string bytes(kReadSize, '\0');
  while (true) {
    const ssize_t got = read(output_, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::InternalError(absl::StrCat(name_, ": ", std::strerror(errno)));
    bytes.resize(static_cast<size_t>(got));
    return bytes;
  }
}

absl::Status Program::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(input_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const absl::Status ended = Finish();
      return ended.ok() ? absl::InternalError(absl::StrCat(name_, " stopped reading")) : ended;
    }
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return absl::OkStatus();
}

absl::Status Program::Finish() {
  CloseAndForget(input_);
  CloseAndForget(output_);
  int state = 0;
  while (pid_ > 0 && waitpid(pid_, &state, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(name_, " failed: ", Complaint()));
}

std::string Program::Complaint() const {
  const long size = std::fseek(errors_, 0, SEEK_END) == 0 ? std::ftell(errors_) : 0;
  if (size <= 0) return "it said nothing";
  const long from = size > kComplaintMax ? size - kComplaintMax : 0;
  std::string text(static_cast<size_t>(size - from), '\0');
  std::fseek(errors_, from, SEEK_SET);
  text.resize(std::fread(text.data(), 1, text.size(), errors_));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace gridwarden
