#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace gridwarden::crypto {

// SHA-256 of what comes in parts.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  void Add(std::string_view bytes);
  std::string Finish();  // 32 bytes; once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gridwarden::crypto
