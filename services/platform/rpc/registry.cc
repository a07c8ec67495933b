#include "platform/rpc/registry.h"

#include <cstdio>
#include <cstdlib>

#include "gridwarden/type/v1/options.pb.h"

namespace gridwarden::rpc {
namespace {

// "pkg.Service/Method" -> "pkg.Service.Method".
std::string DescriptorName(std::string_view name) {
  std::string dotted(name);
  const size_t slash = dotted.rfind('/');
  if (slash != std::string::npos) dotted[slash] = '.';
  return dotted;
}

[[noreturn]] void Stop(const std::string& name, const char* why) {
  std::fprintf(stderr, "rpc registry: %s %s\n", name.c_str(), why);
  std::abort();
}

}  // namespace

void ReadMethodOptions(const google::protobuf::MethodDescriptor& descriptor, Method& method) {
  namespace type = gridwarden::type::v1;
  method.descriptor = &descriptor;
  method.anonymous = descriptor.options().GetExtension(type::anonymous);
  method.internal = descriptor.service()->options().GetExtension(type::internal);
  const type::CallClass call_class = descriptor.options().GetExtension(type::call_class);
  method.call_class = call_class;
  // Our own processes keep each other going by internal rpcs: whoever was admitted needs them to be finished.
  if (call_class == type::CALL_CLASS_UNSPECIFIED)
    method.call_class = method.internal ? type::HEALTH : type::READ;
  const int bytes = descriptor.options().GetExtension(type::max_request_bytes);
  if (bytes > 0) method.max_request_bytes = static_cast<size_t>(bytes);
}

void Registry::AddMethod(Method method, const google::protobuf::Descriptor* request,
                         const google::protobuf::Descriptor* response) {
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(DescriptorName(method.name));
  if (descriptor == nullptr) Stop(method.name, "is no method of the linked protos");
  if (descriptor->input_type() != request) Stop(method.name, "is declared with another request type");
  if (descriptor->output_type() != response) Stop(method.name, "is declared with another response type");
  ReadMethodOptions(*descriptor, method);
  const std::string name = method.name;
  if (!methods_.emplace(name, std::move(method)).second) Stop(name, "is registered twice");
}

const Method* Registry::Find(std::string_view name) const {
  if (!name.empty() && name.front() == '/') name.remove_prefix(1);
  const auto found = methods_.find(std::string(name));
  return found == methods_.end() ? nullptr : &found->second;
}

}  // namespace gridwarden::rpc
