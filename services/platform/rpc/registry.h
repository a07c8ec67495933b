#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "platform/rpc/call.h"

// Which rpcs this process serves. Rpc bodies are plain blocking functions (D12):
//   absl::StatusOr<Division> GetDivision(const Call&, const GetDivisionRequest&)
// There is no generated service code: one adapter serves every method by its descriptor, over gRPC and in
// process alike.
namespace gridwarden::rpc {

struct Method {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  std::string name;  // "gridwarden.grid.v1.GridService/GetDivision"
  bool anonymous = false;
  bool internal = false;
  int call_class = 4;  // type.v1.CallClass; unspecified counts as READ
  size_t max_request_bytes = 256 * 1024;
  std::function<std::unique_ptr<google::protobuf::Message>()> new_request;
  std::function<absl::StatusOr<std::unique_ptr<google::protobuf::Message>>(const Call&,
                                                                           const google::protobuf::Message&)>
      body;
};

// Fills in what the options of the proto say (options.proto).
void ReadMethodOptions(const google::protobuf::MethodDescriptor& descriptor, Method& method);

class Registry {
 public:
  // Registers one rpc. Stops the process when the name is unknown to the linked protos, registered twice, or
  // declared with other message types: a programmer's mistake, found at start.
  template <typename Request, typename Response, typename Body>
  void Add(std::string_view name, Body body) {
    Method method;
    method.name = std::string(name);
    method.new_request = [] { return std::make_unique<Request>(); };
    method.body = [body = std::move(body)](const Call& call, const google::protobuf::Message& request)
        -> absl::StatusOr<std::unique_ptr<google::protobuf::Message>> {
      absl::StatusOr<Response> response = body(call, static_cast<const Request&>(request));
      if (!response.ok()) return response.status();
      return std::make_unique<Response>(*std::move(response));
    };
    AddMethod(std::move(method), Request::descriptor(), Response::descriptor());
  }

  // The method of that name ("pkg.Service/Method", with or without a leading slash), or nullptr.
  const Method* Find(std::string_view name) const;
  const absl::flat_hash_map<std::string, Method>& methods() const { return methods_; }

 private:
  void AddMethod(Method method, const google::protobuf::Descriptor* request,
                 const google::protobuf::Descriptor* response);

  absl::flat_hash_map<std::string, Method> methods_;
};

}  // namespace gridwarden::rpc
