#include "store/memory_store.hpp"

#include <gtest/gtest.h>

namespace fairlead::store {

TEST(MemoryStore, forgets_what_is_over_though_nobody_asks_for_it) {
  WallTime now{std::chrono::hours(1)};
  MemoryStore store([&now] { return now; });
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store.set("old" + std::to_string(i), "v", std::chrono::seconds(1)));
  now += std::chrono::seconds(2);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store.incr("n"));
  EXPECT_EQ(store.entries(), 1U);
}

}  // namespace fairlead::store
