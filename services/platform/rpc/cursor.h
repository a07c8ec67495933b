#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Cursors that outlive a request: like page tokens (page.h), but for something that goes on over many calls.
namespace gridwarden::rpc {

// The opaque text of these parts, authenticated for whoever `scope` names.
std::string SealCursor(std::string_view scope, const std::vector<std::string>& parts);
// Its parts; nothing for a text that SealCursor did not make for this scope.
std::optional<std::vector<std::string>> OpenCursor(std::string_view scope, std::string_view cursor);

}  // namespace gridwarden::rpc
