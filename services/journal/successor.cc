#include "journal/successor.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gridwarden/journal/v1/successor.pb.h"
#include "journal/journal_repository.h"
#include "journal/log.h"
#include "journal/recompute.h"
#include "journal/signer.h"
#include "platform/crypto/digest.h"
#include "platform/journal/stage.h"
#include "platform/rpc/call.h"

namespace gridwarden::journal {
namespace {

namespace merkle = domain::merkle;

constexpr std::string_view kReadOfficer =
    "SELECT account_id, person FROM account WHERE login = ? AND NOT disabled";
constexpr std::string_view kRenameLog =
    "UPDATE journal_head SET origin = ?, epoch = epoch + 1 WHERE log_id = ? AND origin = ? AND epoch = ?";

absl::Status Refused(std::string_view why) { return absl::FailedPreconditionError(std::string(why)); }

// "gridwarden.4117/journal" -> "gridwarden.4117-2/journal" -> "gridwarden.4117-3/journal".
std::string NextOrigin(const std::string& origin) {
  const size_t slash = origin.find('/');
  std::string name = origin.substr(0, slash);
  int number = 1;
  if (const size_t dash = name.rfind('-'); dash != std::string::npos) {
    int found = 0;
    if (absl::SimpleAtoi(name.substr(dash + 1), &found) && found > 1) {
      number = found;
      name.resize(dash);
    }
  }
  return absl::StrCat(name, "-", number + 1, origin.substr(slash));
}

absl::StatusOr<std::vector<Uuid>> ReadOfficers(db::Transaction& tx, const std::vector<std::string>& logins) {
  if (logins.size() != 2) return Refused("want two officers: --officer twice");
  std::vector<Uuid> accounts;
  std::vector<Uuid> persons;
  for (const std::string& login : logins) {
    GW_ASSIGN_OR_RETURN(
        const auto officer,
        tx.QueryOne(
            kReadOfficer, [](const db::Row& row) { return std::pair(row.Id(0), row.Id(1)); }, login));
    if (!officer) return Refused(absl::StrCat("no account ", login, " that is in use"));
    accounts.push_back(officer->first);
    persons.push_back(officer->second);
  }
  if (accounts[0] == accounts[1] || (!persons[0].IsNil() && persons[0] == persons[1]))
    return Refused("want two officers: these are one and the same");
  return accounts;
}

}  // namespace

absl::StatusOr<Successor> OpenSuccessor(db::Database& database, const SuccessorRequest& request,
                                        absl::Time now) {
  if (request.reason.empty()) return Refused("want a reason");
  std::optional<Head> head;
  std::vector<Uuid> officers;
  GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(head, ReadHead(tx));
    GW_ASSIGN_OR_RETURN(officers, ReadOfficers(tx, request.officers));
    return absl::OkStatus();
  }));
  if (!head) return Refused("there is no log in this database");
  if (head->lease_until_us > head->database_now_us)
    return Refused("a sequencer is at work; stop the servers first");
  // The memory of the log that ends. It is put aside, never thrown away.
  const std::string memory = request.folder + "/signer.note";
  if (!std::filesystem::exists(memory) || !std::filesystem::exists(request.folder + "/signer.key"))
    return Refused(absl::StrCat("want signer.key and signer.note, the newest there is, in ", request.folder));
  GW_ASSIGN_OR_RETURN(const std::string note, ReadSignerNote(request.folder));
  GW_ASSIGN_OR_RETURN(const Recomputed unsized, Recompute(database, {}));
  Successor next{.former_origin = note.substr(0, note.find('\n')), .size = unsized.size};
  const bool renamed = NextOrigin(next.former_origin) == head->origin;  // an earlier try came this far
  next.origin = renamed ? head->origin : NextOrigin(head->origin);
  if (!renamed && next.former_origin != head->origin)
    return Refused(
        absl::StrCat("the signer's memory is of ", next.former_origin, ", the log is ", head->origin));
  std::optional<merkle::Checkpoint> last;
  {
    GW_ASSIGN_OR_RETURN(const std::unique_ptr<Signer> signer,
                        Signer::Open(request.folder, next.former_origin));
    last = signer->last();
  }
  GW_ASSIGN_OR_RETURN(const Recomputed log, Recompute(database, {last->size}));
  next.altered = last->size <= log.size && log.roots.at(last->size) != last->root;
  next.lost_from = std::min(log.size, last->size);
  next.lost_until = last->size;
  if (!renamed && !next.altered && next.lost_from == next.lost_until)
    return Refused("nothing that was signed is lost: this log can go on as it is");

  if (!renamed) {
    v1::LogSucceeded event;
    event.set_former_origin(next.former_origin);
    event.set_former_note(note);
    event.set_lost_from(next.lost_from);
    event.set_lost_until(next.lost_until);
    event.set_altered(next.altered);
    event.set_reason(request.reason);
    for (const Uuid& officer : officers) event.add_officers(officer.Bytes());
    const rpc::Call call = rpc::Call::System("gridwarden open-successor-log", now);
    GW_ASSIGN_OR_RETURN(const Sealed sealed, Seal(call, {.kind = "log.successor",
                                                         .before = {.id = Uuid::Derive(Uuid(), next.origin)},
                                                         .event = &event}));
    GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(const uint64_t changed,
                          tx.Exec(kRenameLog, next.origin, kLogId, head->origin, head->epoch));
      if (changed != 1) return Refused("a sequencer is at work; stop the servers first");
      return Stage(tx, sealed);
    }));
  }
  GW_ASSIGN_OR_RETURN(next.verifier_key,
                      SucceedSigner(request.folder, next.former_origin,
                                    {.origin = next.origin, .size = log.size, .root = log.root}));
  return next;
}

}  // namespace gridwarden::journal
