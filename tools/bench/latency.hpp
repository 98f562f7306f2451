// How long things took: a histogram that is exact to 1/32 of a value, from nanoseconds to minutes, in 10 KiB.
#pragma once

#include <array>
#include <cstdint>

#include "bus/time.hpp"

namespace fairlead::bench {

class Latency {
 public:
  void add(Duration took);
  Latency& operator+=(const Latency& other);

  std::uint64_t count() const { return count_; }
  Duration longest() const { return longest_; }
  // The smallest time that `share` (0 … 1) of them did not exceed, rounded up by 1/32 at most; 0 when there are none.
  Duration at(double share) const;

 private:
  static constexpr unsigned steps = 32;  // of each power of two
  static constexpr std::size_t buckets = std::size_t{steps} * 40;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t end_of(std::size_t bucket);

  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  Duration longest_{};
};

}  // namespace fairlead::bench
