#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/generated_enum_reflection.h"
#include "gridctl/command.h"
#include "gridctl/output.h"

// What users read: the API's names in English, the field's own words when Chinese is chosen (--lang zh or
// LANG).
namespace gridwarden::gridctl {

// "GRID_OFFICER" or "网格员"; "-" for a value that is not set.
std::string EnumWord(const google::protobuf::EnumDescriptor& type, int number, bool chinese);

template <typename Enum>
std::string Word(const Invocation& run, Enum value) {
  return EnumWord(*google::protobuf::GetEnumDescriptor<Enum>(), value, run.chinese);
}

// A state of a signal or a case that an answer carries as text.
std::string StateWord(const Invocation& run, const std::string& name);

// "GRID_OFFICER 灈阳街道" as answers name a post, its kind in the chosen language.
std::string PostWord(const Invocation& run, const std::string& post);

// A code at the beginning of a text, such as the disposition that was chosen, in the chosen language.
std::string ReasonWord(const Invocation& run, const std::string& reason);

// "SubmitVisit" or "巡查": what a phone's operation does.
std::string RpcWord(const Invocation& run, const std::string& rpc);

// A table whose header is in the chosen language.
Table MakeTable(const Invocation& run, std::vector<std::string> english_header);

// One of two sentences.
std::string Say(const Invocation& run, std::string_view english, std::string_view chinese);

// Where a list goes on.
void PrintMore(const Invocation& run, const std::string& page_token);

// The Chinese names of categories, read once from the server and only when Chinese is chosen; the code itself
// otherwise.
std::string CategoryWord(Invocation& run, const std::string& code);

// The title of a duty item, read once from the server; the text itself when it is no id of the list.
std::string DutyItemWord(Invocation& run, const std::string& text);

// "VACANT" or "空缺"
std::string Vacant(const Invocation& run);

}  // namespace gridwarden::gridctl
