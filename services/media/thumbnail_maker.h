#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace gridwarden::media {

// Makes thumbnails in processes that can do nothing else, few at once.
class ThumbnailMaker {
 public:
  // `program` is ours, with a command "thumbnail" (thumbnail_program.h).
  explicit ThumbnailMaker(std::string program, int at_once = 2);

  // A small JPEG; "" when the photo has none: it cannot be decoded, or not within memory and time.
  // RESOURCE_EXHAUSTED / OVERLOADED when no turn came before the deadline, UNAVAILABLE when no process could
  // be started.
  absl::StatusOr<std::string> Make(std::string_view photo, absl::Time deadline);

 private:
  const std::string program_;
  std::mutex mutex_;  // guards free_
  std::condition_variable freed_;
  int free_;
};

// Where this process's own program lies.
std::string OwnProgram();

}  // namespace gridwarden::media
