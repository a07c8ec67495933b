#include "domain/policy/json_reader.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::domain {
namespace {

constexpr size_t kQuotedBytesMax = 60;

}  // namespace

absl::StatusOr<nlohmann::json> ParseJson(const std::string& file, const std::string& text) {
  if (text.size() > kPolicyFileBytesMax) {
    return InvalidField(file,
                        absl::StrCat("got ", text.size(), " bytes, want at most ", kPolicyFileBytesMax));
  }
  // The parser keeps the last of two equal keys; a rule must not be lost that way.
  std::vector<std::set<std::string>> keys;
  std::string twice;
  const auto watch = [&](int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    if (event == nlohmann::json::parse_event_t::object_start) keys.emplace_back();
    if (event == nlohmann::json::parse_event_t::object_end) keys.pop_back();
    if (event == nlohmann::json::parse_event_t::key &&
        !keys.back().insert(parsed.get<std::string>()).second && twice.empty()) {
      twice = parsed.get<std::string>();
    }
    return true;
  };
  try {
    nlohmann::json json = nlohmann::json::parse(text, watch);
    if (!twice.empty())
      return InvalidField(file,
                          absl::StrCat("got the key \"", twice, "\" twice in one object, want it once"));
    return json;
  } catch (const nlohmann::json::parse_error& error) {
    return InvalidField(file, absl::StrCat("got no JSON: ", error.what()));
  }
}

void Problem::Report(std::string where, std::string got_and_want) {
  if (found()) return;
  where_ = std::move(where);
  what_ = std::move(got_and_want);
}

absl::Status Problem::ToStatus() const { return found() ? InvalidField(where_, what_) : absl::OkStatus(); }

std::string JsonValue::Got() const {
  std::string text = json_->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > kQuotedBytesMax)
    return absl::StrCat("got a ", json_->type_name(), " of ", text.size(), " bytes");
  return absl::StrCat("got ", text);
}

void JsonValue::OnlyKeys(std::initializer_list<std::string_view> keys) const {
  if (!exists()) return;
  if (!json_->is_object()) return Report(Got() + ", want an object");
  for (const auto& [key, value] : json_->items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      std::string known;
      for (const std::string_view k : keys)
        absl::StrAppend(&known, known.empty() ? "" : ", ", std::string(k));
      return problem_->Report(absl::StrCat(where_, "/", key),
                              absl::StrCat("got an unknown key, want one of ", known));
    }
  }
}

JsonValue JsonValue::Optional(std::string_view key) const {
  const std::string where = absl::StrCat(where_, "/", std::string(key));
  if (!exists() || !json_->is_object()) return {nullptr, where, problem_};
  const auto found = json_->find(std::string(key));
  return {found == json_->end() ? nullptr : &*found, where, problem_};
}

JsonValue JsonValue::Required(std::string_view key) const {
  JsonValue value = Optional(key);
  if (!value.exists()) value.Report("got nothing, want a value");
  return value;
}

std::vector<std::pair<std::string, JsonValue>> JsonValue::Members() const {
  std::vector<std::pair<std::string, JsonValue>> members;
  if (!exists()) return members;
  if (!json_->is_object()) {
    Report(Got() + ", want an object");
    return members;
  }
  for (const auto& [key, value] : json_->items()) {
    members.emplace_back(key, JsonValue(&value, absl::StrCat(where_, "/", key), problem_));
  }
  return members;
}

std::vector<JsonValue> JsonValue::Elements() const {
  std::vector<JsonValue> elements;
  if (!exists()) return elements;
  if (!json_->is_array()) {
    Report(Got() + ", want an array");
    return elements;
  }
  for (size_t i = 0; i < json_->size(); ++i)
    elements.emplace_back(&(*json_)[i], absl::StrCat(where_, "/", i), problem_);
  return elements;
}

std::string JsonValue::Text() const {
  if (!exists()) return "";
  if (json_->is_string()) return json_->get<std::string>();
  Report(Got() + ", want a string");
  return "";
}

std::string JsonValue::FilledText() const {
  std::string text = Text();
  if (exists() && text.empty()) Report("got \"\", want a text");
  return text;
}

bool JsonValue::Bool() const {
  if (!exists()) return false;
  if (json_->is_boolean()) return json_->get<bool>();
  Report(Got() + ", want true or false");
  return false;
}

int64_t JsonValue::Int(int64_t min, int64_t max) const {
  if (!exists()) return min;
  // A number beyond int64 is unsigned or floating here; reading it as int64 would wrap.
  if (json_->is_number_integer() && !(json_->is_number_unsigned() && json_->get<uint64_t>() > INT64_MAX)) {
    const int64_t value = json_->get<int64_t>();
    if (min <= value && value <= max) return value;
  }
  Report(absl::StrCat(Got(), ", want a whole number from ", min, " to ", max));
  return min;
}

std::vector<std::string> JsonValue::Texts() const {
  std::vector<std::string> texts;
  for (const JsonValue& element : Elements()) {
    std::string text = element.FilledText();
    if (std::find(texts.begin(), texts.end(), text) != texts.end())
      element.Report("got \"" + text + "\" twice, want it once");
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace gridwarden::domain
