#include "casework/vacancy.h"

#include <algorithm>
#include <optional>

#include "base/status.h"
#include "casework/timestamps.h"
#include "gridwarden/casework/v1/rung_event.pb.h"

namespace gridwarden::casework {
namespace {

constexpr int kPageSize = 200;

absl::StatusOr<journal::Sealed> SealVacancy(const rpc::Call& call, const domain::Policy& policy,
                                            Vacancy& vacancy) {
  v1::VacancyEvent event;
  *event.mutable_finding() = ToProto(vacancy);
  event.set_ground_path(vacancy.ground_path);
  vacancy.chain.id = vacancy.id;
  GW_ASSIGN_OR_RETURN(journal::Sealed sealed, journal::Seal(call, {.kind = "vacancy",
                                                                   .before = vacancy.chain,
                                                                   .event = &event,
                                                                   .rule_version = policy.version}));
  vacancy.chain = sealed.after;
  return sealed;
}

// How the finding ends now; END_UNSPECIFIED while it stands.
v1::VacancyFinding::End EndOf(const domain::Ground& ground, const Uuid& post, absl::Time now) {
  const domain::Post* row = ground.FindPost(post);
  if (row == nullptr || !ground.PostExisted(*row, now, absl::InfiniteFuture()))
    return v1::VacancyFinding::ABOLISHED;
  return ground.HolderOf(post, now, absl::InfiniteFuture()) != nullptr ? v1::VacancyFinding::FILLED
                                                                       : v1::VacancyFinding::END_UNSPECIFIED;
}

// One finding ends in a transaction of its own; false when somebody else has ended it.
absl::StatusOr<bool> EndOne(const Casework& casework, const rpc::Call& call, const Uuid& id,
                            v1::VacancyFinding::End end) {
  bool ended = false;
  GW_RETURN_IF_ERROR(casework.database.Run([&](db::Transaction& tx) -> absl::Status {
    ended = false;
    GW_ASSIGN_OR_RETURN(std::optional<Vacancy> vacancy, LockVacancy(tx, id));
    if (!vacancy || vacancy->end) return absl::OkStatus();
    vacancy->end = call.now;
    vacancy->end_kind = end;
    GW_ASSIGN_OR_RETURN(const journal::Sealed sealed, SealVacancy(call, *casework.policy, *vacancy));
    GW_RETURN_IF_ERROR(EndVacancy(tx, *vacancy));
    ended = true;
    return journal::Stage(tx, sealed);
  }));
  return ended;
}

}  // namespace

v1::VacancyFinding ToProto(const Vacancy& vacancy) {
  v1::VacancyFinding finding;
  finding.set_name(ResourceName("vacancyFindings", vacancy.id));
  finding.set_post(ResourceName("posts", vacancy.post));
  finding.set_division(ResourceName("divisions", vacancy.division));
  finding.set_rung(ResourceName("rungs", vacancy.rung));
  finding.set_subject(vacancy.subject);
  *finding.mutable_first_seen_time() = ToTimestamp(vacancy.first_seen);
  *finding.mutable_last_seen_time() = ToTimestamp(vacancy.last_seen);
  if (vacancy.end) *finding.mutable_end_time() = ToTimestamp(*vacancy.end);
  finding.set_end(vacancy.end_kind);
  return finding;
}

absl::Status NoteVacancies(db::Transaction& tx, const rpc::Call& call, const domain::Ground& ground,
                           const domain::Policy& policy, std::vector<VacantPost> vacancies,
                           std::vector<journal::Sealed>& entries) {
  if (vacancies.empty()) return absl::OkStatus();
  // In one order everywhere, so that two schedulers that meet the same posts wait for each other and no more.
  std::stable_sort(vacancies.begin(), vacancies.end(),
                   [](const VacantPost& a, const VacantPost& b) { return a.post < b.post; });
  vacancies.erase(std::unique(vacancies.begin(), vacancies.end(),
                              [](const VacantPost& a, const VacantPost& b) { return a.post == b.post; }),
                  vacancies.end());
  std::vector<Uuid> known;
  rpc::Call then = call;
  for (const VacantPost& one : vacancies) {
    const domain::Post* post = ground.FindPost(one.post);
    if (post == nullptr) continue;
    Vacancy vacancy{.id = Uuid::Derive(one.rung, "vacancy " + one.post.ToString()),
                    .post = one.post,
                    .division = ground.DivisionOf(*post),
                    .rung = one.rung,
                    .subject = one.subject,
                    .first_seen = one.seen,
                    .last_seen = one.seen};
    vacancy.ground_path = ground.PathKeyNear(vacancy.division, one.seen, absl::InfiniteFuture());
    then.now = one.seen;
    GW_ASSIGN_OR_RETURN(journal::Sealed sealed, SealVacancy(then, policy, vacancy));
    GW_ASSIGN_OR_RETURN(const bool inserted, InsertVacancy(tx, vacancy));
    if (inserted)
      entries.push_back(std::move(sealed));
    else
      known.push_back(one.post);
  }
  return TouchVacancies(tx, known, call.now);
}

absl::StatusOr<int> EndVacancies(const Casework& casework, const rpc::Call& call) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  int ended = 0;
  Uuid after;
  while (true) {
    std::vector<Vacancy> open;
    GW_RETURN_IF_ERROR(
        casework.database.Read(absl::Now() + absl::Seconds(10), [&](db::Transaction& tx) -> absl::Status {
          GW_ASSIGN_OR_RETURN(open, ReadOpenVacancies(tx, after, kPageSize));
          return absl::OkStatus();
        }));
    for (const Vacancy& vacancy : open) {
      after = vacancy.post;
      const v1::VacancyFinding::End end = EndOf(*ground, vacancy.post, call.now);
      if (end == v1::VacancyFinding::END_UNSPECIFIED) continue;
      GW_ASSIGN_OR_RETURN(const bool mine, EndOne(casework, call, vacancy.id, end));
      if (mine) ++ended;
    }
    if (open.size() < kPageSize) return ended;
  }
}

}  // namespace gridwarden::casework
