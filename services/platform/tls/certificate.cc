#include "platform/tls/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "platform/crypto/openssl.h"

namespace gridwarden::tls {
namespace {

constexpr int kSerialBits = 127;  // positive, and never the same twice
constexpr size_t kCommonNameMax = 64;
constexpr size_t kDnsNameMax = 253;
constexpr size_t kLabelMax = 63;

using crypto::Freed;
using crypto::Key;
using crypto::Number;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

absl::Status Bad(std::string_view what) {
  return FailedPrecondition("INTERNAL_FAULT", absl::StrCat("certificate: ", std::string(what)));
}

// What OpenSSL says of the call that just failed.
absl::Status Failed(const char* what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return Bad(absl::StrCat(what, " failed", reason == nullptr ? "" : ": ", reason == nullptr ? "" : reason));
}

// ---- PEM
// ----------------------------------------------------------------------------------------------------

Bio Reading(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string Written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

// Nobody is asked for a passphrase on a terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

absl::StatusOr<Certificate> ReadCertificate(std::string_view pem) {
  const Bio bio = Reading(pem);
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) return Bad("no PEM certificate");
  return certificate;
}

absl::StatusOr<Key> ReadKey(std::string_view pem) {
  const Bio bio = Reading(pem);
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  if (key == nullptr) return Bad("no PEM private key, or one behind a passphrase");
  return key;
}

absl::StatusOr<KeyPair> Write(X509& certificate, EVP_PKEY& key) {
  const Bio certificate_bio(BIO_new(BIO_s_mem()));
  const Bio key_bio(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_X509(certificate_bio.get(), &certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Failed("writing PEM");
  }
  return KeyPair{.certificate = Written(certificate_bio.get()), .key = Written(key_bio.get())};
}

// ---- names
// --------------------------------------------------------------------------------------------------

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kLabelMax && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

// One label may stand for any: "*.example.org".
bool IsDnsName(const std::string& name) {
  const std::vector<std::string> labels =
      absl::StrSplit(absl::StartsWith(name, "*.") ? name.substr(2) : name, '.');
  return name.size() <= kDnsNameMax && std::all_of(labels.begin(), labels.end(), IsLabel);
}

bool IsUri(const std::string& uri) {
  const size_t scheme = uri.find("://");
  return scheme != std::string::npos && scheme > 0 && uri.size() > scheme + 3 &&
         std::all_of(uri.begin(), uri.end(), [](unsigned char c) { return std::isgraph(c) != 0; });
}

// The bytes of an address; "" for what is none.
std::string AddressBytes(const std::string& text) {
  in6_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) == 1) return {reinterpret_cast<const char*>(&address), 4};
  if (inet_pton(AF_INET6, text.c_str(), &address) == 1) return {reinterpret_cast<const char*>(&address), 16};
  return "";
}

std::string AddressText(const ASN1_OCTET_STRING& bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int size = ASN1_STRING_length(&bytes);
  if (size != 4 && size != 16) return "";
  inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(&bytes), text, sizeof(text));
  return text;
}

absl::Status CheckSubject(const Subject& subject) {
  if (subject.common_name.empty() || subject.common_name.size() > kCommonNameMax) {
    return InvalidField("common_name", absl::StrCat("got ", subject.common_name.size(), " bytes, want 1 to ",
                                                    kCommonNameMax));
  }
  if (subject.not_after <= subject.not_before) {
    return InvalidField("not_after", "want a time after not_before");
  }
  for (const std::string& name : subject.dns_names) {
    if (!IsDnsName(name))
      return InvalidField("dns_names", absl::StrCat("got \"", name, "\", want a DNS name"));
  }
  for (const std::string& address : subject.addresses) {
    if (AddressBytes(address).empty()) {
      return InvalidField("addresses", absl::StrCat("got \"", address, "\", want an IPv4 or IPv6 address"));
    }
  }
  for (const std::string& uri : subject.uris) {
    if (!IsUri(uri)) return InvalidField("uris", absl::StrCat("got \"", uri, "\", want SCHEME://..."));
  }
  return absl::OkStatus();
}

// Adds one name; the list owns it afterwards.
bool AddName(GENERAL_NAMES& names, int type, std::string_view bytes) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_STRING* value = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
  if (name == nullptr || value == nullptr ||
      ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size())) != 1) {
    GENERAL_NAME_free(name);
    ASN1_STRING_free(value);
    return false;
  }
  GENERAL_NAME_set0_value(name, type, value);
  return sk_GENERAL_NAME_push(&names, name) > 0;
}

// ---- building
// -----------------------------------------------------------------------------------------------

bool AddAlternativeNames(X509& certificate, const Subject& subject) {
  const Names names(GENERAL_NAMES_new());
  bool added = names != nullptr;
  for (const std::string& name : subject.dns_names) added = added && AddName(*names, GEN_DNS, name);
  for (const std::string& text : subject.addresses) {
    added = added && AddName(*names, GEN_IPADD, AddressBytes(text));
  }
  for (const std::string& uri : subject.uris) added = added && AddName(*names, GEN_URI, uri);
  if (!added) return false;
  if (sk_GENERAL_NAME_num(names.get()) == 0) return true;
  return X509_add1_ext_i2d(&certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

bool AddExtension(X509& certificate, X509& issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension != nullptr && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

bool SetTime(ASN1_TIME* time, absl::Time to) { return ASN1_TIME_set(time, absl::ToTimeT(to)) != nullptr; }

bool SetSerial(X509& certificate) {
  const Number serial(BN_new());
  return serial != nullptr && BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

// Everything but the extensions that tell an authority from a leaf.
absl::StatusOr<Certificate> Begin(const Subject& subject, EVP_PKEY& key) {
  Certificate certificate(X509_new());
  if (certificate == nullptr) return Failed("making a certificate");
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* common_name = reinterpret_cast<const unsigned char*>(subject.common_name.data());
  if (X509_set_version(certificate.get(), X509_VERSION_3) != 1 || !SetSerial(*certificate) ||
      !SetTime(X509_getm_notBefore(certificate.get()), subject.not_before) ||
      !SetTime(X509_getm_notAfter(certificate.get()), subject.not_after) ||
      X509_set_pubkey(certificate.get(), &key) != 1 ||
      X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, common_name,
                                 static_cast<int>(subject.common_name.size()), -1, 0) != 1) {
    return Failed("making a certificate");
  }
  return certificate;
}

absl::StatusOr<Key> MakeKey() {
  Key key = crypto::NewP256Key();
  if (key == nullptr) return Failed("making a P-256 key");
  return key;
}

// ---- reading
// ------------------------------------------------------------------------------------------------

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTimeT(timegm(&parts));
}

std::string CommonNameOf(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return "";
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return "";
  std::string common_name(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
  OPENSSL_free(text);
  return common_name;
}

void ReadAlternativeNames(const X509& certificate, Subject& subject) {
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  for (int i = 0; i < (names == nullptr ? 0 : sk_GENERAL_NAME_num(names.get())); ++i) {
    int type = 0;
    const auto* value = static_cast<const ASN1_STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    const auto text = [value] {
      return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                         static_cast<size_t>(ASN1_STRING_length(value)));
    };
    if (type == GEN_DNS) subject.dns_names.push_back(text());
    if (type == GEN_URI) subject.uris.push_back(text());
    if (type == GEN_IPADD) subject.addresses.push_back(AddressText(*value));
  }
}

absl::StatusOr<std::string> Fingerprint(const X509& certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest, &size) != 1) return Failed("hashing a certificate");
  std::string text;
  for (unsigned int i = 0; i < size; ++i) absl::StrAppendFormat(&text, i == 0 ? "%02X" : ":%02X", digest[i]);
  return text;
}

absl::Status CheckAlive(const X509& certificate, absl::Time now) {
  const absl::Time not_before = TimeOf(X509_get0_notBefore(&certificate));
  const absl::Time not_after = TimeOf(X509_get0_notAfter(&certificate));
  if (now < not_before) return Bad(absl::StrCat("is not valid before ", absl::FormatTime(not_before)));
  if (now >= not_after) return Bad(absl::StrCat("ended at ", absl::FormatTime(not_after)));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<KeyPair> MakeAuthority(const Subject& subject) {
  GW_RETURN_IF_ERROR(CheckSubject(subject));
  GW_ASSIGN_OR_RETURN(const Key key, MakeKey());
  GW_ASSIGN_OR_RETURN(const Certificate authority, Begin(subject, *key));
  if (X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get())) != 1 ||
      !AddExtension(*authority, *authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !AddExtension(*authority, *authority, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !AddExtension(*authority, *authority, NID_subject_key_identifier, "hash") ||
      !AddExtension(*authority, *authority, NID_authority_key_identifier, "keyid:always") ||
      !AddAlternativeNames(*authority, subject) || X509_sign(authority.get(), key.get(), EVP_sha256()) == 0) {
    return Failed("signing an authority");
  }
  return Write(*authority, *key);
}

absl::StatusOr<KeyPair> IssueLeaf(const KeyPair& authority, const Subject& subject) {
  GW_RETURN_IF_ERROR(CheckSubject(subject));
  GW_ASSIGN_OR_RETURN(const Certificate issuer, ReadCertificate(authority.certificate));
  GW_ASSIGN_OR_RETURN(const Key issuer_key, ReadKey(authority.key));
  if (X509_check_ca(issuer.get()) != 1) return Bad("the authority may not sign");
  if (X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
    ERR_clear_error();
    return Bad("the key is not the authority's");
  }
  if (const absl::Time end = TimeOf(X509_get0_notAfter(issuer.get())); subject.not_after > end) {
    return InvalidField("not_after",
                        absl::StrCat("got ", absl::FormatTime(subject.not_after),
                                     ", want not after the authority's end ", absl::FormatTime(end)));
  }
  GW_ASSIGN_OR_RETURN(const Key key, MakeKey());
  GW_ASSIGN_OR_RETURN(const Certificate leaf, Begin(subject, *key));
  if (X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer.get())) != 1 ||
      !AddExtension(*leaf, *issuer, NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(*leaf, *issuer, NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(*leaf, *issuer, NID_ext_key_usage, "serverAuth,clientAuth") ||
      !AddExtension(*leaf, *issuer, NID_subject_key_identifier, "hash") ||
      !AddExtension(*leaf, *issuer, NID_authority_key_identifier, "keyid:always") ||
      !AddAlternativeNames(*leaf, subject) || X509_sign(leaf.get(), issuer_key.get(), EVP_sha256()) == 0) {
    return Failed("signing a certificate");
  }
  return Write(*leaf, *key);
}

absl::StatusOr<Described> Describe(std::string_view certificate_pem) {
  GW_ASSIGN_OR_RETURN(const Certificate certificate, ReadCertificate(certificate_pem));
  Described described;
  described.subject.common_name = CommonNameOf(X509_get_subject_name(certificate.get()));
  described.subject.not_before = TimeOf(X509_get0_notBefore(certificate.get()));
  described.subject.not_after = TimeOf(X509_get0_notAfter(certificate.get()));
  ReadAlternativeNames(*certificate, described.subject);
  GW_ASSIGN_OR_RETURN(described.sha256, Fingerprint(*certificate));
  return described;
}

absl::Status CheckPair(const KeyPair& pair, absl::Time now) {
  GW_ASSIGN_OR_RETURN(const Certificate certificate, ReadCertificate(pair.certificate));
  GW_ASSIGN_OR_RETURN(const Key key, ReadKey(pair.key));
  const bool belongs = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!belongs) return Bad("the key is not the certificate's");
  return CheckAlive(*certificate, now);
}

absl::Status CheckSignedBy(std::string_view certificate_pem, std::string_view authorities_pem,
                           absl::Time now) {
  GW_ASSIGN_OR_RETURN(const Certificate certificate, ReadCertificate(certificate_pem));
  const Store store(X509_STORE_new());
  const StoreContext context(X509_STORE_CTX_new());
  const Bio bio = Reading(authorities_pem);
  if (store == nullptr || context == nullptr || bio == nullptr) return Failed("preparing a check");
  int authorities = 0;
  while (const Certificate one{PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)}) {
    if (X509_STORE_add_cert(store.get(), one.get()) != 1) return Failed("reading the authorities");
    ++authorities;
  }
  ERR_clear_error();
  if (authorities == 0) return Bad("no PEM certificate of an authority");
  if (X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr) != 1) {
    return Failed("preparing a check");
  }
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), absl::ToTimeT(now));
  const bool verified = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (verified) return absl::OkStatus();
  return Bad(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

}  // namespace gridwarden::tls
