#include "notify/digest_worker.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/notice/timing.h"
#include "gridwarden/notify/v1/notify.pb.h"
#include "notify/delivery_repository.h"
#include "notify/inbox.h"
#include "notify/notice_repository.h"
#include "notify/rules.h"
#include "notify/settings_repository.h"
#include "platform/runtime/instruments.h"
#include "platform/runtime/log.h"

namespace gridwarden::notify {
namespace {

constexpr char kPart[] = "notify.digest";
constexpr std::chrono::seconds kPoll{5};
constexpr absl::Duration kStepTimeout = absl::Seconds(60);
constexpr int kPersonsAtOnce = 100;
constexpr int kPartsMax = 2'000;  // of one summary; the rest is in the next
constexpr int kSubjectsShown = 5;
constexpr int kUnreadCountedMax = 1'000;

// What the person has not read yet and is still his, by kind; the newest subjects as links.
v1::NoticeFacts FactsOf(const Inbox& inbox, const std::vector<DigestPart>& parts) {
  std::map<std::string, v1::DigestLine> lines;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    const bool his = std::any_of(inbox.parts.begin(), inbox.parts.end(),
                                 [&](const InboxPart& own) { return own.recipient == part->recipient; });
    if (part->read || !his) continue;
    v1::DigestLine& line = lines[part->kind];
    line.set_kind(part->kind);
    line.set_count(line.count() + 1);
    if (line.subjects_size() < kSubjectsShown) line.add_subjects(part->subject);
  }
  v1::NoticeFacts facts;
  for (const auto& [kind, line] : lines) *facts.add_lines() = line;
  return facts;
}

}  // namespace

DigestWorker::DigestWorker(const AreaContext& context, std::function<absl::Time()> now)
    : context_(context), now_(std::move(now)) {}

DigestWorker::~DigestWorker() { Stop(); }

void DigestWorker::Start() {
  std::lock_guard lock(mutex_);
  if (thread_.joinable()) return;
  stopping_ = false;
  thread_ = std::thread([this] { Loop(); });
}

void DigestWorker::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void DigestWorker::Loop() {
  absl::Status before;
  while (true) {
    const absl::StatusOr<int> made = RunOnce(absl::Now() + kStepTimeout);
    if (made.status() != before) {
      if (!made.ok()) Log(LogLevel::kWarning, "summaries_wait", {{"error", made.status().ToString()}});
      NoteHealth(kPart, made.status());
      before = made.status();
    }
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    if (made.ok() && *made > 0) continue;
    wake_.wait_for(lock, kPoll, [&] { return stopping_; });
    if (stopping_) return;
  }
}

absl::StatusOr<int> DigestWorker::RunOnce(absl::Time deadline) {
  const absl::Time now = now_();
  std::vector<Uuid> persons;
  GW_RETURN_IF_ERROR(context_.database.Read(deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(persons, ReadDigestTargets(tx, now, kPersonsAtOnce));
    return absl::OkStatus();
  }));
  for (const Uuid& person : persons) GW_RETURN_IF_ERROR(Summarise(person, now, deadline));
  return static_cast<int>(persons.size());
}

absl::Status DigestWorker::Summarise(const Uuid& person, absl::Time now, absl::Time deadline) {
  const domain::NoticeRules& rules = RulesOf(*context_.policy);
  const absl::TimeZone zone = ZoneOf(*context_.policy);
  const Inbox inbox = InboxOfPerson(*context_.directory.ground(), *context_.policy, person, now);
  return context_.database.Run({.deadline = deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const std::vector<DigestPart> parts, LockDigest(tx, person, now, kPartsMax));
    if (parts.empty()) return absl::OkStatus();
    v1::NoticeFacts facts = FactsOf(inbox, parts);
    // Everything was read meanwhile: there is nothing to sum up, and the day stays free.
    if (facts.lines().empty()) return SaveDigested(tx, person, parts, now);
    const int day = domain::LocalDay(parts.front().due, zone);
    const Uuid id = Uuid::Derive(person, absl::StrCat("notify.DIGEST.", day));
    GW_ASSIGN_OR_RETURN(const bool taken, TakeDigestDay(tx, person, day, id, now));
    if (!taken) {
      GW_ASSIGN_OR_RETURN(const auto settings, ReadSettings(tx, std::vector<Uuid>{person}));
      const int at = settings.contains(person) ? settings.at(person).DigestOr(rules) : rules.digest_at;
      const absl::Time midnight = absl::FromCivil(absl::CivilDay(1970, 1, 1) + day + 1, zone);
      return PostponeDigest(tx, person, parts, domain::NextAt(at, midnight - absl::Microseconds(1), zone));
    }
    GW_ASSIGN_OR_RETURN(const Unread unread, CountUnread(tx, inbox, kUnreadCountedMax));
    facts.set_unread_count(unread.all);
    const NoticeRow notice{.id = id,
                           .recipient = person,
                           .kind = "DIGEST",
                           .subject = ResourceName("persons", person),
                           .facts = facts.SerializeAsString(),
                           .entry = id,
                           .created = now};
    GW_RETURN_IF_ERROR(InsertNotices(tx, std::vector<NoticeRow>{notice}));
    const NewDelivery delivery{.notice = id, .channel = v1::Delivery::INBOX, .target = person, .due = now};
    GW_RETURN_IF_ERROR(InsertDeliveries(tx, std::vector<NewDelivery>{delivery}));
    return SaveDigested(tx, person, parts, now);
  });
}

}  // namespace gridwarden::notify
