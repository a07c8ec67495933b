#include "notify/tell.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "domain/notice/recipients.h"
#include "domain/notice/timing.h"
#include "notify/delivery_repository.h"
#include "notify/notice_repository.h"
#include "notify/notices_of_feed.h"
#include "notify/numbers.h"
#include "notify/roster_repository.h"
#include "notify/rules.h"
#include "notify/settings_repository.h"
#include "platform/runtime/log.h"

namespace gridwarden::notify {
namespace {

using domain::Level;
using domain::PostKind;

// Older entries are read for a rebuild: nobody is called because of last year.
constexpr absl::Duration kFresh = absl::Hours(24);

// The ground of a process is seconds old at most; a name unknown for longer means nothing.
constexpr absl::Duration kGroundCatchesUp = absl::Minutes(1);

struct Recipient {
  Uuid id;
  bool is_post = false;
};

void Add(const Recipient& recipient, std::vector<Recipient>& recipients) {
  if (recipient.id.IsNil()) return;
  const bool known = std::any_of(recipients.begin(), recipients.end(),
                                 [&](const Recipient& other) { return other.id == recipient.id; });
  if (!known) recipients.push_back(recipient);
}

// Whoever sits at the centre of the nearest division that has anybody on duty; nobody when the rosters are
// empty up to the city.
absl::StatusOr<std::vector<Recipient>> OnDutyFor(db::Transaction& tx, const domain::Ground& ground,
                                                 const Uuid& division, absl::Time at) {
  std::vector<Recipient> found;
  std::vector<Uuid> chain;
  for (const domain::Division* step : ground.AncestorsOf(division)) {
    if (step->level >= Level::kCity) chain.push_back(step->id);
  }
  if (chain.empty()) return found;
  GW_ASSIGN_OR_RETURN(const std::vector<ShiftRow> shifts, ReadOnDuty(tx, chain, at));
  for (const Uuid& step : chain) {
    for (const ShiftRow& row : shifts) {
      if (row.shift.division != step || row.shift.kind != domain::DutyKind::kCentre) continue;
      if (domain::PersonOf(ground, row.shift, at).IsNil()) continue;
      Add({row.shift.who(), !row.shift.post.IsNil()}, found);
    }
    if (!found.empty()) return found;
  }
  return found;
}

// The grid leaders of the level that filed, or the nearest above it.
std::vector<Uuid> LeadersOfFiling(const domain::Ground& ground, const Told& told,
                                  const std::vector<Origin>& filings, absl::Time at) {
  Uuid division;
  for (const Uuid& subject : told.filed_as) {
    for (const Origin& filing : filings) {
      const domain::Post* post = filing.subject == subject ? ground.FindPost(filing.post) : nullptr;
      if (post != nullptr && division.IsNil()) division = ground.DivisionOf(*post);
    }
  }
  if (division.IsNil()) division = told.leader_of;
  if (told.one_level_up) {
    const std::vector<const domain::Division*> chain = ground.AncestorsOf(division);
    if (chain.size() > 1) division = chain[1]->id;
  }
  return domain::NearestPosts(ground, division, {PostKind::kGridLeader, PostKind::kFirstGridLeader}, at);
}

absl::StatusOr<std::vector<Recipient>> RecipientsOf(db::Transaction& tx, const domain::Ground& ground,
                                                    Told& told, absl::Time at) {
  std::vector<Recipient> recipients;
  if (!told.duty_of.IsNil()) {
    GW_ASSIGN_OR_RETURN(recipients, OnDutyFor(tx, ground, told.duty_of, at));
    if (recipients.empty()) {
      told.facts.set_roster_empty(true);
      for (const Uuid& post :
           domain::NearestPosts(ground, told.duty_of, {PostKind::kGridLeader, PostKind::kFirstGridLeader}, at,
                                Level::kProvince, Level::kTownship)) {
        Add({post, true}, recipients);
      }
    }
  }
  for (const Uuid& post : told.posts) Add({post, true}, recipients);
  for (const Uuid& person : told.persons) Add({person, false}, recipients);
  if (!told.leader_of.IsNil()) {
    GW_ASSIGN_OR_RETURN(const std::vector<Origin> filings, ReadOrigins(tx, told.filed_as));
    for (const Uuid& post : LeadersOfFiling(ground, told, filings, at)) Add({post, true}, recipients);
  }
  if (!told.origins.empty()) {
    GW_ASSIGN_OR_RETURN(const std::vector<Origin> origins, ReadOrigins(tx, told.origins));
    for (const Origin& origin : origins) Add({origin.person, false}, recipients);
  }
  return recipients;
}

// A mistake of whoever names them must not flood a city.
void Bound(const Told& told, int most, std::vector<Recipient>& recipients) {
  if (recipients.size() <= static_cast<size_t>(most)) return;
  CountBeyond(recipients.size() - most);
  Log(LogLevel::kWarning, "notice_has_too_many_recipients",
      {{"kind", told.kind}, {"subject", told.subject}, {"recipients", absl::StrCat(recipients.size())}});
  recipients.resize(most);
}

// Everybody who is on duty anywhere: told at once even at night.
absl::StatusOr<absl::flat_hash_set<Uuid>> PersonsOnDuty(db::Transaction& tx, const domain::Ground& ground,
                                                        absl::Time at) {
  absl::flat_hash_set<Uuid> persons;
  GW_ASSIGN_OR_RETURN(const std::vector<ShiftRow> shifts, ReadOnDuty(tx, {}, at));
  for (const ShiftRow& row : shifts) persons.insert(domain::PersonOf(ground, row.shift, at));
  return persons;
}

class Teller {
 public:
  Teller(const AreaContext& context, const domain::Ground& ground, const journal::FeedEntry& entry,
         bool fresh)
      : context_(context),
        ground_(ground),
        rules_(RulesOf(*context.policy)),
        zone_(ZoneOf(*context.policy)),
        entry_(entry),
        at_(entry.received()),
        fresh_(fresh) {}

  absl::Status Tell(db::Transaction& tx, Told told) {
    GW_ASSIGN_OR_RETURN(std::vector<Recipient> recipients, RecipientsOf(tx, ground_, told, at_));
    Bound(told, rules_.recipients_max, recipients);
    const domain::NoticeKind* kind = rules_.Find(told.kind);
    const domain::Urgency urgency = told.round_the_clock ? domain::Urgency::kPressing
                                    : kind == nullptr    ? domain::Urgency::kInform
                                                         : kind->urgency;
    const std::string facts = told.facts.SerializeAsString();
    for (const Recipient& recipient : recipients) {
      notices_.push_back(
          {.id = Uuid::Derive(entry_.id(), absl::StrCat("notify.", told.kind, ".", told.subject, ".",
                                                        recipient.id.ToString())),
           .recipient = recipient.id,
           .to_post = recipient.is_post,
           .kind = told.kind,
           .urgency = urgency,
           .subject = told.subject,
           .facts = facts,
           .entry = entry_.id(),
           .created = at_});
      persons_.push_back(recipient.is_post ? HolderOf(recipient.id) : recipient.id);
    }
    if (!recipients.empty() && fresh_ && context_.webhook != nullptr && kind != nullptr &&
        !kind->group_zh.empty())
      TellGroup(notices_[notices_.size() - recipients.size()], told);
    return absl::OkStatus();
  }

  absl::Status Write(db::Transaction& tx) {
    if (notices_.empty()) return absl::OkStatus();
    GW_RETURN_IF_ERROR(InsertNotices(tx, notices_));
    if (!fresh_) return absl::OkStatus();
    GW_RETURN_IF_ERROR(Announce(tx));
    return InsertDeliveries(tx, deliveries_);
  }

 private:
  Uuid HolderOf(const Uuid& post) const {
    const domain::Tenure* tenure = ground_.HolderOf(post, at_, absl::InfiniteFuture());
    if (tenure != nullptr) return tenure->person;
    CountVacant();
    return Uuid();
  }

  // One for the group of the county, whoever else is told.
  void TellGroup(const NoticeRow& notice, const Told& told) {
    const Uuid division = ParseResourceName("divisions", told.facts.division()).value_or(Uuid());
    const Uuid group = domain::GroupOf(ground_, division, at_);
    if (group.IsNil()) return;
    deliveries_.push_back({.notice = notice.id,
                           .channel = v1::Delivery::WEBHOOK,
                           .target = group,
                           .due = domain::AnnounceAt(rules_.quiet, notice.urgency, false, at_, zone_)});
  }

  absl::Status Announce(db::Transaction& tx) {
    std::vector<Uuid> persons;
    for (const Uuid& person : persons_) {
      if (!person.IsNil() && std::find(persons.begin(), persons.end(), person) == persons.end())
        persons.push_back(person);
    }
    GW_ASSIGN_OR_RETURN(const auto settings, ReadSettings(tx, persons));
    const auto settings_of = [&](const Uuid& person) {
      const auto own = settings.find(person);
      return own == settings.end() ? Settings() : own->second;
    };
    // The roster is looked up only when somebody would be left to sleep.
    const bool quiet = std::any_of(persons.begin(), persons.end(), [&](const Uuid& person) {
      return domain::IsQuiet(settings_of(person).QuietOr(rules_), at_, zone_);
    });
    absl::flat_hash_set<Uuid> on_duty;
    if (quiet) {
      GW_ASSIGN_OR_RETURN(on_duty, PersonsOnDuty(tx, ground_, at_));
    }
    for (size_t i = 0; i < notices_.size(); ++i) {
      const Uuid& person = persons_[i];
      if (person.IsNil()) continue;
      const NoticeRow& notice = notices_[i];
      const domain::NoticeKind* kind = rules_.Find(notice.kind);
      const bool digest = kind != nullptr && kind->digest && notice.urgency != domain::Urgency::kPressing;
      const Settings own = settings_of(person);
      deliveries_.push_back({.notice = notice.id,
                             .channel = v1::Delivery::INBOX,
                             .target = person,
                             .digest = digest,
                             .due = digest ? domain::NextAt(own.DigestOr(rules_), at_, zone_)
                                           : domain::AnnounceAt(own.QuietOr(rules_), notice.urgency,
                                                                on_duty.contains(person), at_, zone_)});
    }
    return absl::OkStatus();
  }

  const AreaContext& context_;
  const domain::Ground& ground_;
  const domain::NoticeRules& rules_;
  const absl::TimeZone zone_;
  const journal::FeedEntry& entry_;
  const absl::Time at_;
  const bool fresh_;
  std::vector<NoticeRow> notices_;
  std::vector<Uuid> persons_;  // who is told of each notice; nil for a post that nobody holds
  std::vector<NewDelivery> deliveries_;
};

}  // namespace

absl::Status TellOfEntry(const AreaContext& context, const rpc::Call& call, db::Transaction& tx,
                         const journal::FeedEntry& entry) {
  if (!context.directory.loaded())
    return Unavailable("DATABASE_UNAVAILABLE", "the ground is not loaded yet", absl::Seconds(1));
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  Reading reading = ReadEntry(*ground, *context.policy, entry);
  if (reading.names_unknown && context.clock.Now() - entry.sequenced < kGroundCatchesUp) {
    return Unavailable("LOST_RACE", "the entry names what is newer than this process's ground",
                       absl::Seconds(1));
  }
  GW_RETURN_IF_ERROR(InsertOrigins(tx, reading.origins));
  Teller teller(context, *ground, entry, call.now - entry.received() <= kFresh);
  for (Told& told : reading.told) GW_RETURN_IF_ERROR(teller.Tell(tx, std::move(told)));
  return teller.Write(tx);
}

}  // namespace gridwarden::notify
