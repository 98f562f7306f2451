#include "bus/patience.hpp"

#include <gtest/gtest.h>

namespace fairlead {

TEST(Patience, is_short_and_now_and_then_long) {
  Patience patience;
  Instant now{};
  int quick = 0;
  int slow = 0;
  for (int attempt = 0; attempt < 12; ++attempt) {
    patience.on_open(now);
    EXPECT_FALSE(patience.over(now));
    (patience.over(now + 200ms) ? quick : slow) += 1;
    EXPECT_TRUE(patience.over(now + 1s));
  }
  EXPECT_EQ(quick, 10);
  EXPECT_EQ(slow, 2);
}

}  // namespace fairlead
