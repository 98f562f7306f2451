// The bytes that a fuzz target is given, taken from the front. What is asked for beyond their end is zeros and nothing, so that every
// input means something.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bus/check.hpp"

namespace fairlead::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  // From [0, bound); bound > 0. Two bytes.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t high = byte();
    return (high << 8U | byte()) % bound;
  }
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // As many bytes as the byte in front says.
  std::string_view text() { return take(byte()); }
  // Up to 64 KiB: two bytes say how many.
  std::string_view block() { return take(below(65536)); }

 private:
  std::string_view rest_;
};

}  // namespace fairlead::fuzz

// How a target says that something does not hold: libFuzzer keeps the input that made it so.
#define FUZZ_DEMAND(condition, why) FAIRLEAD_CHECK(condition, why)
