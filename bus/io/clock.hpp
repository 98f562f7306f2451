// The one place that reads the clock. Everybody else is told the time.
#pragma once

#include "bus/time.hpp"

namespace fairlead::io {

Duration wall_time();  // since 1970, for people to see: it may jump
Instant now();         // CLOCK_MONOTONIC: does not count suspended time, never goes back

}  // namespace fairlead::io
