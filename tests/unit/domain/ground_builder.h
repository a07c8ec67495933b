#pragma once

#include <memory>
#include <string>
#include <vector>

#include "domain/ground/ground.h"

namespace gridwarden::testing {

inline Uuid IdOf(const std::string& name) { return Uuid::Derive(Uuid(), name); }

// Builds a ground by names: every id is derived from the name, everyone has been in post since 2020.
class GroundBuilder {
 public:
  Uuid AddDivision(const std::string& name, const std::string& parent, domain::Level level,
                   const std::string& code = "") {
    divisions_.push_back({.id = IdOf(name),
                          .parent = parent.empty() ? Uuid() : IdOf(parent),
                          .level = level,
                          .display_name = name});
    if (!code.empty()) divisions_.back().codes.push_back({code, {}});
    return divisions_.back().id;
  }
  Uuid AddUnit(const std::string& name, const std::string& division) {
    units_.push_back({.id = IdOf(name), .display_name = name, .division = IdOf(division)});
    return units_.back().id;
  }
  // A post at a division, held by `person`; nobody holds it when that is "".
  Uuid AddPost(const std::string& name, domain::PostKind kind, const std::string& division,
               const std::string& person) {
    posts_.push_back({.id = IdOf(name), .kind = kind, .division = IdOf(division)});
    if (!person.empty()) Hold(name, person);
    return posts_.back().id;
  }
  Uuid AddUnitPost(const std::string& name, const std::string& unit, const std::string& person) {
    posts_.push_back({.id = IdOf(name), .kind = domain::PostKind::kUnitHandler, .unit = IdOf(unit)});
    Hold(name, person);
    return posts_.back().id;
  }
  void Hold(const std::string& post, const std::string& person, domain::Interval valid = {},
            domain::TenureKind kind = domain::TenureKind::kFormal) {
    tenures_.push_back({.id = IdOf("tenure " + std::to_string(tenures_.size())),
                        .post = IdOf(post),
                        .person = IdOf(person),
                        .kind = kind,
                        .valid = valid,
                        .recorded = absl::FromUnixSeconds(1577836800)});
    persons_.push_back({IdOf(person), person});
  }
  std::unique_ptr<domain::Ground> Build() const {
    return std::make_unique<domain::Ground>(divisions_, posts_, tenures_, persons_, units_);
  }

 private:
  std::vector<domain::Division> divisions_;
  std::vector<domain::Post> posts_;
  std::vector<domain::Tenure> tenures_;
  std::vector<domain::Person> persons_;
  std::vector<domain::Unit> units_;
};

}  // namespace gridwarden::testing
