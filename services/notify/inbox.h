#pragma once

#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "notify/notice_repository.h"
#include "platform/rpc/call.h"

// Whose notices are whose (notify.proto, Notice).
namespace gridwarden::notify {

// The method that an inbox is read by; its permission row says which posts have one.
inline constexpr std::string_view kListNotices = "gridwarden.notify.v1.NotifyService/ListNotices";

// The caller's: his own, those of the posts he holds at call.now and of the desks whose ground his took over.
// A caller without a person has none. At most 32 recipients, the oldest tenures first.
Inbox InboxOf(const domain::Ground& ground, const domain::Policy& policy, const rpc::Call& call);
// The same for somebody who does not call.
Inbox InboxOfPerson(const domain::Ground& ground, const domain::Policy& policy, const Uuid& person,
                    absl::Time now);

// Whether a notice is in it.
bool IsIn(const Inbox& inbox, const NoticeMark& notice);

}  // namespace gridwarden::notify
