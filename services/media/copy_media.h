#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "media/object_store.h"
#include "platform/db/database.h"

// Moving from one photo store to another: everything the database says is stored.
namespace gridwarden::media {

struct CopyCounts {
  int64_t there = 0;   // stood in the new store already, intact
  int64_t copied = 0;  // put there and read back
  int64_t lost = 0;    // missing or damaged in the old store, and not in the new one either
  int64_t bytes = 0;   // of those copied
};

struct CopyOptions {
  absl::Time since = absl::InfinitePast();  // only what was stored since
  int parallel = 8;
  // Called now and then, and at the end; by one thread at a time.
  std::function<void(const CopyCounts& so_far)> progress;
  // Called for each one that is lost.
  std::function<void(const std::string& sha256_hex)> lost;
};

// Copies what is not in `to` intact; never removes anything. Every object is hashed: what stands in `to`,
// what is read from `from`, and what was written. Safe to repeat and to cut off. An error when a store or the
// database is away; the counts say what was done otherwise, and only `lost` being 0 means that `to` is
// complete.
absl::StatusOr<CopyCounts> CopyMedia(db::Database& database, ObjectStore& from, ObjectStore& to,
                                     const CopyOptions& options);

}  // namespace gridwarden::media
