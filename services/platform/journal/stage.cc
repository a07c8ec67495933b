#include "platform/journal/stage.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_format.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "platform/crypto/digest.h"
#include "platform/journal/anchor.h"
#include "platform/journal/wake.h"

namespace gridwarden::journal {
namespace {

constexpr size_t kBodyMax = 60 * 1024;
constexpr size_t kKindMax = 40;  // journal_entry.kind
constexpr size_t kHashSize = 32;

constexpr std::string_view kInsertStage =
    "INSERT INTO journal_stage (entry_id, request_id, subject, subject_seq, body) VALUES (?, ?, ?, ?, ?)";

// The same message gives the same bytes within one build. Nothing depends on it but readable differences: an
// entry is serialised once and kept as those bytes.
std::string Serialise(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&out);
  out.Trim();
  return bytes;
}

void SetId(const Uuid& id, std::string* field) {
  if (!id.IsNil()) *field = id.Bytes();
}

absl::Status CheckDraft(const Draft& draft) {
  if (draft.before.id.IsNil()) return Internal("journal draft without a subject");
  if (draft.event == nullptr) return Internal("journal draft without an event");
  if (draft.kind.empty() || draft.kind.size() > kKindMax) {
    return Internal(absl::StrFormat("journal kind '%s' is not 1 to %d characters", draft.kind, kKindMax));
  }
  const Subject& before = draft.before;
  if (before.leaf.size() != (before.seq == 0 ? 0 : kHashSize)) {
    return Internal(
        absl::StrFormat("subject_leaf of a subject at %d has %d bytes", before.seq, before.leaf.size()));
  }
  for (const std::string& digest : draft.media) {
    if (digest.size() != kHashSize) return Internal("a media digest in the journal must have 32 bytes");
  }
  return absl::OkStatus();
}

void FillActor(const rpc::Call& call, const Draft& draft, v1::Actor* actor) {
  SetId(call.principal.account, actor->mutable_account());
  SetId(call.principal.person, actor->mutable_person());
  SetId(call.principal.session, actor->mutable_session());
  SetId(draft.post, actor->mutable_post());
  SetId(draft.tenure, actor->mutable_tenure());
  actor->set_system(call.principal.system);
  if (call.operation) SetId(call.operation->device, actor->mutable_device());
}

}  // namespace

std::string LeafHash(std::string_view body) {
  std::string bytes(1, '\0');
  bytes += body;
  return crypto::Sha256(bytes);
}

absl::StatusOr<Sealed> Seal(const rpc::Call& call, const Draft& draft) {
  GW_RETURN_IF_ERROR(CheckDraft(draft));
  Sealed sealed;
  if (!draft.request_id.empty()) {
    const std::optional<Uuid> request_id = Uuid::Parse(draft.request_id);
    if (!request_id) return InvalidField("request_id", "got something else, want a UUID");
    sealed.request_id = request_id->Bytes();
  }
  sealed.entry_id = Uuid::Make(call.now);

  v1::Entry entry;
  entry.set_schema(1);
  entry.set_entry_id(sealed.entry_id.Bytes());
  entry.set_kind(draft.kind);
  entry.set_subject(draft.before.id.Bytes());
  entry.set_subject_seq(draft.before.seq + 1);
  entry.set_subject_prev(draft.before.leaf);
  FillActor(call, draft, entry.mutable_actor());
  const absl::Time earliest = draft.earliest == absl::InfinitePast() ? call.now : draft.earliest;
  const absl::Time latest =
      draft.latest == absl::InfinitePast() ? std::max(earliest, call.now) : draft.latest;
  entry.mutable_time()->set_earliest_us(absl::ToUnixMicros(earliest));
  entry.mutable_time()->set_latest_us(absl::ToUnixMicros(latest));
  entry.set_received_us(absl::ToUnixMicros(call.now));
  if (const std::optional<KnownCheckpoint> known = NewestCheckpoint()) {
    entry.mutable_known()->set_size(known->size);
    entry.mutable_known()->set_root(known->root);
  }
  if (call.operation) {
    entry.set_op_digest(call.operation->digest);
    entry.set_op_signature(call.operation->signature);
  }
  for (const std::string& digest : draft.media) entry.add_media(digest);
  entry.set_rule_version(draft.rule_version);
  entry.set_event(Serialise(*draft.event));
  entry.set_event_type(draft.event->GetDescriptor()->full_name());
  entry.set_request_id(sealed.request_id);

  sealed.body = Serialise(entry);
  if (sealed.body.size() > kBodyMax) {
    return MakeError(absl::StatusCode::kInvalidArgument,
                     absl::StrFormat("the record would have %d bytes, at most %d are allowed",
                                     sealed.body.size(), kBodyMax),
                     {.reason = "MESSAGE_TOO_LARGE", .metadata = {{"limit", "60 KiB"}}});
  }
  sealed.after = {draft.before.id, draft.before.seq + 1, LeafHash(sealed.body)};
  return sealed;
}

absl::Status Stage(db::Transaction& tx, const Sealed& sealed) {
  const db::Value request_id = sealed.request_id.empty() ? db::Value(nullptr) : db::Value(sealed.request_id);
  const absl::Status inserted =
      tx.Exec(kInsertStage, sealed.entry_id, request_id, sealed.after.id, sealed.after.seq, sealed.body)
          .status();
  if (db::IsDuplicateKey(inserted)) {
    return MakeError(absl::StatusCode::kAborted, "another transaction recorded this step of the same thing",
                     {.reason = "LOST_RACE", .retry_after = absl::Milliseconds(100)});
  }
  GW_RETURN_IF_ERROR(inserted);
  tx.AfterCommit(Bell::RingStaged);
  return absl::OkStatus();
}

}  // namespace gridwarden::journal
