#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace gridwarden::gateway {

std::string Gzip(std::string_view bytes, int level = 5);

// INVALID_ARGUMENT / MALFORMED_REQUEST when it is no gzip or ends early, MESSAGE_TOO_LARGE as soon as it
// unpacks to more than `bytes_max`: a small bomb costs no memory.
absl::StatusOr<std::string> Gunzip(std::string_view bytes, size_t bytes_max);

// Whether an Accept-Encoding header takes gzip ("gzip;q=0" does not).
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace gridwarden::gateway
