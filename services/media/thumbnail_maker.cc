#include "media/thumbnail_maker.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "media/thumbnail_program.h"
#include "platform/runtime/confined.h"
#include "platform/runtime/log.h"

namespace gridwarden::media {
namespace {

constexpr size_t kThumbnailBytesMax = 512 << 10;
// Of waiting and working; the program's own limit of computing time is shorter.
constexpr absl::Duration kMakeMax = absl::Seconds(20);
constexpr absl::Duration kRetryAfter = absl::Seconds(2);

bool IsWholeJpeg(std::string_view bytes) {
  return bytes.size() > 4 && bytes.substr(0, 2) == "\xff\xd8" && bytes.substr(bytes.size() - 2) == "\xff\xd9";
}

}  // namespace

ThumbnailMaker::ThumbnailMaker(std::string program, int at_once)
    : program_(std::move(program)), free_(at_once) {}

absl::StatusOr<std::string> ThumbnailMaker::Make(std::string_view photo, absl::Time deadline) {
  const absl::Time until = std::min(deadline, absl::Now() + kMakeMax);
  {
    std::unique_lock lock(mutex_);
    const auto wait = std::max<int64_t>(0, absl::ToInt64Milliseconds(until - absl::Now()));
    if (!freed_.wait_for(lock, std::chrono::milliseconds(wait), [this] { return free_ > 0; }))
      return Overloaded("too many thumbnails are being made", kRetryAfter);
    --free_;
  }
  absl::StatusOr<ConfinedAnswer> answer =
      RunConfined(program_, {kThumbnailCommand}, photo, kThumbnailBytesMax, until);
  {
    const std::lock_guard lock(mutex_);
    ++free_;
  }
  freed_.notify_one();
  if (absl::IsDeadlineExceeded(answer.status())) return Overloaded("a thumbnail takes too long", kRetryAfter);
  if (!answer.ok()) return answer.status();
  if (answer->signal == SIGKILL) return Overloaded("there is no memory for a thumbnail now", kRetryAfter);
  if (answer->finished && IsWholeJpeg(answer->output)) return std::move(answer->output);
  if (answer->exit_code != kNoThumbnail) {
    Log(LogLevel::kWarning, "thumbnail_process_ended",
        {{"exit_code", std::to_string(answer->exit_code)}, {"signal", std::to_string(answer->signal)}});
  }
  return std::string();
}

std::string OwnProgram() { return "/proc/self/exe"; }

}  // namespace gridwarden::media
