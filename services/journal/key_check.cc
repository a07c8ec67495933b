#include "journal/key_check.h"

#include <filesystem>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "domain/merkle/note.h"
#include "journal/journal_repository.h"
#include "journal/signer.h"
#include "platform/crypto/digest.h"

namespace gridwarden::journal {
namespace {

namespace merkle = domain::merkle;

absl::Status Refused(std::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("journal key: ", std::string(why)));
}

}  // namespace

absl::Status CheckKey(db::Database& database, const std::string& folder) {
  std::optional<Head> head;
  std::optional<StoredCheckpoint> newest;
  GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(head, ReadHead(tx));
    GW_ASSIGN_OR_RETURN(newest, ReadNewestCheckpoint(tx));
    return absl::OkStatus();
  }));
  if (!head) return absl::OkStatus();
  const bool has_key = std::filesystem::exists(folder + "/signer.key");
  const bool has_note = std::filesystem::exists(folder + "/signer.note");
  if (newest && (!has_key || !has_note)) {
    return Refused(absl::StrCat(
        folder, "/", has_key ? "signer.note" : "signer.key", " is missing, but the log ", head->origin,
        " was signed before: put it back; a new key cannot vouch for what an old one signed "
        "(日志签名密钥或记录缺失，请恢复)"));
  }
  if (!has_key && !has_note) return absl::OkStatus();
  const absl::StatusOr<std::unique_ptr<Signer>> signer = Signer::Open(folder, head->origin);
  if (!signer.ok()) return Refused(std::string(signer.status().message()));
  if (!newest) return absl::OkStatus();
  // The log may have been signed under a former name (OpenSuccessor); the key is the same.
  GW_ASSIGN_OR_RETURN(merkle::Verifier key,
                      merkle::ParseVerifierKey(&crypto::Sha256, (*signer)->VerifierKey()));
  key.name = newest->note.substr(0, newest->note.find('\n'));
  if (!merkle::OpenNote(&crypto::Sha256, newest->note, key, &crypto::Verify).ok()) {
    return Refused(
        absl::StrCat(folder,
                     "/signer.key is not the key that signed the log of this database: the data folder "
                     "belongs to another installation (数据目录与数据库不是同一套系统)"));
  }
  return absl::OkStatus();
}

}  // namespace gridwarden::journal
