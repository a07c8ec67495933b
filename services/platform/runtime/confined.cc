#include "platform/runtime/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace gridwarden {
namespace {

absl::Status Failure(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", strerror(errno)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() { Close(); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// A child that is waited for whatever happens.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      Wait();
    }
  }
  int Wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

absl::StatusOr<pid_t> Spawn(const std::string& program, const std::vector<std::string>& arguments,
                            int its_end) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, its_end, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, its_end, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  // Our threads block signals that it must not block.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  char* environment[] = {nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error == 0) return pid;
  return absl::UnavailableError(absl::StrCat(program, ": ", strerror(error)));
}

// Gives all the input and takes all the output, whichever the other side wants first.
absl::Status Exchange(int fd, std::string_view input, size_t output_max, absl::Time deadline,
                      std::string& output) {
  if (input.empty()) shutdown(fd, SHUT_WR);
  while (true) {
    const int64_t left_ms = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (left_ms <= 0) return absl::DeadlineExceededError("it took too long");
    pollfd wish{.fd = fd, .events = static_cast<short>(POLLIN | (input.empty() ? 0 : POLLOUT)), .revents = 0};
    const int ready = poll(&wish, 1, static_cast<int>(std::min<int64_t>(left_ms, 1000)));
    if (ready < 0 && errno != EINTR) return Failure("poll");
    if (ready <= 0) continue;
    if ((wish.revents & POLLOUT) != 0 && !input.empty()) {
      const ssize_t sent = send(fd, input.data(), input.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) input.remove_prefix(static_cast<size_t>(sent));
      if (sent < 0 && errno == EPIPE) input = {};  // it has seen enough
      if (input.empty()) shutdown(fd, SHUT_WR);
    }
    if ((wish.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      char part[64 * 1024];
      const ssize_t got = recv(fd, part, sizeof(part), MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno == ECONNRESET)) return absl::OkStatus();
      if (got < 0 && errno != EAGAIN && errno != EINTR) return Failure("recv");
      if (got > 0) output.append(part, static_cast<size_t>(got));
      if (output.size() > output_max) return absl::OkStatus();  // the destructor of its Child ends it
    }
  }
}

// At the second limit of computing time comes SIGKILL; at the first one that says what it was.
bool Limit(__rlimit_resource resource, rlim_t most) {
  const rlimit limit{.rlim_cur = most, .rlim_max = resource == RLIMIT_CPU ? most + 1 : most};
  return setrlimit(resource, &limit) == 0;
}

// What the process takes of addresses already: libraries and what they have allocated.
size_t AddressesInUse() {
  size_t pages = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%zu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages == 0 ? size_t{1} << 30 : pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Computing, giving memory back and taking more, saying the answer, and ending.
absl::Status FilterCalls() {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (filter == nullptr) return absl::UnavailableError("seccomp: no filter");
  int failed = 0;
  for (const int call :
       {SCMP_SYS(write), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(brk), SCMP_SYS(munmap),
        SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_yield),
        SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom)}) {
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
  }
  // Memory, but none that can be run, and no file as memory.
  failed |=
      seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                       SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
  failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  if (failed == 0) failed = seccomp_load(filter);  // sets no_new_privs first
  seccomp_release(filter);
  return failed == 0 ? absl::OkStatus()
                     : absl::UnavailableError(absl::StrCat("seccomp: ", strerror(-failed)));
}

}  // namespace

absl::StatusOr<ConfinedAnswer> RunConfined(const std::string& program,
                                           const std::vector<std::string>& arguments, std::string_view input,
                                           size_t output_max, absl::Time deadline) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return Failure("socketpair");
  const Descriptor ours(ends[0]);
  Descriptor its(ends[1]);
  const absl::StatusOr<pid_t> pid = Spawn(program, arguments, its.get());
  if (!pid.ok()) return pid.status();
  Child child(*pid);
  its.Close();
  ConfinedAnswer answer;
  const absl::Status exchanged = Exchange(ours.get(), input, output_max, deadline, answer.output);
  if (!exchanged.ok()) return exchanged;
  if (answer.output.size() > output_max) return ConfinedAnswer{};
  const int status = child.Wait();
  if (WIFEXITED(status)) answer.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) answer.signal = WTERMSIG(status);
  answer.finished = answer.exit_code == 0;
  return answer;
}

absl::Status ConfineThisProcess(const Confinement& confinement) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // it has no use once nobody waits for it
  // When memory runs out it goes before whoever serves others.
  if (std::FILE* file = std::fopen("/proc/self/oom_score_adj", "w")) {
    std::fputs("1000", file);
    std::fclose(file);
  }
  prctl(PR_SET_DUMPABLE, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // The sanitizers reserve terabytes of addresses that they never use.
  if (!Limit(RLIMIT_AS, AddressesInUse() + confinement.memory_bytes)) return Failure("memory limit");
#endif
  const auto seconds = static_cast<rlim_t>(confinement.cpu_seconds);
  if (!Limit(RLIMIT_CPU, seconds) || !Limit(RLIMIT_CORE, 0) || !Limit(RLIMIT_FSIZE, 0) ||
      !Limit(RLIMIT_NOFILE, 0)) {
    return Failure("limits");
  }
  return FilterCalls();
}

absl::StatusOr<std::string> ReadStandardInput(size_t bytes_max) {
  std::string bytes;
  char part[64 * 1024];
  while (true) {
    const ssize_t got = read(STDIN_FILENO, part, sizeof(part));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failure("standard input");
    if (got == 0) return bytes;
    bytes.append(part, static_cast<size_t>(got));
    if (bytes.size() > bytes_max) return absl::ResourceExhaustedError("standard input: too much");
  }
}

bool WriteStandardOutput(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace gridwarden
