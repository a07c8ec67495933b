#include "journal/recompute.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "domain/merkle/tree.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "journal/journal_repository.h"
#include "platform/crypto/digest.h"
#include "platform/journal/stage.h"

namespace gridwarden::journal {
namespace {

namespace merkle = domain::merkle;

constexpr int kPage = 500;
constexpr absl::Duration kPageTimeout = absl::Seconds(60);

absl::Status Broken(uint64_t index, const char* why) {
  return absl::DataLossError(absl::StrFormat("journal_entry %d %s", index, why));
}

struct Link {
  uint64_t seq = 0;
  std::string leaf;
};

}  // namespace

absl::StatusOr<Recomputed> Recompute(db::Database& database, const std::vector<uint64_t>& sizes) {
  Recomputed result;
  merkle::Frontier frontier(&crypto::Sha256);
  absl::flat_hash_map<Uuid, Link> subjects;
  const auto note_root = [&] {
    if (std::find(sizes.begin(), sizes.end(), frontier.size()) != sizes.end())
      result.roots[frontier.size()] = frontier.Root();
  };
  note_root();
  while (true) {
    std::vector<StoredEntry> page;
    GW_RETURN_IF_ERROR(
        database.Run({.deadline = absl::Now() + kPageTimeout}, [&](db::Transaction& tx) -> absl::Status {
          GW_ASSIGN_OR_RETURN(page, ReadEntries(tx, frontier.size(), kPage));
          return absl::OkStatus();
        }));
    if (page.empty()) break;
    for (const StoredEntry& stored : page) {
      const uint64_t index = frontier.size();
      if (stored.index != index) return Broken(index, "is missing");
      if (stored.leaf != LeafHash(stored.body))
        return Broken(index, "was altered: its body does not give its leaf");
      v1::Entry entry;
      if (!entry.ParseFromString(stored.body) || entry.subject() != stored.subject.Bytes())
        return Broken(index, "was altered: its body is not what its columns say");
      Link& link = subjects[stored.subject];
      if (entry.subject_seq() != link.seq + 1 || entry.subject_prev() != link.leaf)
        return Broken(index, "does not follow the entry before it of its subject");
      link = {entry.subject_seq(), stored.leaf};
      frontier.Append(stored.leaf);
      note_root();
    }
  }
  std::optional<Head> head;
  GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(head, ReadHead(tx));
    return absl::OkStatus();
  }));
  if (!head) return absl::DataLossError("the head of the journal is gone");
  if (head->size != frontier.size() || head->frontier != frontier.Bytes()) {
    return absl::DataLossError(absl::StrFormat(
        "journal_head says %d entries, the entries give %d and another tree", head->size, frontier.size()));
  }
  result.origin = head->origin;
  result.size = frontier.size();
  result.root = frontier.Root();
  return result;
}

}  // namespace gridwarden::journal
