#include "journal/ordering.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"

namespace gridwarden::journal {
namespace {

std::string FaultOf(const StagedEntry& entry, const char* why) {
  return absl::StrFormat("staged row %d, subject %s, number %d: %s", entry.id, entry.subject.ToString(),
                         entry.subject_seq, why);
}

}  // namespace

Order OrderStaged(std::vector<StagedEntry> staged, const std::vector<ChainEnd>& ends) {
  struct Chain {
    uint64_t seq = 0;
    std::string leaf;
    std::map<uint64_t, StagedEntry> early;  // came before their predecessor, by number
  };
  absl::flat_hash_map<Uuid, Chain> chains;
  for (const ChainEnd& end : ends) {
    Chain& chain = chains[end.subject];
    chain.seq = end.seq;
    chain.leaf = end.leaf;
  }
  std::sort(staged.begin(), staged.end(),
            [](const StagedEntry& a, const StagedEntry& b) { return a.id < b.id; });

  Order order;
  const auto take = [&](Chain& chain, StagedEntry entry) {
    if (entry.subject_prev != chain.leaf) {
      order.faults.push_back(FaultOf(entry, "does not name the leaf before it"));
      return false;
    }
    chain.seq = entry.subject_seq;
    chain.leaf = entry.leaf;
    order.ready.push_back(std::move(entry));
    return true;
  };
  for (StagedEntry& entry : staged) {
    if (!entry.well_formed) {
      order.faults.push_back(FaultOf(entry, "its body is not what its columns say"));
      continue;
    }
    Chain& chain = chains[entry.subject];
    if (entry.subject_seq <= chain.seq) {
      order.faults.push_back(FaultOf(entry, "the number is taken"));
    } else if (entry.subject_seq > chain.seq + 1) {
      const uint64_t seq = entry.subject_seq;
      chain.early.emplace(seq, std::move(entry));
    } else {
      bool taken = take(chain, std::move(entry));
      // Whatever waited for it follows at once.
      while (taken && !chain.early.empty() && chain.early.begin()->first == chain.seq + 1) {
        StagedEntry next = std::move(chain.early.begin()->second);
        chain.early.erase(chain.early.begin());
        taken = take(chain, std::move(next));
      }
    }
  }
  for (const auto& [subject, chain] : chains) order.waiting += static_cast<int>(chain.early.size());
  return order;
}

}  // namespace gridwarden::journal
