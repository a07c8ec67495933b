#pragma once

#include <string_view>

namespace gridwarden::server {

// Whether the process `target` may call `method` of another process; `system`: for itself rather than for a
// user. Exactly the calls the code makes (tests/lint/check_edges.py), so that a process that was taken over
// reaches no further than before. "all", a process of several areas, may what any area may and what the
// gateway may.
bool MayCall(std::string_view target, std::string_view method, bool system);

}  // namespace gridwarden::server
