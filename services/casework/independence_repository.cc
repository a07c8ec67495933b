#include "casework/independence_repository.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::casework {
namespace {

// ACCEPT, SUBMIT_FEEDBACK, PASS, UNABLE, REFUSE_SIGN, RECHECK_REBOUNDED, DISPUTE, SUBMIT_RESULT, SUBMIT_PART.
constexpr std::string_view kReadChainActs = R"(
  SELECT e.case_id, e.seq, e.action, e.person FROM case_file c FORCE INDEX (case_chain)
    STRAIGHT_JOIN case_event e ON e.case_id = c.case_id
  WHERE c.chain_id = ? AND e.action IN (8, 9, 11, 13, 15, 18, 27, 33, 41) ORDER BY e.case_id, e.seq)";
static_assert(v1::ACCEPT == 8 && v1::SUBMIT_FEEDBACK == 9 && v1::PASS == 11 && v1::UNABLE == 13 &&
              v1::REFUSE_SIGN == 15 && v1::RECHECK_REBOUNDED == 18 && v1::DISPUTE == 27 &&
              v1::SUBMIT_RESULT == 33 && v1::SUBMIT_PART == 41);

constexpr std::string_view kReadFinders =
    "SELECT DISTINCT finder FROM signal_file WHERE case_id = ? AND finder IS NOT NULL";

constexpr std::string_view kReadLastCheckers = R"(
  SELECT checker FROM case_file FORCE INDEX (case_fixer) WHERE fixer = ? AND pass_us <= ? AND case_id <> ? AND checker IS NOT NULL
  ORDER BY pass_us DESC LIMIT ?)";

constexpr std::string_view kReadLastEntry =
    "SELECT entry_id, receive_us FROM case_event WHERE case_id = ? AND seq = ?";

constexpr std::string_view kListUnassigned = R"(
  SELECT case_id FROM case_file WHERE check_post IS NULL AND state IN (6, 7) AND case_id > ? ORDER BY case_id LIMIT ?)";
static_assert(v1::Case::FEEDBACK == 6 && v1::Case::CHECKING == 7);

Uuid ReadId(const db::Row& row) { return row.Id(0); }

}  // namespace

absl::StatusOr<std::vector<ChainAct>> ReadChainActs(db::Transaction& tx, const Uuid& chain) {
  return tx.Query(
      kReadChainActs,
      [](const db::Row& row) {
        return ChainAct{row.Id(0), static_cast<uint64_t>(row.Int(1)), static_cast<v1::Action>(row.Int(2)),
                        row.Id(3)};
      },
      chain);
}

absl::StatusOr<std::vector<Uuid>> ReadFinders(db::Transaction& tx, const Uuid& case_id) {
  return tx.Query(kReadFinders, ReadId, case_id);
}

absl::StatusOr<std::vector<Uuid>> ReadLastCheckers(db::Transaction& tx, const Uuid& fixer,
                                                   const Uuid& other_than, absl::Time at, int count) {
  return tx.Query(kReadLastCheckers, ReadId, fixer, at, other_than, count);
}

absl::StatusOr<LastEntry> ReadLastEntry(db::Transaction& tx, const Uuid& case_id, uint64_t seq) {
  GW_ASSIGN_OR_RETURN(const std::optional<LastEntry> entry, tx.QueryOne(
                                                                kReadLastEntry,
                                                                [](const db::Row& row) {
                                                                  return LastEntry{row.Id(0), row.Time(1)};
                                                                },
                                                                case_id, seq));
  if (!entry) return Internal(absl::StrCat("case ", case_id.ToString(), " has no event ", seq));
  return *entry;
}

absl::StatusOr<std::vector<Uuid>> ListUnassignedChecks(db::Transaction& tx, const Uuid& after, int limit) {
  // The nil id binds as NULL, which nothing is greater than.
  return tx.Query(kListUnassigned, ReadId, db::Value(after.IsNil() ? std::string(16, '\0') : after.Bytes()),
                  limit);
}

}  // namespace gridwarden::casework
