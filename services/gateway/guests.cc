#include "gateway/guests.h"

#include <utility>

namespace gridwarden::gateway {

Guests::Guest::Guest(Guests& guests, std::string host, std::function<void()> leave)
    : guests_(guests), host_(std::move(host)), leave_(std::move(leave)) {}

Guests::Guest::~Guest() {
  std::lock_guard lock(guests_.mutex_);
  if (waiting_) guests_.waiting_.erase(place_);
  --guests_.count_;
  const auto host = guests_.by_host_.find(host_);
  if (host != guests_.by_host_.end() && --host->second == 0) guests_.by_host_.erase(host);
}

void Guests::Guest::Waits() {
  std::lock_guard lock(guests_.mutex_);
  if (waiting_) return;
  since_ = std::chrono::steady_clock::now();
  place_ = guests_.waiting_.insert(guests_.waiting_.end(), this);
  waiting_ = true;
}

void Guests::Guest::Served() {
  std::lock_guard lock(guests_.mutex_);
  if (waiting_) guests_.waiting_.erase(place_);
  waiting_ = false;
}

std::unique_ptr<Guests::Guest> Guests::Admit(const std::string& address, std::function<void()> leave) {
  const bool limited = limits_.per_address > 0 && !address.empty() && !limits_.unlimited.Contains(address);
  std::unique_ptr<Guest> guest(new Guest(*this, limited ? HostOf(address) : "", std::move(leave)));
  std::function<void()> ask_to_leave;
  bool admitted;
  {
    std::lock_guard lock(mutex_);
    ++count_;  // given back with the guest
    const int of_host = limited ? ++by_host_[guest->host_] : 0;
    admitted = of_host <= limits_.per_address && (count_ <= limits_.all || MakeRoom(ask_to_leave));
    if (!admitted) ++turned_away_;
  }
  if (ask_to_leave) ask_to_leave();
  if (!admitted) return nullptr;
  guest->Waits();
  return guest;
}

// Who has waited longest goes, if that is long enough.
bool Guests::MakeRoom(std::function<void()>& leave) {
  if (waiting_.empty()) return false;
  Guest& longest = *waiting_.front();
  if (std::chrono::steady_clock::now() - longest.since_ < limits_.patience) return false;
  leave = longest.leave_;
  waiting_.pop_front();
  longest.waiting_ = false;
  return true;
}

int Guests::count() const {
  std::lock_guard lock(mutex_);
  return count_;
}

uint64_t Guests::turned_away() const {
  std::lock_guard lock(mutex_);
  return turned_away_;
}

}  // namespace gridwarden::gateway
