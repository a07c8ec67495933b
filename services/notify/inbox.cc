#include "notify/inbox.h"

#include <algorithm>

#include "access/permission.h"
#include "notify/rules.h"

namespace gridwarden::notify {
namespace {

constexpr size_t kPartsMax = 32;

}  // namespace

Inbox InboxOf(const domain::Ground& ground, const domain::Policy& policy, const rpc::Call& call) {
  Inbox inbox{.person = call.principal.person, .parts = {}, .oldest = call.now - RulesOf(policy).keep};
  if (inbox.person.IsNil()) return inbox;
  inbox.parts.push_back({inbox.person, absl::InfinitePast()});
  absl::Time first = call.now;
  for (const domain::Holding& held : ground.HoldingsOf(inbox.person, call.now, absl::InfiniteFuture())) {
    const absl::Time since = held.tenure->valid.from;
    first = std::min(first, since);
    // Somebody may hold a post twice: as its deputy and in his own right.
    const auto known = std::find_if(inbox.parts.begin(), inbox.parts.end(),
                                    [&](const InboxPart& part) { return part.recipient == held.post->id; });
    if (known == inbox.parts.end())
      inbox.parts.push_back({held.post->id, since});
    else
      known->since = std::min(known->since, since);
  }
  rpc::Call reading = call;
  reading.method = std::string(kListNotices);
  for (const Uuid& id : access::AssigneesOf(ground, reading)) {
    const bool known = std::any_of(inbox.parts.begin(), inbox.parts.end(),
                                   [&](const InboxPart& part) { return part.recipient == id; });
    // Units receive nothing; their posts do.
    if (!known && ground.FindPost(id) != nullptr) inbox.parts.push_back({id, first});
  }
  std::stable_sort(inbox.parts.begin(), inbox.parts.end(),
                   [](const InboxPart& a, const InboxPart& b) { return a.since < b.since; });
  if (inbox.parts.size() > kPartsMax) inbox.parts.resize(kPartsMax);
  // As microseconds, whatever the beginning of a tenure is.
  for (InboxPart& part : inbox.parts) part.since = std::max(part.since, absl::UnixEpoch());
  return inbox;
}

Inbox InboxOfPerson(const domain::Ground& ground, const domain::Policy& policy, const Uuid& person,
                    absl::Time now) {
  rpc::Call call;
  call.principal.person = person;
  call.now = now;
  return InboxOf(ground, policy, call);
}

bool IsIn(const Inbox& inbox, const NoticeMark& notice) {
  if (notice.read_by_me) return true;
  return std::any_of(inbox.parts.begin(), inbox.parts.end(), [&](const InboxPart& part) {
    return part.recipient == notice.recipient && (notice.created >= part.since || !notice.read_by_others);
  });
}

}  // namespace gridwarden::notify
