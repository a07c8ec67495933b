#include "gateway/plain_http.h"

#include <string>

#include "gtest/gtest.h"

namespace gridwarden::gateway {
namespace {

std::string HostFor(const std::string& host) {
  const tls::Subject certificate{.dns_names = {"grid.example", "*.county.example"},
                                 .addresses = {"192.0.2.7", "2001:db8::7"}};
  return HostWithPort({.headers = {{"host", host}}}, certificate);
}

TEST(PlainHttp, KnowsTheHostsThatTheCertificateIsFor) {
  EXPECT_EQ(HostFor("grid.example"), "grid.example");
  EXPECT_EQ(HostFor("GRID.example:8443"), "grid.example:8443");
  EXPECT_EQ(HostFor("a.county.example"), "a.county.example");
  EXPECT_EQ(HostFor("192.0.2.7:1"), "192.0.2.7:1");
  EXPECT_EQ(HostFor("[2001:db8::7]:65535"), "[2001:db8::7]:65535");
  EXPECT_EQ(HostFor("[2001:DB8:0::7]"), "[2001:db8:0::7]") << "the same address, spelt otherwise";
}

TEST(PlainHttp, TakesNoOtherHostForOurs) {
  for (const char* host : {"",
                           "evil.example",
                           "xgrid.example",
                           "grid.example.evil",
                           "county.example",
                           ".county.example",
                           "a.b.county.example",
                           "192.0.2.8",
                           "192.0.2.7.evil",
                           "2001:db8::7",
                           "[192.0.2.7]x",
                           "[grid.example]",
                           "grid.example:0",
                           "grid.example:65536",
                           "grid.example:-1",
                           "grid.example: 80",
                           "grid.example:80:80",
                           "user@grid.example",
                           "grid.example/x",
                           "grid.example\\x",
                           "grid.example%2f"}) {
    EXPECT_EQ(HostFor(host), "") << host;
  }
}

}  // namespace
}  // namespace gridwarden::gateway
