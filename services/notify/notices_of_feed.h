#pragma once

#include <string>
#include <vector>

#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "gridwarden/notify/v1/notify.pb.h"
#include "notify/notice_repository.h"
#include "platform/journal/consumer.h"

// Who is told what when something happened: from one entry of the feed to notices. Pure: the roster and what
// was kept of origins are looked up afterwards (tell.h).
namespace gridwarden::notify {

// One thing to be told, before it is known who stands on the roster.
struct Told {
  std::string kind;
  std::string subject;
  v1::NoticeFacts facts;
  std::vector<Uuid> posts;
  std::vector<Uuid> persons;
  std::vector<Uuid> origins;  // and who found or filed these subjects
  // And the grid leader of the level that filed: of the first of these cases whose filing is kept, from
  // `leader_of` up where none is; one level further up after a second rework or a dispute.
  std::vector<Uuid> filed_as;
  Uuid leader_of;
  bool one_level_up = false;
  // And whoever is on duty at the centre of this division; nil: nobody.
  Uuid duty_of;
  // Its type runs on clocks of 24 hours a day: told at any hour.
  bool round_the_clock = false;
};

struct Reading {
  std::vector<Told> told;
  std::vector<Origin> origins;  // to be kept
  bool names_unknown = false;   // a post, unit or division that this ground does not have (yet)
};

// Kinds of entries that anything follows from.
std::vector<std::string> KindsOfFeed();

// What follows from an entry; nothing from one that cannot be read or is of another kind.
Reading ReadEntry(const domain::Ground& ground, const domain::Policy& policy,
                  const journal::FeedEntry& entry);

// Every kind of notice that this makes, for the test that the policy words them all.
std::vector<std::string> KindsOfNotices();

}  // namespace gridwarden::notify
