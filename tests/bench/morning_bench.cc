// What people have on their phones on the evening before (tests/bench/morning.py): an account and a session,
// written through identity's own functions, because hashing 20,000 passwords would take half an hour and a
// phone that wakes up has a refresh token. No entry of the journal tells of these accounts. Prints one JSON
// line; the phones go to --out, one a line.
//   morning_bench PLAN --phones=20000 --out=FILE
#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "domain/ground/ground.h"
#include "identity/account_repository.h"
#include "identity/session_repository.h"
#include "identity/session_tokens.h"
#include "nlohmann/json.hpp"
#include "platform/db/database.h"
#include "support/arguments.h"
#include "support/load.h"

namespace gridwarden::bench {
namespace {

constexpr size_t kRowsAtOnce = 500;
constexpr const char* kHolders = R"(
  SELECT t.person, p.id, p.place, p.kind FROM tenure t JOIN post p ON p.id = t.post
  WHERE p.of_unit = FALSE AND t.revoked_us IS NULL AND t.valid_to_us IS NULL ORDER BY t.id)";

struct Holder {
  Uuid person, post, division;
  domain::PostKind kind;
};

// Who goes out and has nothing to sign in for at a desk.
bool GoesOut(domain::PostKind kind) {
  return kind == domain::PostKind::kGridLeader || kind == domain::PostKind::kGridOfficer ||
         kind == domain::PostKind::kPatrolOfficer || kind == domain::PostKind::kSupervisionOfficer;
}

absl::StatusOr<nlohmann::json> Equip(db::Transaction& tx, const Holder& holder, size_t number, absl::Time now,
                                     int64_t revision) {
  const identity::AccountRow account{.id = Uuid::Make(now),
                                     .login = absl::StrCat("phone-", number),
                                     .display_name = absl::StrCat("测试员", number),
                                     .person = holder.person,
                                     .created = now,
                                     .access_revision = revision,
                                     .subject_seq = 1,
                                     .subject_leaf = std::string(32, '\0')};
  GW_RETURN_IF_ERROR(identity::InsertAccount(tx, account));
  const identity::RefreshToken token = identity::NewFamily();
  const identity::SessionLife life = identity::LifeOf("phone");
  GW_RETURN_IF_ERROR(identity::InsertSession(tx, {.id = Uuid::Make(now),
                                                  .account = account.id,
                                                  .family_digest = token.FamilyDigest(),
                                                  .token_digest = token.TokenDigest(),
                                                  .rotated = now,
                                                  .client = "phone",
                                                  .created = now,
                                                  .idle_expires = now + life.idle,
                                                  .expires = now + life.whole,
                                                  .access_expires = now}));
  return nlohmann::json{{"account", ResourceName("accounts", account.id)},
                        {"refresh_token", token.ToText()},
                        {"post", ResourceName("posts", holder.post)},
                        {"division", ResourceName("divisions", holder.division)}};
}

absl::Status Run(const Arguments& arguments) {
  std::ifstream in(arguments.plan);
  const nlohmann::json plan = nlohmann::json::parse(in, nullptr, false);
  if (plan.is_discarded()) return absl::InvalidArgumentError(arguments.plan + ": no plan of a city");
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Database> database,
                      db::Database::Open({.unix_socket = plan["socket"].get<std::string>(),
                                          .user = "root",
                                          .database = plan["database"].get<std::string>()}));
  std::vector<Holder> holders;
  int64_t revision = 0;
  GW_RETURN_IF_ERROR(database->Run([&](db::Transaction& tx) -> absl::Status {
    holders.clear();
    GW_ASSIGN_OR_RETURN(revision, identity::ReadAccessRevision(tx));
    return tx.QueryValues(kHolders, {}, [&](const db::Row& row) {
      holders.push_back({row.Id(0), row.Id(1), row.Id(2), static_cast<domain::PostKind>(row.Int(3))});
    });
  }));
  std::erase_if(holders, [](const Holder& holder) { return !GoesOut(holder.kind); });
  const auto wanted = static_cast<size_t>(arguments.Number("phones", 20'000));
  if (holders.size() < wanted)
    return absl::FailedPreconditionError(
        absl::StrCat("only ", holders.size(), " people hold a post that goes out"));
  holders.resize(wanted);

  std::ofstream out(arguments.values.at("out"));
  const absl::Time now = absl::Now();
  for (size_t from = 0; from < holders.size(); from += kRowsAtOnce) {
    std::string lines;
    GW_RETURN_IF_ERROR(database->Run([&](db::Transaction& tx) -> absl::Status {
      lines.clear();
      for (size_t i = from; i < std::min(from + kRowsAtOnce, holders.size()); ++i) {
        GW_ASSIGN_OR_RETURN(const nlohmann::json phone, Equip(tx, holders[i], i, now, revision));
        absl::StrAppend(&lines, phone.dump(), "\n");
      }
      return absl::OkStatus();
    }));
    out << lines;
  }
  if (!out.flush()) return absl::InternalError("the phones cannot be written");
  Print({{"measure", "phones"}, {"phones", holders.size()}});
  return absl::OkStatus();
}

}  // namespace
}  // namespace gridwarden::bench

int main(int argc, char** argv) {
  const absl::Status status = gridwarden::bench::Run(gridwarden::bench::Arguments::Of(argc, argv));
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
