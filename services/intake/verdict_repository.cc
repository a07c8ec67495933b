#include "intake/verdict_repository.h"

#include "access/standing.h"
#include "base/status.h"

namespace gridwarden::intake {
namespace {

constexpr std::string_view kRead =
    "SELECT verdict_id, content, subject_seq, subject_leaf FROM hotspot_verdict WHERE hotspot_id = ?";
constexpr std::string_view kLock =
    "SELECT verdict_id, content, subject_seq, subject_leaf FROM hotspot_verdict WHERE hotspot_id = ? FOR "
    "UPDATE";
constexpr std::string_view kInsert = R"(
  INSERT INTO hotspot_verdict (hotspot_id, verdict_id, state, verdict, content, subject_seq, subject_leaf)
  VALUES (?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kInsertShare = R"(
  INSERT INTO hotspot_share (hotspot_id, division, ground_path, acquired_us, state, verdict, share)
  VALUES (?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kSave = R"(
  UPDATE hotspot_verdict SET state = ?, verdict = ?, content = ?, subject_seq = ?, subject_leaf = ?
  WHERE hotspot_id = ? AND subject_seq = ?)";
// Unlocked: the row of the verdict, whose shares these are, is locked.
constexpr std::string_view kSaveShares =
    "UPDATE hotspot_share SET state = ?, verdict = ? WHERE hotspot_id = ?";
constexpr std::string_view kSum = R"(
  SELECT LEFT(ground_path, ?), verdict, state, SUM(share), COUNT(*) FROM hotspot_share
  WHERE ground_path >= ? AND ground_path < ? AND acquired_us >= ? AND acquired_us < ?
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3)";
// The located ones of the time are few; the ground narrows them.
constexpr std::string_view kAwaiting = R"(
  SELECT COUNT(*) FROM hotspot h FORCE INDEX (hotspot_newest)
  LEFT JOIN hotspot_verdict v ON v.hotspot_id = h.hotspot_id
  WHERE h.state = ? AND h.acquired_us >= ? AND h.acquired_us < ? AND h.ground_path >= ? AND h.ground_path < ?
    AND v.hotspot_id IS NULL)";

absl::StatusOr<std::optional<VerdictFile>> ReadOne(db::Transaction& tx, std::string_view sql,
                                                   const Uuid& hotspot) {
  return tx.QueryOne(
      sql,
      [&hotspot](const db::Row& row) {
        VerdictFile file{.hotspot = hotspot};
        file.verdict.ParseFromString(row.Text(1));
        file.subject = {row.Id(0), static_cast<uint64_t>(row.Int(2)), row.Text(3)};
        return file;
      },
      hotspot);
}

}  // namespace

absl::StatusOr<std::optional<VerdictFile>> LockVerdict(db::Transaction& tx, const Uuid& hotspot) {
  return ReadOne(tx, kLock, hotspot);
}
absl::StatusOr<std::optional<VerdictFile>> ReadVerdict(db::Transaction& tx, const Uuid& hotspot) {
  return ReadOne(tx, kRead, hotspot);
}

absl::Status InsertVerdict(db::Transaction& tx, const VerdictFile& file, absl::Time acquired,
                           const std::vector<ShareRow>& shares) {
  const v1::HotspotVerdict& verdict = file.verdict;
  const absl::StatusOr<uint64_t> inserted =
      tx.Exec(kInsert, file.hotspot, file.subject.id, verdict.state(), verdict.verdict(),
              verdict.SerializeAsString(), file.subject.seq, file.subject.leaf);
  if (db::IsDuplicateKey(inserted.status())) return EtagMismatch(ResourceName("hotspots", file.hotspot));
  GW_RETURN_IF_ERROR(inserted.status());
  for (const ShareRow& share : shares) {
    GW_RETURN_IF_ERROR(tx.Exec(kInsertShare, file.hotspot, share.division, share.ground_path, acquired,
                               verdict.state(), verdict.verdict(), share.share)
                           .status());
  }
  return absl::OkStatus();
}

absl::Status SaveVerdict(db::Transaction& tx, const VerdictFile& file) {
  const v1::HotspotVerdict& verdict = file.verdict;
  GW_ASSIGN_OR_RETURN(const uint64_t changed,
                      tx.Exec(kSave, verdict.state(), verdict.verdict(), verdict.SerializeAsString(),
                              file.subject.seq, file.subject.leaf, file.hotspot, file.subject.seq - 1));
  if (changed != 1) return EtagMismatch(ResourceName("hotspots", file.hotspot));
  return tx.Exec(kSaveShares, verdict.state(), verdict.verdict(), file.hotspot).status();
}

absl::StatusOr<std::vector<ShareSum>> SumShares(db::Transaction& tx, const std::string& path, size_t depth,
                                                absl::Time from, absl::Time to) {
  return tx.Query(
      kSum,
      [](const db::Row& row) {
        return ShareSum{.path = row.Text(0),
                        .verdict = static_cast<v1::HotspotVerdict::Verdict>(row.Int(1)),
                        .state = static_cast<v1::HotspotVerdict::State>(row.Int(2)),
                        .share = row.Double(3),
                        .hotspots = row.Int(4)};
      },
      static_cast<int64_t>(depth), path, access::EndOfSubtree(path), from, to);
}

absl::StatusOr<int64_t> CountAwaiting(db::Transaction& tx, const std::string& path, absl::Time from,
                                      absl::Time to) {
  constexpr int kLocated = 1;  // Hotspot.State.LOCATED
  GW_ASSIGN_OR_RETURN(const std::optional<int64_t> count,
                      tx.QueryOne(
                          kAwaiting, [](const db::Row& row) { return row.Int(0); }, kLocated, from, to, path,
                          access::EndOfSubtree(path)));
  return count.value_or(0);
}

}  // namespace gridwarden::intake
