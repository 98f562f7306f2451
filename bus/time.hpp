// Time is an argument: nothing outside */io reads a clock. An Instant is monotonic and means nothing in another process.
#pragma once

#include <chrono>
#include <cstdint>

namespace fairlead {

using Duration = std::chrono::nanoseconds;

struct BusClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = Duration;
  using time_point = std::chrono::time_point<BusClock>;
  static constexpr bool is_steady = true;
};
using Instant = BusClock::time_point;

using namespace std::chrono_literals;

}  // namespace fairlead
