#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "gateway/address_set.h"

namespace gridwarden::gateway {

// Who is connected: a limit on all of them and on each address, and who makes room when all places are taken.
// Half handshakes and silent connections can therefore not shut others out. May be used on several threads at
// once.
class Guests {
 public:
  struct Limits {
    int all;
    int per_address;       // 0: none
    AddressSet unlimited;  // addresses that only the first limit holds for
    // Who has waited less is not asked to make room: he may be about to send.
    std::chrono::milliseconds patience{1000};
  };

  // The place of one connection, given back when it is destroyed.
  class Guest {
   public:
    ~Guest();
    Guest(const Guest&) = delete;

    void Waits();   // for his next request; says since when
    void Served();  // has sent one: nobody asks him to go

   private:
    friend class Guests;
    Guest(Guests& guests, std::string host, std::function<void()> leave);

    Guests& guests_;
    const std::string host_;  // "" when no limit per address holds
    const std::function<void()> leave_;
    std::chrono::steady_clock::time_point since_;
    bool waiting_ = false;
    std::list<Guest*>::iterator place_;  // in waiting_, while he waits
  };

  explicit Guests(Limits limits) : limits_(std::move(limits)) {}

  // A place for who comes from `address`, or null. `leave` is called, on any thread and at most once, when he
  // is asked to make room; he may be served by then and stay.
  std::unique_ptr<Guest> Admit(const std::string& address, std::function<void()> leave);

  int count() const;
  uint64_t turned_away() const;

 private:
  bool MakeRoom(std::function<void()>& leave);

  const Limits limits_;
  mutable std::mutex mutex_;  // guards what follows and what it points to
  int count_ = 0;
  uint64_t turned_away_ = 0;
  std::unordered_map<std::string, int> by_host_;
  std::list<Guest*> waiting_;  // who waits longest comes first
};

}  // namespace gridwarden::gateway
