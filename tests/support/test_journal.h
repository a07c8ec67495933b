#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"
#include "support/test_database.h"

namespace gridwarden::testing {

// Aggregates of no area, to write journal entries about: rows of a table of the test's own that are locked,
// changed and staged exactly as an area does it.
class TestSubjects {
 public:
  TestSubjects(TestDatabase& test, int count);

  const Uuid& id(int i) const { return ids_[i]; }
  int size() const { return static_cast<int>(ids_.size()); }

  // Locks subject `i`, seals and stages its next entry. The event is an Anchor whose size is `value`.
  absl::Status Change(db::Transaction& tx, const rpc::Call& call, int i, uint64_t value,
                      const std::string& kind = "test", const std::string& request_id = "");
  // The same in a transaction of its own; stops the process when it fails.
  void Change(int i, uint64_t value, const std::string& kind = "test", const std::string& request_id = "");

 private:
  TestDatabase& test_;
  std::vector<Uuid> ids_;
};

// What is wrong with the sequenced entries: gaps, doubles, broken chains, a root or stored subtree that does
// not follow from them. "" when all is well.
std::string FaultsOfJournal(TestDatabase& test);

}  // namespace gridwarden::testing
