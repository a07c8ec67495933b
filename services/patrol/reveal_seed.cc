#include <algorithm>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "domain/draw/text.h"
#include "patrol/draw_service.h"
#include "patrol/record_draw.h"
#include "patrol/record_task.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {
namespace {

namespace draw = domain::draw;

absl::Status CheckSeeds(const v1::RevealSeedRequest& request) {
  for (int i = 0; i < request.seeds_size(); ++i) {
    const std::string field = absl::StrFormat("seeds[%d]", i);
    GW_RETURN_IF_ERROR(CheckLine(field + ".text", request.seeds(i).text(), kSeedCharactersMax));
    GW_RETURN_IF_ERROR(CheckLine(field + ".reference", request.seeds(i).reference(), kSeedCharactersMax));
  }
  return absl::OkStatus();
}

// As a beacon publishes it.
bool IsRandomness(const std::string& text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Puts the published seeds beside their announcements. SEED_NOT_YET while one of them cannot be known.
absl::StatusOr<std::vector<draw::Seed>> TakeSeeds(const rpc::Call& call, const v1::RevealSeedRequest& request,
                                                  v1::Draw& value) {
  if (request.seeds_size() != value.seed_sources_size()) {
    return InvalidField("seeds", absl::StrFormat("got %d, want one for each of the %d announced sources",
                                                 request.seeds_size(), value.seed_sources_size()));
  }
  std::vector<draw::Seed> seeds;
  for (int i = 0; i < value.seed_sources_size(); ++i) {
    v1::Draw::SeedSource& source = *value.mutable_seed_sources(i);
    GW_ASSIGN_OR_RETURN(const absl::Time available, ToTime(source.available_time(), "available_time"));
    if (call.now < available) {
      return FailedPrecondition(
          "SEED_NOT_YET", "the announced seed is not public yet",
          {{"source", source.description()},
           {"available", absl::FormatTime("%Y-%m-%d %H:%M", available, domain::CalendarZone())}});
    }
    const std::string& text = request.seeds(i).text();
    if (!source.beacon().empty() && !IsRandomness(text)) {
      return InvalidField(absl::StrFormat("seeds[%d].text", i),
                          "want the round's randomness, 64 lower-case hex digits");
    }
    source.set_text(text);
    source.set_reference(request.seeds(i).reference());
    seeds.push_back({source.text(), source.reference()});
  }
  return seeds;
}

// The post in which a drawn person goes: the one of the list, or one held now when that was given up. A
// person without any leaves the work to the post of the list.
Uuid PostOf(const domain::Ground& ground, const draw::Inspector& inspector, absl::Time now) {
  const Uuid listed = Uuid::Parse(inspector.post).value_or(Uuid());
  const Uuid person = Uuid::Parse(inspector.person).value_or(Uuid());
  const std::vector<domain::Holding> held = ground.HoldingsOf(person, now, absl::InfiniteFuture());
  for (const domain::Holding& holding : held) {
    if (holding.post->id == listed) return listed;
  }
  return held.empty() ? listed : held.front().post->id;
}

// One task for each inspector at each object, due at the end of the period.
absl::Status MakeTasks(const AreaContext& context, const rpc::Call& call, db::Transaction& tx,
                       const DrawRow& row, const access::Acting& acting, const std::string& request_id,
                       const draw::Commitment& commitment, const draw::Outcome& outcome) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  std::map<std::string, const draw::Candidate*> sources;
  for (const draw::Candidate& candidate : commitment.candidates) sources[candidate.id] = &candidate;
  std::map<std::string, const draw::Inspector*> inspectors;
  for (const draw::Inspector& inspector : commitment.inspectors) inspectors[inspector.person] = &inspector;
  absl::CivilDay from, to;
  if (!absl::ParseCivilTime(commitment.from, &from) || !absl::ParseCivilTime(commitment.to, &to))
    return Internal("a draw's period cannot be read");
  const absl::TimeZone zone = domain::CalendarZone();
  for (const draw::Drawn& drawn : outcome.drawn) {
    const draw::Candidate& source = *sources.at(drawn.source);
    const domain::Division* meant = ground->FindDivision(Uuid::Parse(source.division).value_or(Uuid()));
    if (meant == nullptr) return Internal("a draw's source stands on a division that is not on the ground");
    GW_ASSIGN_OR_RETURN(
        const access::Standing standing,
        access::StandingOf(*ground, access::LikeliestAt(*ground, *meant, call.now).id, call.now));
    for (const std::string& person : drawn.inspectors) {
      TaskRow task;
      task.id = TaskOfDraw(row.id, drawn.source, person);
      task.city = standing.city;
      task.division = standing.division;
      task.ground_path = standing.ground_path;
      task.post = PostOf(*ground, *inspectors.at(person), call.now);
      task.due = absl::FromCivil(to + 1, zone);
      *task.value.mutable_window_start_time() = ToTimestamp(absl::FromCivil(from, zone));
      task.value.set_source("sources/" + drawn.source);
      task.value.set_category(source.category);
      task.value.set_title("双随机抽查：" + row.value.title());
      SetState(task, domain::TaskState::kIssued);
      GW_RETURN_IF_ERROR(RecordTask(context, call, tx,
                                    {.action = domain::TaskAction::kCreate,
                                     .event = {call.now, call.now},
                                     .acting = acting,
                                     .request_id = request_id},
                                    task)
                             .status());
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Draw> RevealSeed(const AreaContext& context, const rpc::Call& call,
                                    const v1::RevealSeedRequest& request) {
  GW_RETURN_IF_ERROR(CheckSeeds(request));
  return rpc::Mutate<v1::Draw>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Draw> {
        GW_ASSIGN_OR_RETURN(OpenDraw open,
                            LockOpenDraw(context, call, tx, request.name(), request.etag(), "REVEAL_SEED"));
        DrawRow& row = open.draw;
        GW_ASSIGN_OR_RETURN(const std::vector<draw::Seed> seeds, TakeSeeds(call, request, row.value));
        GW_ASSIGN_OR_RETURN(const draw::Commitment commitment, draw::ReadCommitment(row.commitment));
        const std::string digest = absl::BytesToHexString(DrawHashes().sha256(row.commitment));
        // The journal has the digest: a row that was changed behind our back is not drawn from.
        if (digest != row.value.commitment_digest())
          return Internal("a draw's lists are not those committed to");
        const draw::Outcome outcome = draw::Perform(DrawHashes(), commitment, digest, seeds);
        if (!outcome.lacking.empty()) return Internal("a draw that was allowed has too few inspectors");
        row.outcome = draw::WriteOutcome(commitment, digest, seeds, outcome);
        row.value.set_outcome_digest(absl::BytesToHexString(DrawHashes().sha256(row.outcome)));
        row.value.set_state(v1::Draw::DRAWN);
        *row.value.mutable_reveal_time() = ToTimestamp(call.now);
        GW_RETURN_IF_ERROR(
            MakeTasks(context, call, tx, row, open.acting, request.request_id(), commitment, outcome));
        return RecordDraw(context, call, tx,
                          {.action = v1::REVEAL_SEED,
                           .from = v1::Draw::COMMITTED,
                           .acting = open.acting,
                           .request_id = request.request_id()},
                          row);
      });
}

}  // namespace gridwarden::patrol
