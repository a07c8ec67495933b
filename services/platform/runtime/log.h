#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

// The log: one JSON object per line on standard error. Never log a token, a password, a name or a phone
// number.
namespace gridwarden {

enum class LogLevel { kInfo, kWarning, kError };

// One fact beside the event, e.g. {"consumer", "casework.visits"}.
using LogField = std::pair<std::string_view, std::string>;

// Log(LogLevel::kError, "consumer_stopped", {{"consumer", name}, {"error", status.ToString()}}). `event` is a
// constant word.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

}  // namespace gridwarden
