#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

// Reads a JSON text strictly: every key is known, every value has its type, and the first thing wrong is
// named by file and JSON pointer with what was got and what was wanted.
namespace gridwarden::domain {

// A JSON text larger than this is refused before it is parsed.
inline constexpr size_t kPolicyFileBytesMax = 4 << 20;

// The document. INVALID_ARGUMENT / INVALID_FIELD "file" with line and column for text that is not JSON,
// "file#/path" for a key that stands twice in one object.
absl::StatusOr<nlohmann::json> ParseJson(const std::string& file, const std::string& text);

// The first problem of a whole policy; later ones are not kept.
class Problem {
 public:
  void Report(std::string where, std::string got_and_want);
  bool found() const { return !where_.empty(); }
  absl::Status ToStatus() const;

 private:
  std::string where_, what_;
};

// One value of a document. Reading never fails: after a problem it answers empty values, and the caller looks
// at the Problem once at the end.
class JsonValue {
 public:
  JsonValue(const nlohmann::json* json, std::string where, Problem* problem)
      : json_(json), where_(std::move(where)), problem_(problem) {}

  // Where the value stands: "case_types.json#/types/3/limits".
  const std::string& where() const { return where_; }
  bool exists() const { return json_ != nullptr; }

  // An object with none but these keys.
  void OnlyKeys(std::initializer_list<std::string_view> keys) const;
  // A member. A required one that is missing is a problem; an optional one then answers exists() == false.
  JsonValue Required(std::string_view key) const;
  JsonValue Optional(std::string_view key) const;
  // The members of an object, or the elements of an array, in order.
  std::vector<std::pair<std::string, JsonValue>> Members() const;
  std::vector<JsonValue> Elements() const;

  std::string Text() const;        // any string
  std::string FilledText() const;  // a string that is not empty
  bool Bool() const;
  int64_t Int(int64_t min, int64_t max) const;
  std::vector<std::string> Texts() const;  // an array of filled strings, none twice

  void Report(std::string got_and_want) const { problem_->Report(where_, std::move(got_and_want)); }

 private:
  std::string Got() const;

  const nlohmann::json* json_;  // null: not there
  std::string where_;
  Problem* problem_;
};

}  // namespace gridwarden::domain
