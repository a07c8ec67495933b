#include "casework/media_repository.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kClaim =
    "INSERT INTO case_media (media, owner, person, claimed_us) VALUES (?, ?, ?, ?)";
// The owner, and the chain the owner's case belongs to when the owner is a signal that was filed.
constexpr std::string_view kReadOwner = R"(
  SELECT m.owner, c.chain_id FROM case_media m
  LEFT JOIN signal_file s ON s.signal_id = m.owner
  LEFT JOIN case_file c ON c.case_id = s.case_id
  WHERE m.media = ?)";

constexpr std::string_view kReadOfSignal = "SELECT media FROM case_media WHERE owner = ?";
constexpr std::string_view kReadOfChain = R"(
  SELECT media FROM case_media WHERE owner = ?
  UNION
  SELECT m.media FROM case_file c
  JOIN signal_file s ON s.case_id = c.case_id
  JOIN case_media m ON m.owner = s.signal_id
  WHERE c.chain_id = ?)";

struct Owner {
  Uuid id;
  Uuid chain;
};

}  // namespace

absl::Status ClaimMedia(db::Transaction& tx, const MediaOwner& owner, const std::vector<std::string>& digests,
                        const Uuid& person, absl::Time now) {
  const Uuid& claimant = owner.signal.IsNil() ? owner.chain : owner.signal;
  for (const std::string& digest : digests) {
    const absl::StatusOr<uint64_t> claimed = tx.Exec(kClaim, digest, claimant, person, now);
    if (claimed.ok()) continue;
    if (!db::IsDuplicateKey(claimed.status())) return claimed.status();
    GW_ASSIGN_OR_RETURN(const std::optional<Owner> holder, tx.QueryOne(
                                                               kReadOwner,
                                                               [](const db::Row& row) {
                                                                 return Owner{row.Id(0), row.Id(1)};
                                                               },
                                                               digest));
    if (!holder) return absl::AbortedError("a photo's claim vanished");
    const bool own = holder->id == claimant ||
                     (!owner.chain.IsNil() && (holder->id == owner.chain || holder->chain == owner.chain));
    if (own) continue;
    return FailedPrecondition("PHOTO_OF_OTHER_CASE", "the photo is evidence of another signal or case",
                              {{"media", absl::StrCat("media/", absl::BytesToHexString(digest))}});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadMediaOfSignal(db::Transaction& tx, const Uuid& signal) {
  return tx.Query(
      kReadOfSignal, [](const db::Row& row) { return row.Text(0); }, signal);
}

absl::StatusOr<std::vector<std::string>> ReadMediaOfChain(db::Transaction& tx, const Uuid& chain) {
  return tx.Query(
      kReadOfChain, [](const db::Row& row) { return row.Text(0); }, chain, chain);
}

}  // namespace gridwarden::casework
