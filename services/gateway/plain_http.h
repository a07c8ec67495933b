#pragma once

#include <string>
#include <vector>

#include "gateway/http.h"
#include "platform/tls/certificate.h"

namespace gridwarden::gateway {

// Why the applications do not work without https, in one sentence each.
inline constexpr char kWhyHttpsZh[] =
    "手机应用须用 https：不加密的 http 下，浏览器不提供定位、相机、离线使用和照片校验，密码也会被他人看到。";
inline constexpr char kWhyHttpsEn[] =
    "The phone application needs https: over plain http a browser gives it no position, no camera, no "
    "offline "
    "work and no digest of a photo, and others can read the password.";

// What a caller is told who speaks plain HTTP where we speak TLS. Who reads a page is sent to the same page
// over https, if the host he names is one the certificate is for: nobody is led elsewhere. A program is told
// in Connect form.
HttpResponse AnswerPlain(const HttpRequest& request, const tls::Subject& certificate);

// "192.168.1.7:8443" when the certificate is for that host and the port is one; "" otherwise. Of names with a
// star, the star stands for one label.
std::string HostWithPort(const HttpRequest& request, const tls::Subject& certificate);

}  // namespace gridwarden::gateway
