#pragma once

#include <functional>
#include <string>
#include <vector>

#include "domain/ground/ground.h"
#include "service/matrix/matrix_world.h"

// A right request of every command that names its request_id and stands on ground, each on something of its
// own. Casework's later steps have a table of their own beside their stories
// (tests/service/casework/commands_test.cc).
namespace gridwarden::testing {

// Whose posts may: those at the ground or above it, or only the one it is assigned to.
enum class Reach { kAtOrAbove, kAssigned };

struct Command {
  std::string method;
  domain::PostKind kind;  // of a post that may
  Reach reach;
  // The request, as text, for something new at a division; the post it is assigned to stands there.
  std::function<std::string(const Uuid& division)> request;
  std::string other;  // merged into the request, it is another payload
  std::string etag;   // where the request names the etag: "etag", "source.etag" or ""
  // Brings about a state in which the same request is an ILLEGAL_TRANSITION; null where there is none.
  std::function<void(const std::string& request)> spoil = nullptr;
};

const std::vector<Command>& Commands();

// "SourceService_UpdateSource", for the names of tests.
std::string ShortName(const std::string& method);

}  // namespace gridwarden::testing
