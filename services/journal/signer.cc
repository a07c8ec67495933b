#include "journal/signer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "platform/crypto/digest.h"

namespace gridwarden::journal {
namespace {

namespace merkle = domain::merkle;

absl::Status FileError(const std::string& what, const std::string& path) {
  return absl::FailedPreconditionError(absl::StrFormat("cannot %s %s: %s", what, path, std::strerror(errno)));
}

absl::Status SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError("open", folder);
  const bool ok = fsync(fd) == 0;
  close(fd);
  return ok ? absl::OkStatus() : FileError("sync", folder);
}

// Writes a file whole or not at all, readable by its owner only.
absl::Status WriteFile(const std::string& folder, const std::string& name, const std::string& bytes) {
  const std::string path = folder + "/" + name;
  const std::string fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return FileError("write", fresh);
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = write(fd, bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    written += static_cast<size_t>(n);
  }
  const bool ok = written == bytes.size() && fsync(fd) == 0;
  const absl::Status failed = ok ? absl::OkStatus() : FileError("write", fresh);
  close(fd);
  GW_RETURN_IF_ERROR(failed);
  if (rename(fresh.c_str(), path.c_str()) != 0) return FileError("rename", fresh);
  return SyncFolder(folder);
}

absl::StatusOr<std::optional<std::string>> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    if (!std::filesystem::exists(path)) return std::optional<std::string>();
    return FileError("read", path);
  }
  std::ostringstream text;
  text << in.rdbuf();
  return std::optional<std::string>(text.str());
}

absl::StatusOr<std::string> ReadKey(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return FileError("read", path);
  if ((info.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(
        path + " can be read by others than its owner; chmod 600 it, or replace the key");
  }
  GW_ASSIGN_OR_RETURN(const std::optional<std::string> text, ReadFile(path));
  std::string key;
  if (!text || !absl::Base64Unescape(*text, &key) || key.size() != 32) {
    return absl::FailedPreconditionError(path + " holds no signing key");
  }
  return key;
}

}  // namespace

Signer::Signer(std::string folder, std::string private_key, merkle::Verifier verifier)
    : folder_(std::move(folder)), private_key_(std::move(private_key)), verifier_(std::move(verifier)) {}

absl::StatusOr<std::unique_ptr<Signer>> Signer::Open(const std::string& folder, const std::string& origin) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::FailedPreconditionError("cannot make " + folder + ": " + error.message());
  const std::string key_path = folder + "/signer.key";
  const std::string note_path = folder + "/signer.note";
  GW_ASSIGN_OR_RETURN(const std::optional<std::string> note, ReadFile(note_path));
  if (!std::filesystem::exists(key_path)) {
    if (note)
      return absl::FailedPreconditionError(key_path + " is missing, but it has signed before; restore it");
    GW_RETURN_IF_ERROR(
        WriteFile(folder, "signer.key", absl::Base64Escape(crypto::MakeKeyPair().private_key)));
  }
  GW_ASSIGN_OR_RETURN(std::string key, ReadKey(key_path));
  merkle::Verifier verifier{origin, crypto::PublicKeyOf(key)};
  std::unique_ptr<Signer> signer(new Signer(folder, std::move(key), std::move(verifier)));
  if (note) {
    absl::StatusOr<merkle::Checkpoint> last =
        merkle::OpenNote(crypto::Sha256, *note, signer->verifier_, crypto::Verify);
    if (!last.ok() || last->origin != origin) {
      return absl::FailedPreconditionError(note_path + " is not a note of this key and the log " + origin +
                                           ": the data folder belongs to another log");
    }
    signer->last_ = *std::move(last);
  }
  return signer;
}

std::string Signer::VerifierKey() const { return merkle::VerifierKey(crypto::Sha256, verifier_); }

absl::StatusOr<std::string> Signer::Sign(const merkle::Checkpoint& proposed, const merkle::Proof& proof) {
  if (proposed.origin != verifier_.name) return Internal("a checkpoint of another log was proposed");
  if (last_ && proposed.size < last_->size) {
    return FailedPrecondition(
        "JOURNAL_ALTERED",
        absl::StrFormat("the journal shrank from %d to %d entries since it was last signed", last_->size,
                        proposed.size));
  }
  if (last_ && !merkle::VerifyConsistency(crypto::Sha256, last_->size, last_->root, proposed.size,
                                          proposed.root, proof)) {
    return FailedPrecondition(
        "JOURNAL_ALTERED",
        absl::StrFormat("the first %d entries of the journal are not what was signed", last_->size));
  }
  const std::string note = merkle::MakeNote(crypto::Sha256, proposed, verifier_,
                                            crypto::Sign(private_key_, merkle::CheckpointBody(proposed)));
  GW_RETURN_IF_ERROR(WriteFile(folder_, "signer.note", note));
  last_ = proposed;
  return note;
}

absl::StatusOr<std::string> ReadSignerNote(const std::string& folder) {
  GW_ASSIGN_OR_RETURN(const std::optional<std::string> note, ReadFile(folder + "/signer.note"));
  if (!note) return absl::FailedPreconditionError(folder + "/signer.note is missing");
  return *note;
}

absl::StatusOr<std::string> SucceedSigner(const std::string& folder, const std::string& former_origin,
                                          const merkle::Checkpoint& first) {
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<Signer> former, Signer::Open(folder, former_origin));
  GW_ASSIGN_OR_RETURN(const std::string note, ReadSignerNote(folder));
  GW_RETURN_IF_ERROR(WriteFile(folder, absl::StrFormat("signer.note.%d", former->last()->size), note));
  GW_ASSIGN_OR_RETURN(const std::string key, ReadKey(folder + "/signer.key"));
  const merkle::Verifier verifier{first.origin, crypto::PublicKeyOf(key)};
  GW_RETURN_IF_ERROR(WriteFile(
      folder, "signer.note",
      merkle::MakeNote(crypto::Sha256, first, verifier, crypto::Sign(key, merkle::CheckpointBody(first)))));
  return merkle::VerifierKey(crypto::Sha256, verifier);
}

}  // namespace gridwarden::journal
