#include "support/test_journal.h"

#include <cstdio>
#include <cstdlib>
#include <map>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "domain/merkle/tree.h"
#include "journal/journal_repository.h"
#include "platform/crypto/digest.h"

namespace gridwarden::testing {

TestSubjects::TestSubjects(TestDatabase& test, int count) : test_(test) {
  test.Exec(
      "CREATE TABLE IF NOT EXISTS test_subject (id BINARY(16) NOT NULL PRIMARY KEY, subject_seq BIGINT NOT "
      "NULL, "
      "subject_leaf VARBINARY(32) NOT NULL) ENGINE=InnoDB");
  for (int i = 0; i < count; ++i) {
    ids_.push_back(Uuid::Make(absl::Now()));
    const absl::Status made = test->Run([&](db::Transaction& tx) {
      return tx
          .Exec("INSERT INTO test_subject (id, subject_seq, subject_leaf) VALUES (?, 0, '')", ids_.back())
          .status();
    });
    if (!made.ok()) std::fprintf(stderr, "%s\n", made.ToString().c_str()), std::exit(1);
  }
}

absl::Status TestSubjects::Change(db::Transaction& tx, const rpc::Call& call, int i, uint64_t value,
                                  const std::string& kind, const std::string& request_id) {
  journal::v1::Anchor event;
  event.set_size(value);
  journal::Draft draft{.kind = kind, .event = &event, .request_id = request_id};
  GW_ASSIGN_OR_RETURN(const auto before,
                      tx.QueryOne(
                          "SELECT subject_seq, subject_leaf FROM test_subject WHERE id = ? FOR UPDATE",
                          [&](const db::Row& row) {
                            return journal::Subject{ids_[i], static_cast<uint64_t>(row.Int(0)), row.Text(1)};
                          },
                          ids_[i]));
  draft.before = *before;
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed, journal::Seal(call, draft));
  GW_RETURN_IF_ERROR(tx.Exec("UPDATE test_subject SET subject_seq = ?, subject_leaf = ? WHERE id = ?",
                             sealed.after.seq, sealed.after.leaf, ids_[i])
                         .status());
  return journal::Stage(tx, sealed);
}

void TestSubjects::Change(int i, uint64_t value, const std::string& kind, const std::string& request_id) {
  const absl::Status changed = test_->Run([&](db::Transaction& tx) {
    return Change(tx, rpc::Call::System("test", absl::Now()), i, value, kind, request_id);
  });
  if (!changed.ok()) std::fprintf(stderr, "%s\n", changed.ToString().c_str()), std::exit(1);
}

std::string FaultsOfJournal(TestDatabase& test) {
  std::string faults;
  const absl::Status read = test->Read(absl::InfiniteFuture(), [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto head, journal::ReadHead(tx));
    GW_ASSIGN_OR_RETURN(const auto entries, journal::ReadEntries(tx, 0, 1'000'000));
    if (!head) return absl::NotFoundError("no head");
    if (entries.size() != head->size)
      faults += absl::StrFormat("%d entries, the head says %d; ", entries.size(), head->size);
    domain::merkle::Frontier frontier(crypto::Sha256);
    std::map<Uuid, std::pair<uint64_t, std::string>> chains;
    std::vector<domain::merkle::TileRoot> nodes;
    absl::Time before = absl::InfinitePast();
    for (size_t i = 0; i < entries.size(); ++i) {
      const journal::StoredEntry& entry = entries[i];
      journal::v1::Entry body;
      if (entry.index != i) faults += absl::StrFormat("index %d at place %d; ", entry.index, i);
      if (entry.leaf != journal::LeafHash(entry.body)) faults += absl::StrFormat("leaf of %d; ", i);
      if (!body.ParseFromString(entry.body) || body.kind() != entry.kind)
        faults += absl::StrFormat("body of %d; ", i);
      auto& [seq, leaf] = chains[entry.subject];
      if (entry.subject_seq != seq + 1 || body.subject_prev() != leaf)
        faults += absl::StrFormat("chain at %d; ", i);
      if (entry.sequenced < before) faults += absl::StrFormat("time goes back at %d; ", i);
      before = entry.sequenced;
      seq = entry.subject_seq;
      leaf = entry.leaf;
      frontier.Append(entry.leaf, [&](domain::merkle::TileRoot node) { nodes.push_back(std::move(node)); });
    }
    if (frontier.Bytes() != head->frontier) faults += "frontier; ";
    GW_ASSIGN_OR_RETURN(const std::string root,
                        domain::merkle::RootAt(crypto::Sha256, head->size, journal::HashesIn(tx)));
    if (root != frontier.Root()) faults += "root over stored subtrees; ";
    for (const auto& node : nodes) {
      GW_ASSIGN_OR_RETURN(const auto stored, journal::HashesIn(tx)(node.level, node.index, 1));
      if (stored.size() != 1 || stored[0] != node.hash)
        faults += absl::StrFormat("subtree %d/%d; ", node.level, node.index);
    }
    return absl::OkStatus();
  });
  return read.ok() ? faults : read.ToString();
}

}  // namespace gridwarden::testing
