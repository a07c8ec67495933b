#include "sync/observation_repository.h"

#include <algorithm>
#include <optional>

#include "base/status.h"
#include "gridwarden/sync/v1/sync_event.pb.h"
#include "platform/journal/stage.h"
#include "sync/operation_body.h"
#include "sync/timestamps.h"

namespace gridwarden::sync {
namespace {

constexpr std::string_view kMedia = "media/";

ObservationRow ObservationOfRow(const db::Row& row) {
  ObservationRow out{.id = row.Id(0),
                     .account = row.Id(1),
                     .person = row.Id(2),
                     .division = row.Id(3),
                     .received = row.Time(4)};
  out.content.ParseFromString(row.Text(5));
  out.post = ParseResourceName("posts", out.content.post()).value_or(Uuid());
  return out;
}

std::vector<std::string> MediaOf(const v1::Observation& observation) {
  std::vector<std::string> digests;
  const auto add = [&](const std::string& name) {
    if (!name.starts_with(kMedia)) return;
    const std::optional<std::string> digest = ParseDigest(std::string_view(name).substr(kMedia.size()));
    if (digest && std::find(digests.begin(), digests.end(), *digest) == digests.end())
      digests.push_back(*digest);
  };
  for (const type::v1::Evidence& evidence : observation.evidence()) add(evidence.media());
  for (const type::v1::ChecklistAnswer& answer : observation.answers())
    for (const std::string& media : answer.media()) add(media);
  return digests;
}

}  // namespace

absl::Status KeepObservation(db::Transaction& tx, const rpc::Call& call, const ObservationRow& row) {
  constexpr std::string_view kSql = R"(
    INSERT INTO observation (observation_id, subject, kind, account, person, division, received_us, content, subject_seq, subject_leaf)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";
  v1::ObservationEvent event;
  event.set_kind(row.content.kind());
  event.set_subject(row.content.subject());
  event.set_rpc(row.content.rpc());
  event.set_reason(row.content.reason());
  event.set_result(row.content.result());
  event.set_grade(row.content.time().grade());
  *event.mutable_flags() = row.content.flags();
  event.set_division(row.division.Bytes());
  const v1::JudgedTime& time = row.content.time();
  GW_ASSIGN_OR_RETURN(
      const journal::Sealed sealed,
      journal::Seal(call, {.kind = "observation",
                           .before = {.id = row.id},
                           .event = &event,
                           .post = row.post,
                           .earliest = ReadTime(time.earliest_time()).value_or(absl::InfinitePast()),
                           .latest = ReadTime(time.latest_time()).value_or(absl::InfinitePast()),
                           .media = MediaOf(row.content),
                           .request_id = row.id.ToString()}));
  GW_RETURN_IF_ERROR(tx.Exec(kSql, row.id, row.content.subject(), static_cast<int>(row.content.kind()),
                             row.account, row.person, row.division, row.received,
                             row.content.SerializeAsString(), sealed.after.seq, sealed.after.leaf)
                         .status());
  return journal::Stage(tx, sealed);
}

absl::StatusOr<std::vector<ObservationRow>> ListObservationsOf(db::Transaction& tx,
                                                               const std::string& subject,
                                                               const Uuid& account,
                                                               const ObservationKey& after, int limit) {
  constexpr std::string_view kSql =
      "SELECT observation_id, account, person, division, received_us, content FROM observation WHERE subject "
      "= "
      "? AND received_us >= ? AND (received_us > ? OR observation_id > ?) AND (? = 0 OR account = ?) ORDER "
      "BY "
      "received_us, observation_id LIMIT ?";
  return tx.Query(kSql, ObservationOfRow, subject, after.received_us, after.received_us, after.id.Bytes(),
                  account.IsNil() ? 0 : 1, account, limit);
}

v1::Observation ShownObservation(const domain::Ground& ground, const ObservationRow& row) {
  v1::Observation shown = row.content;
  shown.set_name(ResourceName("observations", row.id));
  shown.set_person(ResourceName("persons", row.person));
  if (const domain::Person* person = ground.FindPerson(row.person); person != nullptr)
    shown.set_person_display_name(person->display_name);
  shown.set_division(ResourceName("divisions", row.division));
  return shown;
}

}  // namespace gridwarden::sync
