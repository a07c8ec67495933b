#pragma once

#include <array>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "access/directory.h"
#include "domain/ground/ground.h"
#include "platform/db/database.h"
#include "platform/rpc/call.h"

// A small invented city that never changes: 1 city, 2 counties, 3 townships each, 4 villages each; the posts
// of the preset at every level, a housing bureau per county, a discipline post at the city; everyone in post
// since 2020-01-01, known since then. Two facts differ on purpose: the patrol officer of villages[0][0][3] is
// vacant, and the grid leader of townships[0][1] has an acting holder beside the formal one since 2026-06-01.
namespace gridwarden::testing {

class TestCity {
 public:
  TestCity();

  std::shared_ptr<const domain::Ground> ground;
  Uuid city;
  std::array<Uuid, 2> counties;
  std::array<std::array<Uuid, 3>, 2> townships;
  std::array<std::array<std::array<Uuid, 4>, 3>, 2> villages;
  std::array<Uuid, 2> bureaus;  // units/...: 住房和城乡建设局 of each county, with one UNIT_HANDLER post

  // A directory that never changes, with an account for every person and the administrator.
  std::unique_ptr<access::Directory> MakeDirectory() const;
  std::shared_ptr<const access::AccessState> MakeAccess() const;

  // The post of a kind at a division (ordinal 1); stops the process when there is none.
  const domain::Post& PostOf(domain::PostKind kind, const Uuid& division) const;
  const domain::Post& HandlerOf(const Uuid& bureau) const;
  // Who holds it now; nil when vacant.
  Uuid PersonIn(domain::PostKind kind, const Uuid& division) const;
  Uuid PersonIn(const Uuid& post) const;

  // Calls as the holder of a post; `method` is "gridwarden.area.v1.Service/Method".
  rpc::Call CallOf(domain::PostKind kind, const Uuid& division, absl::Time now,
                   std::string_view method = "") const;
  rpc::Call CallOfPerson(const Uuid& person, absl::Time now, std::string_view method = "") const;
  rpc::Call AdministratorCall(absl::Time now, std::string_view method = "") const;

  // What test_server's authenticate reads: "account:<uuid>:person:<uuid>[:admin]".
  std::string TokenOf(domain::PostKind kind, const Uuid& division) const;
  std::string TokenOfPerson(const Uuid& person) const;
  std::string AdministratorToken() const;

  static Uuid AccountOf(const Uuid& person);
  static Uuid Administrator();  // account without a person

  // Writes the same city into the grid tables of a migrated database, for areas that read it through the grid
  // rpcs.
  absl::Status Store(db::Database& database) const;

 private:
  std::shared_ptr<const access::AccessState> access_;
};

// One instance for all tests of a binary.
const TestCity& City();

}  // namespace gridwarden::testing
