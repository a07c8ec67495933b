#include "sync/display_names.h"

#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/id.h"
#include "sync/scope.h"

namespace gridwarden::sync {
namespace {

constexpr std::string_view kCollections[] = {"divisions/", "posts/", "units/", "persons/"};
constexpr size_t kUuidCharacters = 36;

bool IsShown(const std::string& name) {
  for (const std::string_view collection : kCollections) {
    if (name.size() == collection.size() + kUuidCharacters && name.starts_with(collection)) return true;
  }
  return false;
}

std::string PostName(const domain::Ground& ground, const domain::Post& post) {
  const domain::Unit* unit = ground.FindUnit(post.unit);
  const domain::Division* division = ground.FindDivision(ground.DivisionOf(post));
  const std::string place = unit != nullptr       ? unit->display_name
                            : division != nullptr ? division->display_name
                                                  : "";
  return absl::StrCat(std::string(domain::NameOf(post.kind)), " ", place);
}

std::string NameOf(const domain::Ground& ground, const std::string& name) {
  const Uuid id = Uuid::Parse(std::string_view(name).substr(name.size() - kUuidCharacters)).value_or(Uuid());
  if (name.starts_with("divisions/")) return ShortPath(ground, id);
  if (name.starts_with("posts/")) {
    const domain::Post* post = ground.FindPost(id);
    return post == nullptr ? "" : PostName(ground, *post);
  }
  if (name.starts_with("units/")) {
    const domain::Unit* unit = ground.FindUnit(id);
    return unit == nullptr ? "" : unit->display_name;
  }
  const domain::Person* person = ground.FindPerson(id);
  return person == nullptr ? "" : person->display_name;
}

}  // namespace

void NoteNames(const google::protobuf::Message& message, NamesSeen& names) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    const bool text = field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING &&
                      field->type() == google::protobuf::FieldDescriptor::TYPE_STRING;
    const bool nested = field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE;
    if (!text && !nested) continue;
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (nested) {
        NoteNames(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                       : reflection.GetMessage(message, field),
                  names);
        continue;
      }
      std::string value = field->is_repeated() ? reflection.GetRepeatedString(message, field, i)
                                               : reflection.GetString(message, field);
      if (IsShown(value)) names.insert(std::move(value));
    }
  }
}

void FillNames(const domain::Ground& ground, const NamesSeen& names,
               google::protobuf::Map<std::string, std::string>& shown) {
  for (const std::string& name : names) {
    std::string display_name = NameOf(ground, name);
    if (!display_name.empty()) shown[name] = std::move(display_name);
  }
}

}  // namespace gridwarden::sync
