#pragma once

namespace gridwarden::rpc {

// gRPC 1.51 ends the threads of its callbacks when the last channel and server that use them are gone, and
// now and then crashes over it (grpc_cq_internal_unref, "prior > 0"): tests that dial and hang up, and a
// process that stops. This keeps them for good.
void KeepCallbackThreads();

}  // namespace gridwarden::rpc
