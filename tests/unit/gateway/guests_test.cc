#include "gateway/guests.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace gridwarden::gateway {
namespace {

constexpr std::chrono::milliseconds kNone{0};
constexpr std::chrono::hours kLong{1};

TEST(Guests, AskWhoHasWaitedLongestToMakeRoom) {
  Guests guests({.all = 2, .per_address = 0, .patience = kNone});
  std::vector<std::string> left;
  const auto admit = [&](const std::string& name) {
    return guests.Admit("192.0.2.1", [&left, name] { left.push_back(name); });
  };
  const auto first = admit("first"), second = admit("second");
  first->Served();
  const auto third = admit("third");
  EXPECT_NE(third, nullptr);
  EXPECT_EQ(left, std::vector<std::string>{"second"}) << "the first is being served";
  first->Waits();
  const auto fourth = admit("fourth");
  EXPECT_EQ(left.back(), "third") << "the first has waited for a shorter time";
  EXPECT_EQ(guests.turned_away(), 0u);
}

TEST(Guests, AreTurnedAwayWhenAllAreServedOrHaveJustCome) {
  Guests guests({.all = 1, .per_address = 0, .patience = kLong});
  auto first = guests.Admit("192.0.2.1", [] { ADD_FAILURE() << "has just come"; });
  EXPECT_EQ(guests.Admit("192.0.2.2", [] {}), nullptr);
  first->Served();
  EXPECT_EQ(guests.Admit("192.0.2.2", [] {}), nullptr);
  EXPECT_EQ(guests.turned_away(), 2u);
  EXPECT_EQ(guests.count(), 1);
  first.reset();
  EXPECT_NE(guests.Admit("192.0.2.2", [] {}), nullptr);
  EXPECT_EQ(guests.count(), 0);
}

TEST(Guests, OfOneAddressAreLimitedAndProxiesAreNot) {
  Guests guests({.all = 100, .per_address = 2, .unlimited = AddressSet::Parse({"10.0.0.0/8"}).value()});
  std::vector<std::unique_ptr<Guests::Guest>> kept;
  const auto admit = [&](const std::string& address) {
    kept.push_back(guests.Admit(address, [] {}));
    return kept.back() != nullptr;
  };
  EXPECT_TRUE(admit("192.0.2.1") && admit("192.0.2.1") && admit("192.0.2.2"));
  EXPECT_FALSE(admit("192.0.2.1"));
  EXPECT_FALSE(admit("::ffff:192.0.2.1")) << "the same host, spelt for IPv6";
  EXPECT_TRUE(admit("2001:db8::1") && admit("2001:db8::2"));
  EXPECT_FALSE(admit("2001:db8::3")) << "a network of one host";
  EXPECT_TRUE(admit("2001:db8:0:1::3"));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(admit("10.1.2.3"));
  kept.clear();
  EXPECT_TRUE(admit("192.0.2.1"));
  EXPECT_EQ(guests.count(), 1);
}

TEST(Guests, KeepCountWhileManyComeAndGo) {
  Guests guests({.all = 16, .per_address = 8, .patience = kNone});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&guests, t] {
      for (int i = 0; i < 2000; ++i) {
        const auto guest = guests.Admit(absl::StrCat("192.0.2.", (t + i) % 3), [] {});
        if (guest == nullptr) continue;
        guest->Served();
        guest->Waits();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(guests.count(), 0);
  EXPECT_NE(guests.Admit("192.0.2.0", [] {}), nullptr);
}

TEST(AddressSet, KnowsAddressesAndNetworks) {
  const AddressSet set = AddressSet::Parse({"127.0.0.1", "10.244.0.0/15", "fd00::/8", "::1"}).value();
  for (const char* in :
       {"127.0.0.1", "10.244.0.1", "10.245.255.255", "fd12:3456::1", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(set.Contains(in)) << in;
  }
  for (const char* out : {"127.0.0.2", "10.246.0.0", "fe80::1", "::2", "", "localhost", "127.0.0.1.evil"}) {
    EXPECT_FALSE(set.Contains(out)) << out;
  }
  EXPECT_TRUE(AddressSet::Parse({"0.0.0.0/0"})->Contains("192.0.2.1"));
  EXPECT_FALSE(AddressSet::Parse({"0.0.0.0/0"})->Contains("2001:db8::1"));
  for (const char* none : {"", "proxy", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::1/129", "10.0.0/8"}) {
    EXPECT_FALSE(AddressSet::Parse({none}).ok()) << none;
  }
}

}  // namespace
}  // namespace gridwarden::gateway
