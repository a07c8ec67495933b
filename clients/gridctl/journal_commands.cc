#include <cstdio>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "base/id.h"
#include "base/status.h"
#include "domain/merkle/note.h"
#include "domain/merkle/tree.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "platform/crypto/digest.h"

// gridctl journal status|tail|receipt|verify.
namespace gridwarden::gridctl {
namespace {

namespace v1 = journal::v1;
namespace merkle = domain::merkle;

std::string Method(std::string_view name) {
  return "gridwarden.journal.v1.JournalService/" + std::string(name);
}

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }

absl::StatusOr<v1::JournalStatus> ReadStatus(Session& session) {
  return session.Call<v1::JournalStatus>(Method("GetStatus"), v1::GetStatusRequest());
}

absl::Status Status(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const v1::JournalStatus status, ReadStatus(run.session()));
  if (run.json) {
    PrintJson(status);
    return absl::OkStatus();
  }
  std::printf(
      "origin   %s%s\nsize     %llu entries, %llu waiting to be sequenced, epoch %llu\nroot     %s\nsealed   "
      "%llu entries at %s\n",
      status.origin().c_str(), status.demo() ? "  (demo)" : "",
      static_cast<unsigned long long>(status.size()), static_cast<unsigned long long>(status.staged()),
      static_cast<unsigned long long>(status.epoch()), Hex(status.root()).c_str(),
      static_cast<unsigned long long>(status.sealed_size()), LocalTime(status.sealed_time()).c_str());
  return absl::OkStatus();
}

absl::Status Tail(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const v1::JournalStatus status, ReadStatus(run.session()));
  uint64_t count = 20;
  if (!run.positionals.empty() &&
      (!absl::SimpleAtoi(run.positionals[0], &count) || count == 0 || count > 500)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want a number from 1 to 500", run.positionals[0]));
  }
  v1::ListEntriesRequest request;
  request.set_start_index(status.size() > count ? status.size() - count : 0);
  request.set_page_size(static_cast<int32_t>(count));
  GW_ASSIGN_OR_RETURN(const v1::ListEntriesResponse page,
                      run.session().Call<v1::ListEntriesResponse>(Method("ListEntries"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"INDEX", "SEQUENCED", "KIND", "SUBJECT", "SEQ", "BY", "LEAF"});
  for (const v1::SequencedEntry& sequenced : page.entries()) {
    v1::Entry entry;
    if (!entry.ParseFromString(sequenced.body())) return ExitWith(kAltered, "an entry cannot be read");
    const std::optional<Uuid> subject = Uuid::FromBytes(entry.subject());
    const std::optional<Uuid> account = Uuid::FromBytes(entry.actor().account());
    table.Add({std::to_string(sequenced.index()), LocalTime(sequenced.sequenced_time()), entry.kind(),
               subject ? subject->ToString() : "?", std::to_string(entry.subject_seq()),
               entry.actor().system() ? Say(run, "the system", "系统")
               : account              ? account->ToString()
                                      : "?",
               Hex(sequenced.leaf()).substr(0, 16)});
  }
  std::fputs(
      table.empty() ? Say(run, "the journal is empty\n", "日志为空\n").c_str() : table.ToString().c_str(),
      stdout);
  return absl::OkStatus();
}

absl::Status GetReceipt(Invocation& run) {
  v1::GetReceiptRequest request;
  request.set_request_id(run.positionals[0]);
  GW_ASSIGN_OR_RETURN(const v1::Receipt receipt,
                      run.session().Call<v1::Receipt>(Method("GetReceipt"), request));
  if (run.json) {
    PrintJson(receipt);
    return absl::OkStatus();
  }
  std::printf("%s, received %s\n", Word(run, receipt.state()).c_str(),
              LocalTime(receipt.received_time()).c_str());
  for (const v1::Receipt::Line& line : receipt.lines()) {
    std::printf("entry %s  leaf %s  index %llu\n", line.entry_id().c_str(), Hex(line.leaf()).c_str(),
                static_cast<unsigned long long>(line.index()));
  }
  return absl::OkStatus();
}

// Recomputes the tree from the entries alone: each leaf from its bytes, each subject's chain without a gap,
// the root at every entry, and at the checkpoint's size the root that was signed.
class Verifier {
 public:
  explicit Verifier(uint64_t signed_size) : signed_size_(signed_size) {}

  absl::Status Take(const v1::SequencedEntry& sequenced) {
    const uint64_t expected = frontier_.size();
    if (sequenced.index() != expected) {
      return ExitWith(kIncomplete, absl::StrFormat("entry %d is missing: the next one is %d", expected,
                                                   sequenced.index()));
    }
    const std::string leaf = merkle::LeafHash(&crypto::Sha256, sequenced.body());
    if (leaf != sequenced.leaf()) {
      return ExitWith(kAltered,
                      absl::StrFormat("entry %d was altered: its bytes do not give its leaf", expected));
    }
    v1::Entry entry;
    if (!entry.ParseFromString(sequenced.body())) {
      return ExitWith(kAltered, absl::StrFormat("entry %d was altered: it cannot be read", expected));
    }
    auto& [seq, last] = subjects_[entry.subject()];
    if (entry.subject_seq() != seq + 1 || entry.subject_prev() != last) {
      return ExitWith(kAltered,
                      absl::StrFormat("entry %d does not follow entry %d of its subject", expected, seq));
    }
    seq = entry.subject_seq();
    last = leaf;
    frontier_.Append(leaf);
    if (frontier_.size() == signed_size_) signed_root_ = frontier_.Root();
    return absl::OkStatus();
  }

  uint64_t size() const { return frontier_.size(); }
  std::string root() const { return frontier_.Root(); }
  const std::string& signed_root() const { return signed_root_; }
  size_t subjects() const { return subjects_.size(); }

 private:
  uint64_t signed_size_;
  merkle::Frontier frontier_{&crypto::Sha256};
  std::map<std::string, std::pair<uint64_t, std::string>> subjects_;
  std::string signed_root_ = merkle::EmptyRoot(&crypto::Sha256);
};

absl::StatusOr<merkle::Checkpoint> ReadCheckpoint(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const v1::Checkpoint answer, run.session().Call<v1::Checkpoint>(
                                                       Method("GetCheckpoint"), v1::GetCheckpointRequest()));
  const std::string key_text = run.Get("--key", answer.verifier_key());
  GW_ASSIGN_OR_RETURN(const merkle::Verifier key, merkle::ParseVerifierKey(&crypto::Sha256, key_text));
  const absl::StatusOr<merkle::Checkpoint> checkpoint =
      merkle::OpenNote(&crypto::Sha256, answer.note(), key, &crypto::Verify);
  if (absl::IsNotFound(checkpoint.status()))
    return ExitWith(kUnknownKey, "the checkpoint is not signed by this key");
  if (!checkpoint.ok()) return ExitWith(kAltered, "the checkpoint's signature is wrong");
  return checkpoint;
}

// On standard output the note as it is signed, to be kept or printed; the key that proves it beside it.
absl::Status ShowCheckpoint(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const v1::Checkpoint answer, run.session().Call<v1::Checkpoint>(
                                                       Method("GetCheckpoint"), v1::GetCheckpointRequest()));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  std::fputs(answer.note().c_str(), stdout);
  std::fprintf(stderr, "%s%s\n", Say(run, "verifier key: ", "验证密钥：").c_str(),
               answer.verifier_key().c_str());
  return absl::OkStatus();
}

absl::Status Verify(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const merkle::Checkpoint checkpoint, ReadCheckpoint(run));
  GW_ASSIGN_OR_RETURN(const v1::JournalStatus status, ReadStatus(run.session()));
  Verifier verifier(checkpoint.size);
  {
    Progress progress("verifying", static_cast<int64_t>(status.size()));
    while (verifier.size() < status.size()) {
      v1::ListEntriesRequest request;
      request.set_start_index(verifier.size());
      request.set_page_size(500);
      GW_ASSIGN_OR_RETURN(const v1::ListEntriesResponse page,
                          run.session().Call<v1::ListEntriesResponse>(Method("ListEntries"), request));
      if (page.entries().empty()) {
        return ExitWith(kIncomplete, absl::StrFormat("the log says %d entries, but ends after %d",
                                                     status.size(), verifier.size()));
      }
      for (const v1::SequencedEntry& entry : page.entries()) {
        if (verifier.size() < status.size()) GW_RETURN_IF_ERROR(verifier.Take(entry));
      }
      progress.Set(static_cast<int64_t>(verifier.size()));
    }
  }
  if (verifier.root() != status.root())
    return ExitWith(kAltered, "the entries do not give the root the log names");
  if (checkpoint.size > verifier.size()) {
    return ExitWith(kIncomplete, absl::StrFormat("%d entries were signed, only %d are there", checkpoint.size,
                                                 verifier.size()));
  }
  if (verifier.signed_root() != checkpoint.root)
    return ExitWith(kAltered, "the entries do not give the root that was signed");
  if (run.json) {
    PrintJson(status);
  } else {
    std::printf(
        "%s: %llu entries of %llu subjects verified, %llu of them under a signed checkpoint\nroot %s\n",
        checkpoint.origin.c_str(), static_cast<unsigned long long>(verifier.size()),
        static_cast<unsigned long long>(verifier.subjects()),
        static_cast<unsigned long long>(checkpoint.size), Hex(verifier.root()).c_str());
    if (!run.Has("--key"))
      std::printf("note: the key was told by the server itself; give --key to use one you trust\n");
  }
  return absl::OkStatus();
}

}  // namespace

void AddJournalCommands(std::vector<Command>& commands) {
  commands.push_back({.words = "journal status",
                      .summary = "says how far the log has come",
                      .examples = {"gridctl journal status"},
                      .run = Status});
  commands.push_back({.words = "journal tail",
                      .arguments = "[COUNT]",
                      .summary = "shows the newest entries",
                      .examples = {"gridctl journal tail 50"},
                      .run = Tail});
  commands.push_back({.words = "journal receipt",
                      .arguments = "REQUEST_ID",
                      .summary = "says what became of a request",
                      .examples = {"gridctl journal receipt 0190..."},
                      .run = GetReceipt});
  commands.push_back(
      {.words = "journal checkpoint",
       .summary = "prints the newest signed checkpoint: keep one now and then, it proves a restore",
       .examples = {"gridctl journal checkpoint > checkpoint.note"},
       .run = ShowCheckpoint});
  commands.push_back(
      {.words = "journal verify",
       .summary = "recomputes the tree from all entries and compares it with the signed checkpoint",
       .options = {{"--key", "VERIFIER_KEY", "the log's key as you know it: name+id+base64"}},
       .examples = {"gridctl journal verify",
                    "gridctl journal verify --key 'gridwarden.4117/journal+1a2b3c4d+AZ...'"},
       .run = Verify});
}

}  // namespace gridwarden::gridctl
