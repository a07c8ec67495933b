#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sim/city_plan.h"
#include "sim/find.h"

// What a play has done so far, a line per step in a file, so that one that was cut off goes on where it
// stopped.
namespace gridwarden::sim {

struct DiaryLine {
  size_t index = 0;              // of the find
  Find find;                     // as it stood after the step
  std::optional<Step> did;       // none: the find came into being
  std::optional<NextStep> next;  // none: its story is over
  std::string refused;           // what the server said when it refused the step
};

class Diary {
 public:
  // Reads what is there; "" keeps nothing. `play` names seed, days and size: FAILED_PRECONDITION when the
  // file is of another play. A last line that was cut off is dropped: its step is simply done again, which
  // doubles nothing.
  static absl::StatusOr<std::unique_ptr<Diary>> Open(const std::string& path, const std::string& play,
                                                     const Cast& cast);
  ~Diary();
  Diary(const Diary&) = delete;
  Diary& operator=(const Diary&) = delete;

  const std::vector<DiaryLine>& lines() const { return lines_; }
  // The last day whose overpass is written down; InfinitePast when none is.
  absl::Time last_day() const { return last_day_; }

  void Write(const DiaryLine& line) const;
  // The finds of a day's overpass and the day itself, at once.
  void WriteDay(absl::Time day, const std::vector<DiaryLine>& lines) const;

 private:
  Diary() = default;
  absl::Status Read(const std::string& text, const std::string& play, const Cast& cast);
  void Append(const std::string& text) const;

  int file_ = -1;
  std::vector<DiaryLine> lines_;
  absl::Time last_day_ = absl::InfinitePast();
};

}  // namespace gridwarden::sim
