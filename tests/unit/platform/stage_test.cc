#include "platform/journal/stage.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "platform/journal/anchor.h"

namespace gridwarden::journal {
namespace {

class SealTest : public ::testing::Test {
 protected:
  SealTest() {
    ForgetCheckpoint();
    call_.now = absl::FromUnixMicros(1'790'000'000'000'000);
    call_.principal.account = Uuid::Make(call_.now);
    call_.principal.person = Uuid::Make(call_.now);
    draft_.kind = "case.transition";
    draft_.before.id = Uuid::Make(call_.now);
    draft_.event = &event_;
    event_.set_size(7);
  }
  static v1::Entry Parse(const Sealed& sealed) {
    v1::Entry entry;
    EXPECT_TRUE(entry.ParseFromString(sealed.body));
    return entry;
  }

  rpc::Call call_;
  v1::Anchor event_;
  Draft draft_;
};

TEST_F(SealTest, LeavesAreHashedAsTheStandardSays) {
  EXPECT_EQ(absl::BytesToHexString(LeafHash("")),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST_F(SealTest, AnEntrySaysWhoWhenWhatAndWhatCameBefore) {
  const Uuid request_id = Uuid::Make(call_.now);
  draft_.request_id = request_id.ToString();
  draft_.post = Uuid::Make(call_.now);
  draft_.media = {std::string(32, 'm')};
  draft_.rule_version = "2026-11";
  const Sealed first = *Seal(call_, draft_);
  draft_.before = first.after;
  const Sealed second = *Seal(call_, draft_);
  const v1::Entry entry = Parse(second);
  EXPECT_EQ(entry.schema(), 1u);
  EXPECT_EQ(entry.entry_id(), second.entry_id.Bytes());
  EXPECT_EQ(entry.kind(), "case.transition");
  EXPECT_EQ(entry.subject(), draft_.before.id.Bytes());
  EXPECT_EQ(entry.subject_seq(), 2u);
  EXPECT_EQ(entry.subject_prev(), LeafHash(first.body));
  EXPECT_EQ(entry.actor().account(), call_.principal.account.Bytes());
  EXPECT_EQ(entry.actor().person(), call_.principal.person.Bytes());
  EXPECT_EQ(entry.actor().post(), draft_.post.Bytes());
  EXPECT_EQ(entry.actor().tenure(), "");
  EXPECT_FALSE(entry.actor().system());
  EXPECT_EQ(entry.received_us(), 1'790'000'000'000'000);
  EXPECT_EQ(entry.time().earliest_us(), entry.received_us());
  EXPECT_EQ(entry.time().latest_us(), entry.received_us());
  EXPECT_EQ(entry.request_id(), request_id.Bytes());
  EXPECT_EQ(entry.media(0), std::string(32, 'm'));
  EXPECT_EQ(entry.rule_version(), "2026-11");
  EXPECT_EQ(entry.event_type(), "gridwarden.journal.v1.Anchor");
  v1::Anchor event;
  ASSERT_TRUE(event.ParseFromString(entry.event()));
  EXPECT_EQ(event.size(), 7u);
  EXPECT_FALSE(entry.has_known());
  EXPECT_EQ(second.after.seq, 2u);
  EXPECT_EQ(second.after.leaf, LeafHash(second.body));
  EXPECT_EQ(Parse(first).subject_prev(), "");
}

TEST_F(SealTest, NamesTheNewestCheckpointTheProcessHasHeardOf) {
  NoteCheckpoint(10, std::string(32, 'r'));
  NoteCheckpoint(9, std::string(32, 'o'));
  NoteCheckpoint(11, "short");
  const v1::Entry entry = Parse(*Seal(call_, draft_));
  EXPECT_EQ(entry.known().size(), 10u);
  EXPECT_EQ(entry.known().root(), std::string(32, 'r'));
  ForgetCheckpoint();
}

TEST_F(SealTest, KeepsTheIntervalOfTheEvent) {
  draft_.earliest = call_.now - absl::Minutes(20);
  draft_.latest = call_.now - absl::Minutes(5);
  const v1::Entry entry = Parse(*Seal(call_, draft_));
  EXPECT_EQ(entry.received_us() - entry.time().earliest_us(), 20 * 60'000'000);
  EXPECT_EQ(entry.received_us() - entry.time().latest_us(), 5 * 60'000'000);
}

TEST_F(SealTest, NamesTheOperationAPhoneSigned) {
  EXPECT_EQ(Parse(*Seal(call_, draft_)).op_digest(), "");
  call_.operation = rpc::DeviceOperation{
      .device = Uuid::Make(call_.now), .digest = std::string(32, 'd'), .signature = std::string(64, 's')};
  const v1::Entry entry = Parse(*Seal(call_, draft_));
  EXPECT_EQ(entry.actor().device(), call_.operation->device.Bytes());
  EXPECT_EQ(entry.op_digest(), std::string(32, 'd'));
  EXPECT_EQ(entry.op_signature(), std::string(64, 's'));
}

TEST_F(SealTest, RefusesAnEntryOfMoreThanSixtyKibibytes) {
  event_.set_root(std::string(61'000, 'x'));
  EXPECT_TRUE(Seal(call_, draft_).ok());
  event_.set_root(std::string(61'440, 'x'));
  const absl::Status status = Seal(call_, draft_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "MESSAGE_TOO_LARGE");
}

TEST_F(SealTest, RefusesARequestIdThatIsNone) {
  draft_.request_id = "again";
  EXPECT_EQ(ReasonOf(Seal(call_, draft_).status()), "INVALID_FIELD");
}

TEST_F(SealTest, AProgrammersMistakeIsAnInternalFault) {
  Draft no_subject = draft_;
  no_subject.before = {};
  Draft no_leaf = draft_;
  no_leaf.before.seq = 3;
  Draft no_event = draft_;
  no_event.event = nullptr;
  Draft no_kind = draft_;
  no_kind.kind = "";
  Draft half_digest = draft_;
  half_digest.media = {"abc"};
  for (const Draft& draft : {no_subject, no_leaf, no_event, no_kind, half_digest}) {
    EXPECT_EQ(Seal(call_, draft).status().code(), absl::StatusCode::kInternal);
  }
}

}  // namespace
}  // namespace gridwarden::journal
