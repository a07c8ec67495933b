#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "notify/inbox.h"
#include "notify/notify.h"
#include "notify/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::notify {
namespace {

constexpr int kNamesMax = 500;
constexpr int kAllAtOnce = 5'000;

absl::StatusOr<std::vector<Uuid>> ReadNames(const v1::MarkReadRequest& request) {
  if (request.names().empty() || request.names_size() > kNamesMax) {
    return InvalidField("names", absl::StrFormat("got %d, want 1 to %d", request.names_size(), kNamesMax));
  }
  std::vector<Uuid> ids;
  absl::flat_hash_set<Uuid> seen;
  for (int i = 0; i < request.names_size(); ++i) {
    const std::string field = absl::StrCat("names[", i, "]");
    GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("notices", request.names(i), field));
    if (id.IsNil()) return InvalidField(field, "got nothing, want notices/{uuid}");
    if (seen.insert(id).second) ids.push_back(id);
  }
  return ids;
}

// The marks of the caller's notices. One that is not his, or not there, is refused in the same words.
absl::StatusOr<std::vector<NoticeMark>> OwnMarks(db::Transaction& tx, const Inbox& inbox,
                                                 const std::vector<Uuid>& ids) {
  GW_ASSIGN_OR_RETURN(const auto marks, ReadMarks(tx, inbox.person, ids));
  std::vector<NoticeMark> own;
  for (const Uuid& id : ids) {
    const auto mark = marks.find(id);
    if (mark == marks.end() || !IsIn(inbox, mark->second)) {
      const std::string name = ResourceName("notices", id);
      return MakeError(absl::StatusCode::kNotFound, absl::StrCat(name, " is not in your inbox"),
                       {.reason = "NOTICE_NOT_YOURS", .metadata = {{"resource", name}}});
    }
    own.push_back(mark->second);
  }
  return own;
}

}  // namespace

absl::StatusOr<v1::MarkReadResponse> MarkRead(const AreaContext& context, const rpc::Call& call,
                                              const v1::MarkReadRequest& request) {
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadNames(request));
  const Inbox inbox = InboxOf(*context.directory.ground(), *context.policy, call);
  return rpc::Mutate<v1::MarkReadResponse>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::MarkReadResponse> {
        GW_ASSIGN_OR_RETURN(std::vector<NoticeMark> notices, OwnMarks(tx, inbox, ids));
        std::erase_if(notices, [](const NoticeMark& notice) { return notice.read_by_me; });
        GW_RETURN_IF_ERROR(InsertReads(tx, inbox.person, notices, call.now));
        v1::MarkReadResponse response;
        response.set_changed(static_cast<int>(notices.size()));
        return response;
      });
}

absl::StatusOr<v1::MarkReadResponse> MarkUnread(const AreaContext& context, const rpc::Call& call,
                                                const v1::MarkReadRequest& request) {
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadNames(request));
  const Inbox inbox = InboxOf(*context.directory.ground(), *context.policy, call);
  return rpc::Mutate<v1::MarkReadResponse>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::MarkReadResponse> {
        GW_RETURN_IF_ERROR(OwnMarks(tx, inbox, ids).status());
        GW_ASSIGN_OR_RETURN(const int changed, DeleteReads(tx, inbox.person, ids));
        v1::MarkReadResponse response;
        response.set_changed(changed);
        return response;
      });
}

absl::StatusOr<v1::MarkReadResponse> MarkAllRead(const AreaContext& context, const rpc::Call& call,
                                                 const v1::MarkAllReadRequest& request) {
  GW_ASSIGN_OR_RETURN(const absl::Time before, ReadTime(request.before_time(), "before_time"));
  const Inbox inbox = InboxOf(*context.directory.ground(), *context.policy, call);
  return rpc::Mutate<v1::MarkReadResponse>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::MarkReadResponse> {
        GW_ASSIGN_OR_RETURN(const int changed, InsertAllReads(tx, inbox, before, kAllAtOnce, call.now));
        v1::MarkReadResponse response;
        response.set_changed(changed);
        response.set_more(changed == kAllAtOnce);
        return response;
      });
}

}  // namespace gridwarden::notify
