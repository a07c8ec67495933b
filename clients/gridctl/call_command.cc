#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/util/json_util.h"
#include "gridctl/command.h"
#include "gridctl/output.h"

// gridctl call: any public rpc by its name, JSON in and out.
namespace gridwarden::gridctl {
namespace {

absl::Status CallAny(Invocation& run) {
  std::string name = run.positionals[0];
  if (!name.starts_with("gridwarden.")) name = "gridwarden." + name;
  std::string dotted = name;
  if (const size_t slash = dotted.find('/'); slash != std::string::npos) dotted[slash] = '.';
  const google::protobuf::MethodDescriptor* method =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(dotted);
  if (method == nullptr) return absl::InvalidArgumentError(absl::StrFormat("no such rpc: %s", name));
  google::protobuf::MessageFactory* factory = google::protobuf::MessageFactory::generated_factory();
  std::unique_ptr<google::protobuf::Message> request(factory->GetPrototype(method->input_type())->New());
  std::unique_ptr<google::protobuf::Message> response(factory->GetPrototype(method->output_type())->New());
  const std::string json = run.positionals.size() > 1
                               ? run.positionals[1]
                               : std::string(std::istreambuf_iterator<char>(std::cin), {});
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, request.get());
  if (!parsed.ok())
    return absl::InvalidArgumentError("request: " +
                                      std::string(parsed.message().data(), parsed.message().size()));
  // A script need not invent an id for a request it sends once.
  if (const auto* id = method->input_type()->FindFieldByName("request_id");
      id != nullptr && request->GetReflection()->GetString(*request, id).empty()) {
    request->GetReflection()->SetString(request.get(), id, NewRequestId());
  }
  GW_ASSIGN_OR_RETURN(const std::string bytes, run.session().CallBytes(name, request->SerializeAsString()));
  if (!response->ParseFromString(bytes)) return absl::InternalError("the server's answer cannot be parsed");
  PrintJson(*response);
  return absl::OkStatus();
}

}  // namespace

// The linker drops messages nobody names; these keep every area's descriptors.
void AddCallCommand(std::vector<Command>& commands) {
  commands.push_back(
      {.words = "call",
       .arguments = "RPC [JSON]",
       .summary = "calls any public rpc with a JSON request (standard input when absent); answers JSON",
       .examples = {"gridctl call grid.v1.GridService/GetDivision '{\"name\":\"divisions/code:4117\"}'"},
       .run = CallAny});
}

}  // namespace gridwarden::gridctl
