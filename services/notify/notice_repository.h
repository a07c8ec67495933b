#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "domain/policy/notice_rules.h"
#include "platform/db/database.h"

// The SQL of the inbox. A notice is never changed; that a person read it is a row of his own.
namespace gridwarden::notify {

struct NoticeRow {
  Uuid id;
  Uuid recipient;
  bool to_post = false;
  std::string kind;
  domain::Urgency urgency = domain::Urgency::kInform;
  std::string subject;  // "cases/0190..."
  std::string facts;    // a serialised notify.v1.NoticeFacts
  Uuid entry;
  absl::Time created;
};

// Those that are there already stay as they are: reading the feed again adds nothing.
absl::Status InsertNotices(db::Transaction& tx, std::span<const NoticeRow> notices);

// One recipient whose notices are a person's: himself, or a post he holds. Notices from before `since` are
// his only while nobody has read them.
struct InboxPart {
  Uuid recipient;
  absl::Time since;
};

struct Inbox {
  Uuid person;
  std::vector<InboxPart> parts;
  absl::Time oldest;  // nothing older is listed
};

struct InboxPage {
  bool unread_only = false;
  std::vector<std::string> kinds;  // empty: all
  int64_t after_us = INT64_MAX;    // time and id of the last one seen
  std::string after_id = std::string(16, '\xff');
  int limit = 50;
};

struct ListedNotice {
  NoticeRow notice;
  std::optional<absl::Time> read;
  std::optional<absl::Time> announced;  // due time of its delivery to the inbox; none: told at once
  bool digest = false;                  // with the summary, and not made yet
};

// Newest first.
absl::StatusOr<std::vector<ListedNotice>> ReadInbox(db::Transaction& tx, const Inbox& inbox,
                                                    const InboxPage& page);

struct Unread {
  int all = 0;
  int announced = 0;
};
// Counts up to `most`.
absl::StatusOr<Unread> CountUnread(db::Transaction& tx, const Inbox& inbox, int most);

// What decides whose a notice is.
struct NoticeMark {
  Uuid id;
  Uuid recipient;
  absl::Time created;
  bool read_by_me = false;
  bool read_by_others = false;
};
absl::StatusOr<absl::flat_hash_map<Uuid, NoticeMark>> ReadMarks(db::Transaction& tx, const Uuid& person,
                                                                std::span<const Uuid> ids);

absl::Status InsertReads(db::Transaction& tx, const Uuid& person, std::span<const NoticeMark> notices,
                         absl::Time now);
// Marks what is unread up to `until`, at most `most`; answers how many.
absl::StatusOr<int> InsertAllReads(db::Transaction& tx, const Inbox& inbox, absl::Time until, int most,
                                   absl::Time now);
absl::StatusOr<int> DeleteReads(db::Transaction& tx, const Uuid& person, std::span<const Uuid> ids);

// The time of the newest notice; InfinitePast when there is none.
absl::StatusOr<absl::Time> ReadNewest(db::Transaction& tx);

// Who is told when a subject comes to its end.
struct Origin {
  Uuid subject;
  Uuid person;
  Uuid post;
};
absl::Status InsertOrigins(db::Transaction& tx, std::span<const Origin> origins);
absl::StatusOr<std::vector<Origin>> ReadOrigins(db::Transaction& tx, std::span<const Uuid> subjects);

}  // namespace gridwarden::notify
