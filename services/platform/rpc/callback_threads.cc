#include "platform/rpc/callback_threads.h"

#include <chrono>
#include <future>

#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"

namespace gridwarden::rpc {
namespace {

// A channel takes its share in the threads with its first call, and gives it back when it is destroyed: this
// one never is.
bool Keep() {
  auto* const stub =
      new grpc::GenericStub(grpc::CreateChannel("unix:/nobody", grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  std::promise<void> ended;
  stub->UnaryCall(&context, "/keep", grpc::StubOptions(), &request, &response,
                  [&ended](const grpc::Status&) { ended.set_value(); });
  ended.get_future().wait();
  return true;
}

}  // namespace

void KeepCallbackThreads() {
  static const bool kept = Keep();
  static_cast<void>(kept);
}

}  // namespace gridwarden::rpc
