#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "domain/draw/draw.h"

// One file that holds a draw whole, and its check: no network, no trust in who made it.
namespace gridwarden::domain::draw {

struct Bundle {
  std::string state;       // "COMMITTED", "DRAWN" or "CANCELLED"
  std::string commitment;  // canonical text
  std::string outcome;     // canonical text; "" unless DRAWN
  std::string cancel_reason;
};

// JSON with the texts and their digests.
std::string WriteBundle(const Hashes& hashes, const Bundle& bundle);
// INVALID_ARGUMENT / INVALID_FIELD for anything that is no such file.
absl::StatusOr<Bundle> ReadBundle(const Hashes& hashes, std::string_view json);

enum class Verdict {
  kTrue,        // recomputed, and equal
  kAltered,     // something does not fit the rest
  kIncomplete,  // not drawn yet, or cancelled
};

struct Check {
  Verdict verdict = Verdict::kAltered;
  std::string what;       // what does not fit, in English, for people
  std::string digest;     // of the commitment, hex
  Commitment commitment;  // as read; empty when it cannot be read
  Outcome outcome;        // as recomputed
};

// Recomputes everything from the commitment and the seeds.
Check Verify(const Hashes& hashes, const Bundle& bundle);
// The same from a file's bytes: an unreadable one is altered.
Check VerifyJson(const Hashes& hashes, std::string_view json);

// The result page (一公开): one file in Chinese that shows all of it and says how to recompute it.
std::string WritePage(const Hashes& hashes, const Bundle& bundle);

}  // namespace gridwarden::domain::draw
