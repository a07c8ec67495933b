#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/casework.h"
#include "casework/media_repository.h"
#include "casework/place.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/signal_rules.h"
#include "casework/step.h"
#include "domain/workflow/conditions.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

constexpr size_t kChannelKeyMax = 120;

absl::Status CheckChannelKey(std::string_view key) {
  const bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; });
  if (key.size() <= kChannelKeyMax && printable) return absl::OkStatus();
  return InvalidField("signal.channel_key",
                      absl::StrFormat("got %d bytes, want at most %d printable ASCII characters", key.size(),
                                      kChannelKeyMax));
}

// Only an office that keeps the intake may state that something came from above or from outside.
access::PostKinds SubmittersOf(v1::Signal::Channel channel) {
  return channel == v1::Signal::PATROL ? access::kStaff : access::kDispatchers;
}

// What an office knows of a lead from outside: whether its reporter is known, and whom it complains about.
absl::Status ReadLead(const domain::Ground& ground, const v1::Signal& given, SignalFile& signal) {
  if (given.reporter_identified() && !HasReporter(signal)) {
    return InvalidField("signal.reporter_identified",
                        "got true, want it for leads of the public or the hotline only");
  }
  GW_ASSIGN_OR_RETURN(const Uuid unit,
                      ParseResourceName("units", given.accused_unit(), "signal.accused_unit"));
  if (!unit.IsNil() && (!HasReporter(signal) || ground.FindUnit(unit) == nullptr)) {
    return InvalidField("signal.accused_unit",
                        absl::StrFormat("got %s, want a unit of the ground, for leads of the public or the "
                                        "hotline",
                                        given.accused_unit().substr(0, 80)));
  }
  signal.details.set_reporter_identified(given.reporter_identified());
  signal.details.set_accused_unit(given.accused_unit());
  return absl::OkStatus();
}

// What the request says, checked as far as no row is needed.
absl::StatusOr<SignalFile> ReadRequest(const Casework& casework, const rpc::Call& call,
                                       const domain::Ground& ground, const v1::SubmitSignalRequest& request) {
  const v1::Signal& given = request.signal();
  SignalFile signal;
  if (!v1::Signal::Channel_IsValid(given.channel()) || given.channel() == v1::Signal::CHANNEL_UNSPECIFIED) {
    return InvalidField("signal.channel", "got none, want where it came from");
  }
  if (casework.policy->FindCategory(given.category()) == nullptr) {
    return InvalidField("signal.category", absl::StrFormat("got %s, want a category of the policy",
                                                           given.category().substr(0, 80)));
  }
  if (!given.has_event_time())
    return InvalidField("signal.event_time", "got none, want when the problem was seen");
  GW_RETURN_IF_ERROR(CheckText("signal.description", given.description()));
  GW_RETURN_IF_ERROR(CheckChannelKey(given.channel_key()));
  GW_ASSIGN_OR_RETURN(signal.id, ParseId(request.signal_id(), "signal_id"));
  GW_ASSIGN_OR_RETURN(signal.source, ParseResourceName("sources", given.source(), "signal.source"));
  GW_ASSIGN_OR_RETURN(signal.event_time,
                      EventTime(call, given.event_time(), absl::InfinitePast(), "signal.event_time"));
  GW_ASSIGN_OR_RETURN(const std::optional<absl::Time> earliest,
                      EarliestOf(given, signal.event_time, absl::InfinitePast(), "signal.earliest_time"));
  SetEarliest(earliest, signal);
  GW_ASSIGN_OR_RETURN(Proof proof, ReadProofOf(*casework.policy, given, "signal."));
  GW_ASSIGN_OR_RETURN(const Located located,
                      Locate(casework, call, ground, given.division(), proof.position, signal.event_time));
  signal.channel = given.channel();
  signal.channel_key = given.channel_key();
  signal.category = given.category();
  signal.place = located.place;
  signal.place_confidence = located.confidence;
  signal.description = given.description();
  signal.evidence = std::move(proof.evidence);
  signal.answers = std::move(proof.answers);
  signal.receive_time = call.now;
  GW_RETURN_IF_ERROR(ReadLead(ground, given, signal));
  StartReporterClock(*casework.policy, signal, call.now);
  return signal;
}

// The row was refused by a key, and nothing else was written yet: the signal its channel handed in before, if
// that is why.
absl::StatusOr<v1::Signal> FirstSignal(db::Transaction& tx, const rpc::Call& call,
                                       const domain::Ground& ground, const SignalFile& refused) {
  if (refused.channel_key.empty()) return AlreadyExists(ResourceName("signals", refused.id));
  GW_ASSIGN_OR_RETURN(const std::optional<SignalFile> first,
                      FindSignalByKey(tx, refused.channel, refused.channel_key));
  if (!first) return AlreadyExists(ResourceName("signals", refused.id));
  GW_RETURN_IF_ERROR(AllowAs(ground, call, first->place.division, SubmittersOf(refused.channel)).status());
  return ToProto(*first);
}

}  // namespace

absl::StatusOr<v1::Signal> SubmitSignal(const Casework& casework, const rpc::Call& call,
                                        const v1::SubmitSignalRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const SignalFile read, ReadRequest(casework, call, *ground, request));
  return rpc::Mutate<v1::Signal>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Signal> {
        SignalFile signal = read;
        if (signal.id.IsNil()) signal.id = Uuid::Make(call.now);
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            AllowAs(*ground, call, signal.place.division, SubmittersOf(signal.channel)));
        if (signal.channel == v1::Signal::PATROL) signal.finder = call.principal.person;

        Step step{.action = v1::SUBMIT,
                  .acting = acting,
                  .event_time = signal.event_time,
                  .earliest = EarliestOf(signal),
                  .received = call.now,
                  .request_id = request.request_id(),
                  .proof = {signal.evidence, signal.answers, signal.place.position}};
        GW_RETURN_IF_ERROR(
            domain::SubmitEvidence(static_cast<domain::Channel>(signal.channel), ToDomain(signal.evidence)));
        GW_RETURN_IF_ERROR(Advance(*casework.policy, signal, step));

        absl::StatusOr<v1::Signal> recorded = Record(tx, call, *casework.policy, signal, step);
        if (db::IsDuplicateKey(recorded.status())) return FirstSignal(tx, call, *ground, signal);
        GW_RETURN_IF_ERROR(recorded.status());
        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.signal = signal.id}, DigestsOf(signal.evidence, signal.answers),
                                      call.principal.person, call.now));
        return recorded;
      });
}

}  // namespace gridwarden::casework
