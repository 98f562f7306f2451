#include "bus/pause.hpp"

#include <gtest/gtest.h>

namespace fairlead {

TEST(PauseDetector, a_freeze_moves_deadlines_and_a_turn_does_not) {
  PauseDetector pause;
  const Instant start{100s};
  EXPECT_EQ(pause.on_turn(start), 0s);
  EXPECT_EQ(pause.on_turn(start + 900ms), 0s);
  EXPECT_EQ(pause.on_turn(start + 900ms + 30s), 30s);
}

}  // namespace fairlead
