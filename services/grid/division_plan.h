#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "domain/ground/division_change.h"
#include "grid/division_repository.h"
#include "grid/grid_change.h"
#include "grid/grid_service.h"

// Divisions while they are changed together: read and locked once, changed in memory as often as need be,
// written once. What an import, a reorganisation and its correction share.
namespace gridwarden::grid {

class DivisionPlan {
 public:
  struct Entry {
    DivisionRow row;
    domain::Division before;  // as read; id nil for a new one
    bool changed = false;
    std::string old_path, path;  // filled in by whoever reports them
    bool is_new() const { return before.id.IsNil(); }
  };

  DivisionPlan(GridArea& area, const rpc::Call& call, db::Transaction& tx, GridChange& change)
      : area_(area), call_(call), tx_(tx), change_(change) {}

  // Reads what is not there yet.
  absl::Status Load(std::span<const Uuid> ids);
  absl::Status LoadWithCodes(std::span<const std::string> codes);
  absl::Status LoadBelow(std::span<const Uuid> parents);

  // Null when it was not loaded or does not exist. Valid until the plan ends.
  const domain::Division* Find(const Uuid& id) const;
  // The division that has this code as things stand in the plan; null when none of those loaded.
  const domain::Division* FindCode(std::string_view code) const;
  // Those loaded that stand under `parent` now, not ended, in the order of their codes.
  std::vector<const domain::Division*> StandingBelow(const Uuid& parent) const;

  // A new division with everything but a revision; known from now on where `later`, always otherwise.
  const domain::Division& Create(domain::Division division, bool later);
  // Each also adds a link, which the plan answers in lineages(). Each expects a division that was loaded.
  void Rename(const Uuid& id, std::string_view name, absl::Time at, std::string_view document_no);
  void Move(const Uuid& id, const Uuid& parent, absl::Time at, std::string_view document_no);
  // Codes of what stands below follow by prefix.
  absl::Status Recode(const Uuid& id, std::string_view code, absl::Time at, std::string_view document_no);
  // Ends it; its ground passes by the link.
  void End(const Uuid& id, domain::LineageKind kind, const Uuid& to, absl::Time at,
           std::string_view document_no);
  void Link(const Uuid& from, const Uuid& to, domain::LineageKind kind, double share, absl::Time at,
            std::string_view document_no);
  // For corrections and for names that were only misspelt: the record itself, marked as changed.
  domain::Division& Edit(const Uuid& id);

  // Hands everything to the change: new divisions with the vacant posts of the preset, changed ones, links.
  absl::Status Hand();

  const std::vector<domain::Lineage>& lineages() const { return lineages_; }
  const std::vector<domain::Post>& posts() const { return posts_; }
  // New and changed ones, upper levels first; of one level in the order they were touched.
  std::vector<const Entry*> Touched() const;
  // Names from the top down, of today (as the plan has it) or as read.
  absl::StatusOr<std::string> PathOf(const Uuid& id, bool before);

 private:
  void Take(std::vector<DivisionRow> rows);
  Entry& EntryOf(const Uuid& id);

  GridArea& area_;
  const rpc::Call& call_;
  db::Transaction& tx_;
  GridChange& change_;
  absl::flat_hash_map<Uuid, std::unique_ptr<Entry>> entries_;
  absl::flat_hash_map<std::string, Uuid> by_code_;
  absl::flat_hash_map<Uuid, std::vector<Uuid>> below_;  // by the parent they were read under, or came to
  std::vector<Uuid> order_;                             // touched, in order
  std::vector<domain::Lineage> lineages_;
  std::vector<domain::Post> posts_;
};

}  // namespace gridwarden::grid
