#include "store/entry.hpp"

#include <gtest/gtest.h>

namespace fairlead::store {

TEST(Entry, ends_when_its_ttl_has_passed_and_not_before) {
  const WallTime now{std::chrono::milliseconds(1000)};
  const auto expiry = expiry_of(now, std::chrono::milliseconds(500));
  EXPECT_EQ(expiry, 1500U);
  EXPECT_FALSE(is_over(expiry, WallTime{std::chrono::milliseconds(1499)}));
  EXPECT_TRUE(is_over(expiry, WallTime{std::chrono::milliseconds(1500)}));
  EXPECT_FALSE(is_over(expiry_of(now, Store::forever), WallTime{std::chrono::hours(1'000'000)}));
}

TEST(Entry, adds_to_decimal_text_and_says_what_it_cannot_add_to) {
  EXPECT_EQ(sum("n", "-3", 5).value(), 2);
  EXPECT_EQ(sum("n", "3x", 1).error().message, "'n' holds '3x', which is no number to add to");
  EXPECT_EQ(sum("n", "9223372036854775807", 1).error().message,
            "'n' holds 9223372036854775807; adding 1 would leave 64 bits");
}

}  // namespace fairlead::store
