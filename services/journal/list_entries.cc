#include <utility>

#include "absl/strings/numbers.h"
#include "journal/journal_service.h"
#include "platform/rpc/page.h"

namespace gridwarden::journal {
namespace {

// Where the page before ended: an index, or the number in the subject's chain when one subject is asked for.
absl::StatusOr<std::optional<uint64_t>> LastSeen(const rpc::Page& page) {
  if (page.after.empty()) return std::optional<uint64_t>();
  uint64_t last = 0;
  if (page.after.size() != 1 || !absl::SimpleAtoi(page.after[0], &last)) {
    return InvalidField("page_token", "got another list's token");
  }
  return std::optional<uint64_t>(last);
}

}  // namespace

absl::StatusOr<v1::ListEntriesResponse> ListEntries(db::Database& database, const rpc::Call& call,
                                                    const v1::ListEntriesRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const std::optional<uint64_t> last_seen, LastSeen(page));
  std::optional<Uuid> subject;
  if (!request.subject().empty()) {
    subject = Uuid::Parse(request.subject());
    if (!subject) return InvalidField("subject", "want a UUID");
  }

  std::vector<StoredEntry> entries;
  GW_RETURN_IF_ERROR(database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    if (subject) {
      GW_ASSIGN_OR_RETURN(entries, ReadEntriesOfSubject(tx, *subject, last_seen.value_or(0),
                                                        request.start_index(), page.size + 1));
    } else {
      GW_ASSIGN_OR_RETURN(entries,
                          ReadEntries(tx, last_seen ? *last_seen + 1 : request.start_index(), page.size + 1));
    }
    return absl::OkStatus();
  }));

  v1::ListEntriesResponse response;
  size_t bytes = 0;
  for (StoredEntry& entry : entries) {
    if (response.entries_size() == page.size || (bytes > 0 && bytes + entry.body.size() > kAnswerBytesMax)) {
      const StoredEntry& last = entries[response.entries_size() - 1];
      response.set_next_page_token(
          rpc::NextPageToken(request, {std::to_string(subject ? last.subject_seq : last.index)}));
      break;
    }
    bytes += entry.body.size();
    StoredEntry moved = entry;
    *response.add_entries() = ToProto(std::move(moved));
  }
  return response;
}

}  // namespace gridwarden::journal
