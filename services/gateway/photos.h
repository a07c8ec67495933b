#pragma once

#include <string>

#include "gateway/http.h"
#include "gateway/rpc_sender.h"

// The bytes of photos and documents for the applications: /photos/{sha256}, without metadata, and
// /photos/{sha256}/thumbnail.
namespace gridwarden::gateway {

bool IsPhoto(const std::string& path);

// Answers GET and HEAD with the bytes, or with 304 when the caller has them and may still see them. Kept by
// the caller's own browser only, which asks each time. 404 where there is no thumbnail.
void AnswerPhoto(const HttpRequest& request, const SendRpc& send, const Respond& respond);

}  // namespace gridwarden::gateway
