#pragma once

#include <cstdlib>

#include "support/test_database.h"

namespace gridwarden::testing {

// One database for all tests of a binary, dropped at its end. Each test begins with Clear().
inline TestDatabase& SharedDatabase() {
  static auto* database = new TestDatabase;
  static const int at_exit = std::atexit([] { delete database; });
  (void)at_exit;
  return *database;
}

}  // namespace gridwarden::testing
