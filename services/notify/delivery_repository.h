#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/notice/allowance.h"
#include "gridwarden/notify/v1/notify.pb.h"
#include "notify/notice_repository.h"
#include "platform/db/database.h"

// The SQL of notices on their way. A delivery that is being tried is leased: whoever dies over it leaves it
// to be tried again when the lease ends.
namespace gridwarden::notify {

struct NewDelivery {
  Uuid notice;
  v1::Delivery::Channel channel = v1::Delivery::INBOX;
  Uuid target;  // a person, or the division of a group
  bool digest = false;
  absl::Time due;
};
// Those that are there already stay as they are.
absl::Status InsertDeliveries(db::Transaction& tx, std::span<const NewDelivery> deliveries);

// One delivery to be tried, with its notice.
struct DueDelivery {
  NoticeRow notice;
  Uuid target;
  int attempts = 0;  // this one included
  Uuid batch;
};

// Takes what is due on a channel and is not waiting for the summary; counts an attempt and leases it until
// `lease`. What others hold is passed over. With `together` all go to one target, and those that were once
// sent together are so again; otherwise any.
absl::StatusOr<std::vector<DueDelivery>> ClaimDue(db::Transaction& tx, v1::Delivery::Channel channel,
                                                  absl::Time now, absl::Time lease, int most, bool together);

struct Outcome {
  Uuid notice;
  Uuid target;
  v1::Delivery::State state = v1::Delivery::WAITING;
  absl::Time next;    // WAITING
  std::string error;  // in words of ours, ASCII
};
// Writes what became of claimed ones. One that somebody else claimed meanwhile is left to him.
absl::Status SaveOutcomes(db::Transaction& tx, v1::Delivery::Channel channel, const Uuid& batch,
                          std::span<const Outcome> outcomes, absl::Time now);

// Persons for whom something waits for a summary that is due.
absl::StatusOr<std::vector<Uuid>> ReadDigestTargets(db::Transaction& tx, absl::Time now, int most);

struct DigestPart {
  Uuid notice;
  std::string kind;
  std::string subject;
  absl::Time due;
  bool read = false;
  Uuid recipient;
};
// What goes into a person's summary; locked. Oldest first.
absl::StatusOr<std::vector<DigestPart>> LockDigest(db::Transaction& tx, const Uuid& person, absl::Time now,
                                                   int most);
// Claims a local day of a person for one summary; false when it has one.
absl::StatusOr<bool> TakeDigestDay(db::Transaction& tx, const Uuid& person, int day, const Uuid& notice,
                                   absl::Time now);
absl::Status SaveDigested(db::Transaction& tx, const Uuid& person, std::span<const DigestPart> parts,
                          absl::Time now);
absl::Status PostponeDigest(db::Transaction& tx, const Uuid& person, std::span<const DigestPart> parts,
                            absl::Time due);

struct ListedDelivery {
  Uuid notice;
  std::string kind;
  v1::Delivery::Channel channel = v1::Delivery::INBOX;
  v1::Delivery::State state = v1::Delivery::WAITING;
  Uuid target;
  int attempts = 0;
  absl::Time due;
  absl::Time ended;
  std::string error;
};
// By due time, after this one.
absl::StatusOr<std::vector<ListedDelivery>> ReadDeliveries(db::Transaction& tx, v1::Delivery::State state,
                                                           int64_t after_us, const std::string& after_id,
                                                           int limit);
// Given-up ones of a channel start anew; answers how many.
absl::StatusOr<int> RetryGivenUp(db::Transaction& tx, v1::Delivery::Channel channel, absl::Time now,
                                 int most);

// How fast a channel may send, shared by all processes.
struct ChannelGate {
  domain::Allowance allowance;
  absl::Time silent_until;
};
// Locked until the end of `tx`. A full allowance for a channel that never sent.
absl::StatusOr<ChannelGate> LockGate(db::Transaction& tx, v1::Delivery::Channel channel, double burst,
                                     absl::Time now);
absl::Status SaveGate(db::Transaction& tx, v1::Delivery::Channel channel, const ChannelGate& gate);

}  // namespace gridwarden::notify
