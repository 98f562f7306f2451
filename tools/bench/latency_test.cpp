#include "tools/bench/latency.hpp"

#include <gtest/gtest.h>

namespace fairlead::bench {
namespace {

TEST(Latency, of_nothing_is_nothing) {
  EXPECT_EQ(Latency{}.at(0.5), 0ns);
  EXPECT_EQ(Latency{}.count(), 0U);
}

TEST(Latency, a_share_of_them_took_no_longer) {
  Latency latency;
  for (int i = 1; i <= 1000; ++i) latency.add(i * 1us);
  for (const auto& [share, exact] : {std::pair{0.5, 500.0}, {0.99, 990.0}, {0.999, 999.0}, {1.0, 1000.0}}) {
    const double told = static_cast<double>(latency.at(share).count()) / 1000;
    EXPECT_GE(told, exact) << share;
    EXPECT_LE(told, exact * (1 + 1.0 / 32)) << share;
  }
  EXPECT_EQ(latency.at(1), 1ms);
  EXPECT_EQ(latency.longest(), 1ms);
}

TEST(Latency, every_size_is_rounded_up_by_a_32nd_at_most) {
  for (std::int64_t value = 1; value < 100'000'000'000; value = value * 3 + 1) {
    Latency latency;
    latency.add(Duration(value));
    latency.add(1h);
    const auto told = latency.at(0.5).count();
    EXPECT_GE(told, value);
    EXPECT_LE(static_cast<double>(told), static_cast<double>(value) * (1 + 1.0 / 32)) << value;
  }
}

TEST(Latency, adds_up) {
  Latency one;
  one.add(1ms);
  Latency other;
  other.add(1s);
  one += other;
  EXPECT_EQ(one.count(), 2U);
  EXPECT_EQ(one.longest(), 1s);
  EXPECT_LE(one.at(0.5), 1032us);
}

}  // namespace
}  // namespace fairlead::bench
