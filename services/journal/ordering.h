#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"

// Which staged entries may be given an index now, and in which order. Pure.
namespace gridwarden::journal {

struct StagedEntry {
  uint64_t id = 0;  // order of staging, roughly: a low id may commit late
  Uuid entry_id;
  std::string request_id;  // 16 bytes, or ""
  Uuid subject;
  uint64_t subject_seq = 0;
  std::string body;
  // Read from the body.
  std::string kind;
  std::string subject_prev;
  std::string leaf;
  bool well_formed = false;  // the body parses and agrees with the columns
};

// The last sequenced entry of a subject.
struct ChainEnd {
  Uuid subject;
  uint64_t seq = 0;
  std::string leaf;
};

struct Order {
  std::vector<StagedEntry> ready;  // in the order of their new indices
  int waiting = 0;                 // their predecessor is not there yet
  // Can never be sequenced: the number is taken, the chain does not fit or the body is not what its columns
  // say. They stay staged for a person to look at.
  std::vector<std::string> faults;
};

// Every subject's entries come in sequence without gaps, each naming the leaf before it; otherwise the order
// of staging. `ends` has an element for each subject that has been sequenced before.
Order OrderStaged(std::vector<StagedEntry> staged, const std::vector<ChainEnd>& ends);

}  // namespace gridwarden::journal
