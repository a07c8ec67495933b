#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"

// The rounds of one township by its plan: the office has each week planned, the people go and see. All is
// well where they go; what they find elsewhere is played as finds.
namespace gridwarden::sim {

class Rounds {
 public:
  struct Links {
    // Calls as a member of staff at a demo time; the answer's bytes.
    std::function<absl::StatusOr<std::string>(const std::string& who, absl::Time now, std::string_view method,
                                              const google::protobuf::Message& request)>
        call;
    std::function<std::string(std::string_view words)> id_of;       // the same words, the same id
    std::function<std::string(const std::string& post)> holder_of;  // "" when nobody is there
  };

  Rounds(Links links, std::string township, std::string office)
      : links_(std::move(links)), township_(std::move(township)), office_(std::move(office)) {}

  // One day at `now`: plans the next seven days on Mondays and the first time, then has everybody do what may
  // be done by now. One task in twelve is left for tomorrow; a night's is handed in on the day after.
  absl::Status Day(absl::Time now);

  int planned() const { return planned_; }
  int seen() const { return seen_; }

 private:
  absl::Status Plan(absl::Time now);
  absl::Status GoAndSee(absl::Time now);

  Links links_;
  std::string township_, office_;
  bool begun_ = false;
  int planned_ = 0, seen_ = 0;
};

}  // namespace gridwarden::sim
