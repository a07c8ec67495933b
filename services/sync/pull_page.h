#pragma once

#include <cstdint>
#include <vector>

#include "sync/pull_repository.h"

// From the rows of a snapshot to one page of records.
namespace gridwarden::sync {

// A record of the page: everything the scope's rows say about it.
struct Told {
  Uuid id;
  v1::Record::Kind kind = v1::Record::KIND_UNSPECIFIED;
  int64_t revision = 0;
  uint64_t index = 0;
  bool standing = false;      // some row still holds it
  std::vector<Uuid> holders;  // posts and units of the caller by which it is held, or was
  bool of_ground = false;
  bool open = false;
  int64_t closed_us = 0;
};

struct Page {
  std::vector<Told> told;  // in the order of their newest entries
  bool more = false;
  uint64_t next = 0;  // everything below this index is in this page or in one before
};

// Rows of one record together, in the order of their newest entries.
std::vector<Told> ByRecord(const std::vector<HeldRow>& rows);

// The page that goes on from a cursor. Leaves out what was closed until `horizon_us`: that has left the
// phone.
Page CutPage(const Changes& changes, int64_t horizon_us, int page_size);

}  // namespace gridwarden::sync
