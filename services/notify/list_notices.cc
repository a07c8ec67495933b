#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "notify/inbox.h"
#include "notify/notice_text.h"
#include "notify/notify.h"
#include "platform/rpc/page.h"

namespace gridwarden::notify {
namespace {

constexpr int kKindsMax = 40;

absl::StatusOr<InboxPage> ReadPageOf(const v1::ListNoticesRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page asked, rpc::ReadPage(request));
  InboxPage page;
  page.unread_only = request.unread_only();
  if (request.kinds_size() > kKindsMax)
    return InvalidField("kinds", absl::StrCat("got ", request.kinds_size(), ", want at most ", kKindsMax));
  page.kinds.assign(request.kinds().begin(), request.kinds().end());
  page.limit = asked.size;
  if (asked.after.empty()) return page;
  const std::optional<Uuid> id = asked.after.size() == 2 ? Uuid::Parse(asked.after[1]) : std::nullopt;
  if (!id || !absl::SimpleAtoi(asked.after[0], &page.after_us))
    return InvalidField("page_token", "got no token of ours");
  page.after_id = id->Bytes();
  return page;
}

}  // namespace

absl::StatusOr<v1::ListNoticesResponse> ListNotices(const AreaContext& context, const rpc::Call& call,
                                                    const v1::ListNoticesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(InboxPage page, ReadPageOf(request));
  const size_t size = page.limit;
  ++page.limit;  // one more, to know whether the list goes on
  const Inbox inbox = InboxOf(*ground, *context.policy, call);
  std::vector<ListedNotice> listed;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(listed, ReadInbox(tx, inbox, page));
    return absl::OkStatus();
  }));
  v1::ListNoticesResponse response;
  if (listed.size() > size) {
    listed.resize(size);
    const NoticeRow& last = listed.back().notice;
    response.set_next_page_token(
        rpc::NextPageToken(request, {absl::StrCat(absl::ToUnixMicros(last.created)), last.id.ToString()}));
  }
  for (const ListedNotice& one : listed) *response.add_notices() = NoticeOf(*ground, *context.policy, one);
  return response;
}

absl::StatusOr<v1::UnreadCount> GetUnreadCount(const AreaContext& context, const rpc::Call& call,
                                               const v1::GetUnreadCountRequest&) {
  constexpr int kCountedMax = 1000;
  const Inbox inbox = InboxOf(*context.directory.ground(), *context.policy, call);
  Unread unread;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(unread, CountUnread(tx, inbox, kCountedMax));
    return absl::OkStatus();
  }));
  v1::UnreadCount count;
  count.set_unread(unread.all);
  count.set_announced(unread.announced);
  return count;
}

}  // namespace gridwarden::notify
