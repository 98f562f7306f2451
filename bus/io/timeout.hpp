// How long a poll may sleep, in the unit that poll and epoll count in.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "bus/time.hpp"

namespace fairlead::io {

// Rounded up, or the last millisecond before a deadline would be spent polling; -1 (for ever) without a timeout.
inline int milliseconds_up(std::optional<Duration> timeout) {
  if (!timeout) return -1;
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(std::clamp(*timeout, Duration{0}, Duration{24h}));
  return static_cast<int>(whole.count());
}

}  // namespace fairlead::io
