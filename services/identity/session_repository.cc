#include "identity/session_repository.h"

#include "base/status.h"

namespace gridwarden::identity {
namespace {

constexpr absl::Duration kSessionKept = absl::Hours(24 * 30);
constexpr absl::Duration kAttemptKept = absl::Hours(24);

// previous_spent is of versions that took a token before once more only: always 0.
constexpr std::string_view kInsertSession = R"(
  INSERT INTO session (session_id, account_id, family_digest, token_digest, previous_digest, previous_spent, rotated_us, client,
                       created_us, idle_expires_us, expires_us, access_expires_us, ended_us, end_reason, access_revision)
  VALUES (?, ?, ?, ?, NULL, 0, ?, ?, ?, ?, ?, ?, NULL, 0, NULL))";
constexpr std::string_view kLockSession = R"(
  SELECT session_id, account_id, family_digest, token_digest, previous_digest, rotated_us, client, created_us,
         idle_expires_us, expires_us, access_expires_us, ended_us
  FROM session WHERE family_digest = ? FOR UPDATE)";
constexpr std::string_view kSaveRotation = R"(
  UPDATE session SET token_digest = ?, previous_digest = ?, rotated_us = ?, idle_expires_us = ?, access_expires_us = ?
  WHERE session_id = ?)";
constexpr std::string_view kEndSession = R"(
  UPDATE session SET ended_us = ?, end_reason = ?, access_revision = ? WHERE session_id = ? AND ended_us IS NULL)";
constexpr std::string_view kEndSessionsOf = R"(
  UPDATE session SET ended_us = ?, end_reason = ?, access_revision = ?
  WHERE account_id = ? AND ended_us IS NULL AND session_id <> ?)";
constexpr std::string_view kListEnded = R"(
  SELECT session_id FROM session WHERE access_revision > ? AND access_expires_us > ? ORDER BY access_revision)";

constexpr std::string_view kInsertKey = R"(
  INSERT INTO signing_key (key_id, public_key, created_us, active_us, retired_us) VALUES (?, ?, ?, ?, ?))";
constexpr std::string_view kListKeys = R"(
  SELECT key_id, public_key, created_us, active_us, retired_us FROM signing_key
  WHERE retired_us IS NULL OR retired_us > ? ORDER BY created_us, key_id)";
// Unlocked: a key retires once, and the first time stands.
constexpr std::string_view kRetireKey = R"(
  UPDATE signing_key SET retired_us = ? WHERE key_id = ? AND retired_us IS NULL)";

constexpr std::string_view kSweepIdle = R"(DELETE FROM session WHERE idle_expires_us < ? LIMIT ?)";
constexpr std::string_view kSweepEnded =
    R"(DELETE FROM session WHERE access_revision > 0 AND ended_us < ? LIMIT ?)";
constexpr std::string_view kSweepAttempts = R"(DELETE FROM login_attempt WHERE last_us < ? LIMIT ?)";

SessionRow ReadSession(const db::Row& row) {
  SessionRow session{.id = row.Id(0),
                     .account = row.Id(1),
                     .family_digest = row.Text(2),
                     .token_digest = row.Text(3),
                     .previous_digest = row.OptText(4).value_or(""),
                     .rotated = row.Time(5),
                     .client = row.Text(6),
                     .created = row.Time(7),
                     .idle_expires = row.Time(8),
                     .expires = row.Time(9),
                     .access_expires = row.Time(10)};
  if (!row.IsNull(11)) session.ended = row.Time(11);
  return session;
}

}  // namespace

absl::Status InsertSession(db::Transaction& tx, const SessionRow& session) {
  return tx
      .Exec(kInsertSession, session.id, session.account, session.family_digest, session.token_digest,
            session.rotated, session.client, session.created, session.idle_expires, session.expires,
            session.access_expires)
      .status();
}

absl::StatusOr<std::optional<SessionRow>> LockSessionByFamily(db::Transaction& tx,
                                                              std::string_view family_digest) {
  return tx.QueryOne(kLockSession, ReadSession, family_digest);
}

absl::Status SaveRotation(db::Transaction& tx, const SessionRow& session) {
  return tx
      .Exec(kSaveRotation, session.token_digest, session.previous_digest, session.rotated,
            session.idle_expires, session.access_expires, session.id)
      .status();
}

absl::StatusOr<bool> EndSession(db::Transaction& tx, const Uuid& session, SessionEnd reason, absl::Time now,
                                int64_t revision) {
  GW_ASSIGN_OR_RETURN(const uint64_t matched,
                      tx.Exec(kEndSession, now, static_cast<int>(reason), revision, session));
  return matched == 1;
}

absl::Status EndSessionsOf(db::Transaction& tx, const Uuid& account, const Uuid& but, SessionEnd reason,
                           absl::Time now, int64_t revision) {
  return tx.Exec(kEndSessionsOf, now, static_cast<int>(reason), revision, account, but.Bytes()).status();
}

absl::StatusOr<std::vector<Uuid>> ListEndedSessions(db::Transaction& tx, int64_t after_revision,
                                                    absl::Time now) {
  return tx.Query(
      kListEnded, [](const db::Row& row) { return row.Id(0); }, after_revision, now);
}

absl::Status InsertSigningKey(db::Transaction& tx, const SigningKeyRow& key) {
  return tx.Exec(kInsertKey, key.id, key.public_key, key.created, key.active, key.retired).status();
}

absl::StatusOr<std::vector<SigningKeyRow>> ListSigningKeys(db::Transaction& tx, absl::Time now) {
  return tx.Query(
      kListKeys,
      [](const db::Row& row) {
        return SigningKeyRow{.id = row.Text(0),
                             .public_key = row.Text(1),
                             .created = row.Time(2),
                             .active = row.Time(3),
                             .retired = row.Time(4)};
      },
      now);
}

absl::Status RetireSigningKey(db::Transaction& tx, std::string_view key_id, absl::Time when) {
  return tx.Exec(kRetireKey, when, key_id).status();
}

absl::StatusOr<uint64_t> SweepIdentity(db::Transaction& tx, absl::Time now, int limit) {
  GW_ASSIGN_OR_RETURN(const uint64_t idle, tx.Exec(kSweepIdle, now - kSessionKept, limit));
  GW_ASSIGN_OR_RETURN(const uint64_t ended, tx.Exec(kSweepEnded, now - kSessionKept, limit));
  GW_ASSIGN_OR_RETURN(const uint64_t attempts, tx.Exec(kSweepAttempts, now - kAttemptKept, limit));
  return idle + ended + attempts;
}

}  // namespace gridwarden::identity
