#include "platform/tls/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

#include "gtest/gtest.h"

// What we make is judged by OpenSSL's own verification, as a browser or another process would.
namespace gridwarden::tls {
namespace {

const absl::Time kNow = absl::FromCivil(absl::CivilSecond(2026, 3, 1, 8, 0, 0), absl::UTCTimeZone());

Subject AuthorityOf(const char* name) {
  return {
      .common_name = name, .not_before = kNow - absl::Hours(1), .not_after = kNow + absl::Hours(24 * 3650)};
}

Subject Casework() {
  return {.common_name = "casework",
          .dns_names = {"casework.example.org", "localhost"},
          .addresses = {"192.168.1.7", "::1"},
          .uris = {"spiffe://gridwarden.411702/area/casework"},
          .not_before = kNow - absl::Hours(1),
          .not_after = kNow + absl::Hours(24)};
}

X509* Read(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return certificate;
}

// What OpenSSL says of a leaf under an authority, in one role and for one host; X509_V_OK when it accepts.
int Verify(const std::string& leaf, const std::string& authority, absl::Time now, const char* purpose,
           const char* host = nullptr, const char* address = nullptr) {
  X509* const certificate = Read(leaf);
  X509* const root = Read(authority);
  X509_STORE* const store = X509_STORE_new();
  X509_STORE_add_cert(store, root);
  X509_STORE_CTX* const context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, certificate, nullptr);
  X509_STORE_CTX_set_default(context, purpose);
  X509_VERIFY_PARAM* const want = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(want, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_time(want, absl::ToTimeT(now));
  if (host != nullptr) X509_VERIFY_PARAM_set1_host(want, host, 0);
  if (address != nullptr) X509_VERIFY_PARAM_set1_ip_asc(want, address);
  const int answer = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  X509_free(root);
  X509_free(certificate);
  return answer;
}

class Certificates : public testing::Test {
 protected:
  const KeyPair authority_ = MakeAuthority(AuthorityOf("Gridwarden 411702")).value();
  const KeyPair leaf_ = IssueLeaf(authority_, Casework()).value();
};

TEST_F(Certificates, OpenSslAcceptsALeafAsServerAndAsClientByEachOfItsNames) {
  EXPECT_EQ(Verify(leaf_.certificate, authority_.certificate, kNow, "ssl_server", "localhost"), X509_V_OK);
  EXPECT_EQ(Verify(leaf_.certificate, authority_.certificate, kNow, "ssl_server", "casework.example.org"),
            X509_V_OK);
  EXPECT_EQ(Verify(leaf_.certificate, authority_.certificate, kNow, "ssl_server", nullptr, "192.168.1.7"),
            X509_V_OK);
  EXPECT_EQ(Verify(leaf_.certificate, authority_.certificate, kNow, "ssl_server", nullptr, "::1"), X509_V_OK);
  EXPECT_EQ(Verify(leaf_.certificate, authority_.certificate, kNow, "ssl_client"), X509_V_OK);
}

TEST_F(Certificates, OpenSslRefusesAnotherNameAnotherAuthorityAndAnotherTime) {
  EXPECT_EQ(Verify(leaf_.certificate, authority_.certificate, kNow, "ssl_server", "example.org"),
            X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(Verify(leaf_.certificate, authority_.certificate, kNow, "ssl_server", nullptr, "192.168.1.8"),
            X509_V_ERR_IP_ADDRESS_MISMATCH);
  const KeyPair other = MakeAuthority(AuthorityOf("Gridwarden 411702")).value();
  EXPECT_NE(Verify(leaf_.certificate, other.certificate, kNow, "ssl_server"), X509_V_OK);
  EXPECT_EQ(Verify(leaf_.certificate, authority_.certificate, kNow + absl::Hours(25), "ssl_server"),
            X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(Verify(leaf_.certificate, authority_.certificate, kNow - absl::Hours(2), "ssl_server"),
            X509_V_ERR_CERT_NOT_YET_VALID);
}

TEST_F(Certificates, ALeafSignsNothing) { EXPECT_FALSE(IssueLeaf(leaf_, Casework()).ok()); }

TEST_F(Certificates, AnAuthorityHasOnlyLeavesUnderIt) {
  X509* const root = Read(authority_.certificate);
  EXPECT_EQ(X509_check_ca(root), 1);
  EXPECT_EQ(X509_get_pathlen(root), 0);
  EXPECT_EQ(X509_get_key_usage(root), static_cast<uint32_t>(KU_KEY_CERT_SIGN | KU_CRL_SIGN));
  X509_free(root);
}

TEST_F(Certificates, TwoLeavesShareNeitherKeyNorSerial) {
  const KeyPair again = IssueLeaf(authority_, Casework()).value();
  EXPECT_NE(again.key, leaf_.key);
  X509* const one = Read(leaf_.certificate);
  X509* const two = Read(again.certificate);
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(one), X509_get0_serialNumber(two)), 0);
  X509_free(one);
  X509_free(two);
}

TEST_F(Certificates, DescribeTellsWhatWasAskedFor) {
  const Described described = Describe(leaf_.certificate).value();
  const Subject want = Casework();
  EXPECT_EQ(described.subject.common_name, want.common_name);
  EXPECT_EQ(described.subject.dns_names, want.dns_names);
  EXPECT_EQ(described.subject.addresses, want.addresses);
  EXPECT_EQ(described.subject.uris, want.uris);
  EXPECT_EQ(described.subject.not_before, want.not_before);
  EXPECT_EQ(described.subject.not_after, want.not_after);
  EXPECT_EQ(described.sha256.size(), 32 * 3 - 1);
  EXPECT_NE(described.sha256, Describe(authority_.certificate)->sha256);
  EXPECT_FALSE(Describe("no certificate").ok());
  EXPECT_FALSE(Describe("").ok());
}

TEST_F(Certificates, ALifeBeyondTheYear2050IsWrittenAndRead) {
  Subject far = AuthorityOf("far");
  far.not_after = absl::FromCivil(absl::CivilSecond(2061, 5, 6, 7, 8, 9), absl::UTCTimeZone());
  EXPECT_EQ(Describe(MakeAuthority(far)->certificate)->subject.not_after, far.not_after);
}

TEST_F(Certificates, APairIsCheckedForItsKeyAndItsLife) {
  EXPECT_TRUE(CheckPair(leaf_, kNow).ok());
  EXPECT_FALSE(CheckPair({leaf_.certificate, authority_.key}, kNow).ok());
  EXPECT_FALSE(CheckPair({leaf_.certificate, "no key"}, kNow).ok());
  EXPECT_FALSE(CheckPair({"no certificate", leaf_.key}, kNow).ok());
  EXPECT_FALSE(CheckPair(leaf_, kNow + absl::Hours(24)).ok());
  EXPECT_FALSE(CheckPair(leaf_, kNow - absl::Hours(2)).ok());
}

TEST_F(Certificates, ASignatureIsCheckedAgainstItsAuthorityAndTheTime) {
  EXPECT_TRUE(CheckSignedBy(leaf_.certificate, authority_.certificate, kNow).ok());
  const KeyPair other = MakeAuthority(AuthorityOf("Gridwarden 411702")).value();
  EXPECT_FALSE(CheckSignedBy(leaf_.certificate, other.certificate, kNow).ok());
  EXPECT_FALSE(CheckSignedBy(leaf_.certificate, leaf_.certificate, kNow).ok());
  EXPECT_FALSE(CheckSignedBy(leaf_.certificate, "no certificate", kNow).ok());
  EXPECT_TRUE(CheckSignedBy(leaf_.certificate, other.certificate + authority_.certificate, kNow).ok());
  EXPECT_FALSE(CheckSignedBy(leaf_.certificate, authority_.certificate, kNow + absl::Hours(25)).ok());
}

TEST_F(Certificates, NamesThatAreNoneAreRefusedByName) {
  const auto refused = [this](auto change) {
    Subject subject = Casework();
    change(subject);
    return IssueLeaf(authority_, subject).status();
  };
  EXPECT_EQ(refused([](Subject& s) { s.common_name = ""; }).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused([](Subject& s) { s.common_name = std::string(65, 'a'); }).code(),
            absl::StatusCode::kInvalidArgument);
  for (const char* name : {"", "a b", "-a.org", "a..org", "http://a.org", "县.org", "a.*.org", "*"}) {
    EXPECT_EQ(refused([&](Subject& s) { s.dns_names = {name}; }).code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
  for (const char* address : {"", "1.2.3", "1.2.3.4.5", "localhost", "::g"}) {
    EXPECT_EQ(refused([&](Subject& s) { s.addresses = {address}; }).code(),
              absl::StatusCode::kInvalidArgument)
        << address;
  }
  for (const char* uri : {"", "spiffe", "://a", "spiffe://", "spiffe://a b", "spiffe://a\n"}) {
    EXPECT_EQ(refused([&](Subject& s) { s.uris = {uri}; }).code(), absl::StatusCode::kInvalidArgument) << uri;
  }
  EXPECT_EQ(refused([](Subject& s) { s.not_after = s.not_before; }).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(refused([](Subject& s) { s.dns_names = {"*.example.org"}; }).ok());
}

TEST_F(Certificates, ALeafDoesNotOutliveItsAuthority) {
  Subject subject = Casework();
  subject.not_after = AuthorityOf("x").not_after + absl::Seconds(1);
  EXPECT_EQ(IssueLeaf(authority_, subject).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(Certificates, AnAuthorityWithAForeignKeySignsNothing) {
  const KeyPair other = MakeAuthority(AuthorityOf("other")).value();
  EXPECT_FALSE(IssueLeaf({authority_.certificate, other.key}, Casework()).ok());
}

}  // namespace
}  // namespace gridwarden::tls
