#pragma once

#include <map>
#include <set>
#include <string>

#include "domain/ground/ground.h"
#include "google/protobuf/map.h"
#include "google/protobuf/message.h"

// Names for the ids in records, so that a phone can show them without asking.
namespace gridwarden::sync {

// Resource names of divisions, posts, units and persons that records speak of.
using NamesSeen = std::set<std::string>;

// Adds those of every text field of the message.
void NoteNames(const google::protobuf::Message& message, NamesSeen& names);

// Divisions with what they stand in, posts by kind and place, units and persons by name. What the ground does
// not have is left out.
void FillNames(const domain::Ground& ground, const NamesSeen& names,
               google::protobuf::Map<std::string, std::string>& shown);

}  // namespace gridwarden::sync
