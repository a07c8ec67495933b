#pragma once

#include <string>

#include "absl/status/statusor.h"

// QR codes of short texts, for a phone's camera. INVALID_ARGUMENT for a text that is empty or longer than one
// holds.
namespace gridwarden::gateway {

// An <svg> element to stand in a page; dark on white whatever the page's colours are.
absl::StatusOr<std::string> QrSvg(const std::string& text);
// Lines for a terminal, two rows of the code in each, dark on white whatever the terminal's colours are.
absl::StatusOr<std::string> QrLines(const std::string& text);

}  // namespace gridwarden::gateway
