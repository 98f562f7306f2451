#include "gateway/timers.hpp"

#include <gtest/gtest.h>

namespace fairlead::gateway {
namespace {

constexpr UserId ann{1};
constexpr UserId bob{2};

Instant at(Duration time) { return Instant{} + time; }

}  // namespace

TEST(Timers, come_due_in_the_order_of_their_times) {
  Timers timers;
  EXPECT_EQ(timers.next_time(), Instant::max());
  ASSERT_TRUE(timers.set(ann, "late", at(3s), "a"));
  ASSERT_TRUE(timers.set(bob, "soon", at(1s), "b"));
  EXPECT_EQ(timers.next_time(), at(1s));
  EXPECT_FALSE(timers.take_due(at(999ms)));
  EXPECT_EQ(timers.take_due(at(5s)), (Timers::Due{bob, "soon", "b"}));
  EXPECT_EQ(timers.take_due(at(5s)), (Timers::Due{ann, "late", "a"}));
  EXPECT_FALSE(timers.take_due(at(5s)));
}

TEST(Timers, of_one_name_replace_each_other_for_each_user) {
  Timers timers;
  ASSERT_TRUE(timers.set(ann, "t", at(1s), "old"));
  ASSERT_TRUE(timers.set(bob, "t", at(1s), "his"));
  ASSERT_TRUE(timers.set(ann, "t", at(2s), "new"));
  EXPECT_EQ(timers.size(), 2U);
  EXPECT_EQ(timers.take_due(at(9s)), (Timers::Due{bob, "t", "his"}));
  EXPECT_EQ(timers.take_due(at(9s)), (Timers::Due{ann, "t", "new"}));
}

TEST(Timers, are_taken_away_one_by_one_or_with_their_user) {
  Timers timers;
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(timers.set(ann, name, at(1s), ""));
  timers.cancel(ann, "b");
  timers.cancel(ann, "none");
  timers.cancel(bob, "b");
  EXPECT_EQ(timers.size(), 2U);
  timers.forget(ann);
  timers.forget(bob);
  EXPECT_EQ(timers.size(), 0U);
}

TEST(Timers, have_an_end_for_each_user) {
  Timers timers;
  for (std::size_t i = 0; i < Timers::max_per_user; ++i) ASSERT_TRUE(timers.set(ann, std::to_string(i), at(1s), ""));
  EXPECT_FALSE(timers.set(ann, "one more", at(1s), ""));
  EXPECT_TRUE(timers.set(ann, "0", at(2s), "")) << "the same name is not one more";
  EXPECT_TRUE(timers.set(bob, "his", at(1s), ""));
}

}  // namespace fairlead::gateway
