#pragma once

#include <cstddef>
#include <string>

#include "gateway/http.h"
#include "gateway/rpc_sender.h"

// Photos and documents in pieces over bad lines: the UploadService of media as tus 1.0 (core, creation,
// checksum, expiration) under /files. One PATCH is one piece, kept whole or not at all.
namespace gridwarden::gateway {

bool IsUpload(const std::string& path);
// How large a body this request may have.
size_t UploadBodyLimit(const HttpRequest& head);
HttpResponse UploadTooLarge(const HttpRequest& head);

// Answers one request to /files. Besides what an rpc may refuse: 400 for headers that say nothing, 405, 412
// for another version of tus, 413, 415; 409 and 460 with the offset from which to go on.
void AnswerUpload(HttpRequest request, const SendRpc& send, const Respond& respond);

}  // namespace gridwarden::gateway
