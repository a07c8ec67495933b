#include "journal/log.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "journal/journal_repository.h"
#include "platform/crypto/digest.h"
#include "platform/runtime/log.h"

namespace gridwarden::journal {
namespace {

constexpr size_t kNameMax = 60;

// The name stands in a signed note: no spaces, no plus signs, no newlines.
absl::Status CheckName(std::string_view name) {
  if (name.empty() || name.size() > kNameMax) return InvalidField("log name", "want 1 to 60 characters");
  for (const char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    if (!good) return InvalidField("log name", "want a-z, 0-9, '-' and '.' only");
  }
  return absl::OkStatus();
}

absl::Status CheckKind(const Head& head, bool demo) {
  if (head.demo == demo) return absl::OkStatus();
  const std::string message =
      demo ? "this is the log of a real installation (" + head.origin +
                 "): demo mode can never be switched on for it; use another database for a demo"
           : "this is a demo log (" + head.origin +
                 "): it can never become a real one; start with --demo, or use an empty database";
  return FailedPrecondition("NOT_DEMO", message, {{"origin", head.origin}});
}

}  // namespace

absl::StatusOr<LogIdentity> OpenLog(db::Database& database, std::string_view name, bool demo) {
  const std::string chosen =
      name.empty() ? absl::BytesToHexString(crypto::RandomBytes(4)) : std::string(name);
  GW_RETURN_IF_ERROR(CheckName(chosen));
  const std::string origin = "gridwarden." + chosen + (demo ? "/demo/journal" : "/journal");
  LogIdentity identity;
  bool founded = false;
  GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
    founded = false;
    GW_ASSIGN_OR_RETURN(std::optional<Head> head, ReadHead(tx));
    if (!head) {
      GW_ASSIGN_OR_RETURN(const bool written, HasEntries(tx));
      if (written) {
        return FailedPrecondition("JOURNAL_ALTERED",
                                  "the journal has entries but no head row: it was altered or half restored");
      }
      // Two processes may start at once: the first founds it.
      GW_RETURN_IF_ERROR(InsertHead(tx, origin, demo));
      founded = true;
      GW_ASSIGN_OR_RETURN(head, ReadHead(tx));
    }
    GW_RETURN_IF_ERROR(CheckKind(*head, demo));
    identity = {head->origin, head->demo};
    return absl::OkStatus();
  }));
  if (founded) Log(LogLevel::kInfo, "journal_opened", {{"origin", identity.origin}});
  return identity;
}

absl::StatusOr<LogIdentity> FindLog(db::Database& database, bool demo) {
  LogIdentity identity;
  GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const std::optional<Head> head, ReadHead(tx));
    if (!head) {
      return Unavailable("DATABASE_UNAVAILABLE", "the journal area has not founded the log yet",
                         absl::Seconds(1));
    }
    GW_RETURN_IF_ERROR(CheckKind(*head, demo));
    identity = {head->origin, head->demo};
    return absl::OkStatus();
  }));
  return identity;
}

}  // namespace gridwarden::journal
