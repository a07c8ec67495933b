#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

// Keyset paging (api.md): a token is the last key seen plus a hash of the request it belongs to. Opaque,
// never an offset.
namespace gridwarden::rpc {

struct Page {
  int size = 50;                   // rows to answer
  std::vector<std::string> after;  // key parts of the last row of the page before; empty for the first page
};

// Reads page_size and page_token of `request` by reflection. 0 -> 50, above 500 -> 500, negative ->
// INVALID_ARGUMENT; a token of another request is INVALID_ARGUMENT / PAGE_TOKEN_MISMATCH.
absl::StatusOr<Page> ReadPage(const google::protobuf::Message& request);

// The token that goes on after the row with these key parts.
std::string NextPageToken(const google::protobuf::Message& request, const std::vector<std::string>& key);

// The key that tokens are authenticated with, the same in every process of an installation, so that a token's
// parts are always ones that NextPageToken was given. Called once at start, before anything is served.
void SetPageTokenKey(std::string key);

}  // namespace gridwarden::rpc
