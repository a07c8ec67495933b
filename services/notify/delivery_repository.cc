#include "notify/delivery_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "notify/rows.h"

namespace gridwarden::notify {
namespace {

constexpr size_t kErrorMax = 200;

constexpr std::string_view kClaimColumns =
    "SELECT d.notice_id, d.target, d.attempts, d.batch, n.recipient, n.to_post, n.kind, n.urgency, "
    "n.subject, "
    "n.facts, n.created_us FROM notice_delivery d JOIN notice n ON n.notice_id = d.notice_id ";

DueDelivery DueOf(const db::Row& row) {
  DueDelivery due;
  due.notice.id = row.Id(0);
  due.target = row.Id(1);
  due.attempts = static_cast<int>(row.Int(2));
  due.batch = row.Id(3);
  due.notice.recipient = row.Id(4);
  due.notice.to_post = row.Bool(5);
  due.notice.kind = row.Text(6);
  due.notice.urgency = static_cast<domain::Urgency>(row.Int(7));
  due.notice.subject = row.Text(8);
  due.notice.facts = row.Text(9);
  due.notice.created = row.Time(10);
  return due;
}

// The ones that go into one message with the first: what was once sent with it, or else what waits for the
// same target and was never sent.
absl::StatusOr<std::vector<DueDelivery>> Together(db::Transaction& tx, v1::Delivery::Channel channel,
                                                  std::vector<DueDelivery> due) {
  if (due.empty()) return due;
  const DueDelivery first = due.front();
  if (first.batch.IsNil()) {
    std::erase_if(
        due, [&](const DueDelivery& other) { return other.target != first.target || !other.batch.IsNil(); });
    // In the order in which it is read again, so that the message is the same again.
    std::sort(due.begin(), due.end(),
              [](const DueDelivery& a, const DueDelivery& b) { return a.notice.id < b.notice.id; });
    return due;
  }
  static const std::string kSql =
      absl::StrCat(std::string(kClaimColumns),
                   "WHERE d.target = ? AND d.channel = ? AND d.state = 1 AND d.digest = 0 AND d.batch = ? "
                   "ORDER BY d.notice_id FOR UPDATE");
  return tx.Query(kSql, DueOf, first.target, static_cast<int>(channel), first.batch);
}

}  // namespace

absl::Status InsertDeliveries(db::Transaction& tx, std::span<const NewDelivery> deliveries) {
  std::vector<db::Value> values;
  for (const NewDelivery& delivery : deliveries) {
    values.insert(values.end(),
                  {delivery.notice, static_cast<int>(delivery.channel), delivery.target,
                   static_cast<int>(v1::Delivery::WAITING), delivery.digest, delivery.due, 0, ""});
  }
  return ExecRows(tx,
                  "INSERT IGNORE INTO notice_delivery (notice_id, channel, target, state, digest, due_us, "
                  "attempts, last_error) VALUES ",
                  8, "", values)
      .status();
}

absl::StatusOr<std::vector<DueDelivery>> ClaimDue(db::Transaction& tx, v1::Delivery::Channel channel,
                                                  absl::Time now, absl::Time lease, int most, bool together) {
  static const std::string kDue = absl::StrCat(
      std::string(kClaimColumns),
      "WHERE d.channel = ? AND d.state = 1 AND d.digest = 0 AND d.due_us <= ? ORDER BY d.due_us LIMIT ? "
      "FOR UPDATE SKIP LOCKED");
  GW_ASSIGN_OR_RETURN(std::vector<DueDelivery> due,
                      tx.Query(kDue, DueOf, static_cast<int>(channel), now, most));
  if (together) {
    GW_ASSIGN_OR_RETURN(due, Together(tx, channel, std::move(due)));
  }
  if (due.empty()) return due;
  const Uuid batch = together && !due.front().batch.IsNil() ? due.front().batch : Uuid::Make(now);
  std::vector<db::Value> keys;
  for (DueDelivery& one : due) {
    one.batch = batch;
    ++one.attempts;
    keys.insert(keys.end(), {one.notice.id, static_cast<int>(channel), one.target});
  }
  // In chunks: each binds the batch and the lease before its keys.
  constexpr size_t kAtOnce = 64;
  for (size_t at = 0; at < due.size(); at += kAtOnce) {
    const size_t count = std::min(kAtOnce, due.size() - at);
    std::vector<db::Value> values{lease, batch};
    for (size_t i = 0; i < kAtOnce; ++i) {
      const size_t from = (at + std::min(i, count - 1)) * 3;
      values.insert(values.end(), {keys[from], keys[from + 1], keys[from + 2]});
    }
    static const std::string kSql = absl::StrCat(
        "UPDATE notice_delivery SET due_us = ?, batch = ?, attempts = attempts + 1 WHERE state = 1 AND "
        "(notice_id, channel, target) IN (",
        db::RepeatedRows(3, static_cast<int>(kAtOnce)), ")");
    GW_RETURN_IF_ERROR(tx.ExecValues(kSql, values).status());
  }
  return due;
}

absl::Status SaveOutcomes(db::Transaction& tx, v1::Delivery::Channel channel, const Uuid& batch,
                          std::span<const Outcome> outcomes, absl::Time now) {
  constexpr std::string_view kOne = R"(
    UPDATE notice_delivery SET state = ?, due_us = COALESCE(?, due_us), last_error = ?, ended_us = ?
    WHERE notice_id = ? AND channel = ? AND target = ? AND state = 1 AND batch = ?)";
  std::vector<Outcome> others;
  std::vector<db::Value> delivered;
  for (const Outcome& outcome : outcomes) {
    if (outcome.state == v1::Delivery::DELIVERED)
      delivered.insert(delivered.end(), {outcome.notice, static_cast<int>(channel), outcome.target});
    else
      others.push_back(outcome);
  }
  // Most go well: those are written together.
  constexpr size_t kAtOnce = 64;
  const size_t count = delivered.size() / 3;
  for (size_t at = 0; at < count; at += kAtOnce) {
    std::vector<db::Value> values{now, batch};
    for (size_t i = 0; i < kAtOnce; ++i) {
      const size_t from = std::min(at + i, count - 1) * 3;
      values.insert(values.end(), {delivered[from], delivered[from + 1], delivered[from + 2]});
    }
    static const std::string kSql = absl::StrCat(
        "UPDATE notice_delivery SET state = 2, last_error = '', ended_us = ? WHERE state = 1 AND batch = ? "
        "AND "
        "(notice_id, channel, target) IN (",
        db::RepeatedRows(3, static_cast<int>(kAtOnce)), ")");
    GW_RETURN_IF_ERROR(tx.ExecValues(kSql, values).status());
  }
  for (const Outcome& outcome : others) {
    const bool waits = outcome.state == v1::Delivery::WAITING;
    GW_RETURN_IF_ERROR(tx.Exec(kOne, static_cast<int>(outcome.state),
                               waits ? std::optional(outcome.next) : std::nullopt,
                               outcome.error.substr(0, kErrorMax), waits ? std::nullopt : std::optional(now),
                               outcome.notice, static_cast<int>(channel), outcome.target, batch)
                           .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Uuid>> ReadDigestTargets(db::Transaction& tx, absl::Time now, int most) {
  constexpr std::string_view kSql = R"(
    SELECT DISTINCT target FROM notice_delivery
    WHERE channel = 1 AND state = 1 AND digest = 1 AND due_us <= ? LIMIT ?)";
  return tx.Query(
      kSql, [](const db::Row& row) { return row.Id(0); }, now, most);
}

absl::StatusOr<std::vector<DigestPart>> LockDigest(db::Transaction& tx, const Uuid& person, absl::Time now,
                                                   int most) {
  constexpr std::string_view kSql = R"(
    SELECT d.notice_id, n.kind, n.subject, d.due_us, r.person IS NOT NULL, n.recipient
    FROM notice_delivery d FORCE INDEX (notice_delivery_target)
    JOIN notice n ON n.notice_id = d.notice_id
    LEFT JOIN notice_read r ON r.person = d.target AND r.notice_id = d.notice_id
    WHERE d.target = ? AND d.channel = 1 AND d.state = 1 AND d.digest = 1 AND d.due_us <= ?
    ORDER BY d.due_us, d.notice_id LIMIT ? FOR UPDATE)";
  return tx.Query(
      kSql,
      [](const db::Row& row) {
        return DigestPart{row.Id(0), row.Text(1), row.Text(2), row.Time(3), row.Bool(4), row.Id(5)};
      },
      person, now, most);
}

absl::StatusOr<bool> TakeDigestDay(db::Transaction& tx, const Uuid& person, int day, const Uuid& notice,
                                   absl::Time now) {
  constexpr std::string_view kSql =
      "INSERT INTO notice_digest (person, day, notice_id, made_us) VALUES (?, ?, ?, ?)";
  const auto inserted = tx.Exec(kSql, person, day, notice, now);
  if (db::IsDuplicateKey(inserted.status())) return false;
  GW_RETURN_IF_ERROR(inserted.status());
  return true;
}

absl::Status SaveDigested(db::Transaction& tx, const Uuid& person, std::span<const DigestPart> parts,
                          absl::Time now) {
  constexpr size_t kAtOnce = 64;
  static const std::string kSql = absl::StrCat(
      "UPDATE notice_delivery SET state = 5, ended_us = ? WHERE channel = 1 AND target = ? AND state = 1 AND "
      "notice_id IN (",
      db::InList(static_cast<int>(kAtOnce)), ")");
  for (size_t at = 0; at < parts.size(); at += kAtOnce) {
    std::vector<db::Value> values{now, person};
    for (size_t i = 0; i < kAtOnce; ++i)
      values.emplace_back(parts[std::min(at + i, parts.size() - 1)].notice);
    GW_RETURN_IF_ERROR(tx.ExecValues(kSql, values).status());
  }
  return absl::OkStatus();
}

absl::Status PostponeDigest(db::Transaction& tx, const Uuid& person, std::span<const DigestPart> parts,
                            absl::Time due) {
  constexpr size_t kAtOnce = 64;
  static const std::string kSql = absl::StrCat(
      "UPDATE notice_delivery SET due_us = ? WHERE channel = 1 AND target = ? AND state = 1 AND notice_id IN "
      "(",
      db::InList(static_cast<int>(kAtOnce)), ")");
  for (size_t at = 0; at < parts.size(); at += kAtOnce) {
    std::vector<db::Value> values{due, person};
    for (size_t i = 0; i < kAtOnce; ++i)
      values.emplace_back(parts[std::min(at + i, parts.size() - 1)].notice);
    GW_RETURN_IF_ERROR(tx.ExecValues(kSql, values).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ListedDelivery>> ReadDeliveries(db::Transaction& tx, v1::Delivery::State state,
                                                           int64_t after_us, const std::string& after_id,
                                                           int limit) {
  constexpr std::string_view kSql = R"(
    SELECT d.notice_id, n.kind, d.channel, d.state, d.target, d.attempts, d.due_us, d.ended_us, d.last_error
    FROM notice_delivery d JOIN notice n ON n.notice_id = d.notice_id
    WHERE d.state = ? AND d.due_us >= ? AND (d.due_us > ? OR d.notice_id > ?)
    ORDER BY d.due_us, d.notice_id LIMIT ?)";
  return tx.Query(
      kSql,
      [](const db::Row& row) {
        return ListedDelivery{.notice = row.Id(0),
                              .kind = row.Text(1),
                              .channel = static_cast<v1::Delivery::Channel>(row.Int(2)),
                              .state = static_cast<v1::Delivery::State>(row.Int(3)),
                              .target = row.Id(4),
                              .attempts = static_cast<int>(row.Int(5)),
                              .due = row.Time(6),
                              .ended = row.Time(7),
                              .error = row.Text(8)};
      },
      static_cast<int>(state), after_us, after_us, after_id, limit);
}

absl::StatusOr<int> RetryGivenUp(db::Transaction& tx, v1::Delivery::Channel channel, absl::Time now,
                                 int most) {
  constexpr std::string_view kSql = R"(
    UPDATE notice_delivery SET state = 1, attempts = 0, due_us = ?, ended_us = NULL
    WHERE state = 3 AND channel = ? ORDER BY due_us LIMIT ?)";
  GW_ASSIGN_OR_RETURN(const uint64_t changed, tx.Exec(kSql, now, static_cast<int>(channel), most));
  return static_cast<int>(changed);
}

absl::StatusOr<ChannelGate> LockGate(db::Transaction& tx, v1::Delivery::Channel channel, double burst,
                                     absl::Time now) {
  constexpr std::string_view kInsert = R"(
    INSERT IGNORE INTO notice_channel (channel, tokens, refilled_us, silent_until_us) VALUES (?, ?, ?, 0))";
  constexpr std::string_view kSelect =
      "SELECT tokens, refilled_us, silent_until_us FROM notice_channel WHERE channel = ? FOR UPDATE";
  const auto read = [](const db::Row& row) { return ChannelGate{{row.Double(0), row.Time(1)}, row.Time(2)}; };
  GW_ASSIGN_OR_RETURN(std::optional<ChannelGate> gate, tx.QueryOne(kSelect, read, static_cast<int>(channel)));
  if (!gate) {
    GW_RETURN_IF_ERROR(tx.Exec(kInsert, static_cast<int>(channel), burst, now).status());
    GW_ASSIGN_OR_RETURN(gate, tx.QueryOne(kSelect, read, static_cast<int>(channel)));
  }
  if (!gate) return Internal("the gate of a channel cannot be read");
  return *gate;
}

absl::Status SaveGate(db::Transaction& tx, v1::Delivery::Channel channel, const ChannelGate& gate) {
  constexpr std::string_view kSql =
      "UPDATE notice_channel SET tokens = ?, refilled_us = ?, silent_until_us = ? WHERE channel = ?";
  return tx
      .Exec(kSql, gate.allowance.tokens, absl::ToUnixMicros(gate.allowance.refilled),
            absl::ToUnixMicros(gate.silent_until), static_cast<int>(channel))
      .status();
}

}  // namespace gridwarden::notify
