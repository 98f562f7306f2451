#include "bus/random.hpp"

#include <gtest/gtest.h>

namespace fairlead {

TEST(Random, a_seed_tells_the_whole_story) {
  Random one(7);
  Random same(7);
  Random other(8);
  const std::uint64_t first = one.next();
  EXPECT_EQ(first, same.next());
  EXPECT_NE(first, other.next());
}

TEST(Random, stays_below_its_bound_and_reaches_all_of_it) {
  Random random(1);
  std::uint64_t seen = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = random.below(5);
    ASSERT_LT(value, 5U);
    seen |= std::uint64_t{1} << value;
  }
  EXPECT_EQ(seen, 0x1fU);
}

TEST(Random, jitters_by_a_quarter_at_most) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const Duration jittered = random.jittered(1s);
    ASSERT_GE(jittered, 750ms);
    ASSERT_LE(jittered, 1250ms);
  }
  EXPECT_EQ(random.jittered(0s), 0s);
}

}  // namespace fairlead
