#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/http.h"
#include "platform/tls/certificate.h"

namespace gridwarden::gateway {

// How a phone or a computer comes to trust the certificate of a local authority: a page in two languages with
// the fingerprint, steps for each system, the certificate itself and QR codes for the next phone. Everything
// is needed before there is trust, so it is served over plain HTTP too.
class TrustPages {
 public:
  // `authority_pem`: the authority's certificate; whatever else the file holds is shown to nobody.
  // `addresses`: where others reach us, "http://192.168.1.7:8443". INVALID_ARGUMENT when there is no
  // certificate in it.
  static absl::StatusOr<TrustPages> Make(const std::string& authority_pem,
                                         const std::vector<std::string>& addresses);
  TrustPages() = default;  // no authority of our own: no pages

  // Whether `path` is one of ours.
  bool Has(const std::string& path) const;
  // Answers GET or HEAD of one of ours. `host`: what the reader calls us, "192.168.1.7:8443"; "" when that is
  // unknown.
  HttpResponse Answer(const HttpRequest& request, const std::string& host) const;

 private:
  struct Code {
    std::string address, svg;
  };
  std::string Page(const HttpRequest& request, const std::string& host) const;

  std::string pem_;  // "": none
  tls::Described authority_;
  std::string profile_;  // for iOS
  std::vector<Code> codes_;
};

}  // namespace gridwarden::gateway
