#pragma once

#include <string>
#include <vector>

#include "gateway/http.h"
#include "platform/tls/certificate.h"

namespace gridwarden::gateway {

// What a caller is told who speaks plain HTTP where we speak TLS. Who reads a page is sent to the same page
// over https, if the host he names is one the certificate is for: nobody is led elsewhere. A program is told
// in Connect form.
HttpResponse AnswerPlain(const HttpRequest& request, const tls::Subject& certificate);

// "192.168.1.7:8443" when the certificate is for that host and the port is one; "" otherwise. Of names with a
// star, the star stands for one label.
std::string HostWithPort(const HttpRequest& request, const tls::Subject& certificate);

}  // namespace gridwarden::gateway
