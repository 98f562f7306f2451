#include "worker/credit.hpp"

#include <gtest/gtest.h>

namespace fairlead::worker {

TEST(Credit, starts_with_one_unit) {
  EXPECT_EQ(CreditMeter{}.units(), 1U);
  EXPECT_TRUE(CreditMeter{}.worth_telling(0));
  EXPECT_FALSE(CreditMeter{}.worth_telling(1));
}

TEST(Credit, asks_for_a_millisecond_of_work) {
  CreditMeter meter;
  meter.on_handled(100us, true);
  EXPECT_EQ(meter.units(), 10U);
  CreditMeter quick;
  quick.on_handled(1us, true);
  EXPECT_EQ(quick.units(), CreditMeter::most);
  CreditMeter slow;
  slow.on_handled(50ms, true);
  EXPECT_EQ(slow.units(), 1U);
}

TEST(Credit, counts_all_handlers_of_a_unit_together) {
  CreditMeter meter;
  for (int event = 1; event <= 10; ++event) meter.on_handled(10us, event == 10);
  EXPECT_EQ(meter.units(), 10U);
}

TEST(Credit, shrinks_while_a_long_unit_is_still_running) {
  CreditMeter meter;
  meter.on_handled(10us, true);
  ASSERT_EQ(meter.units(), 100U);
  meter.on_handled(500us, false);
  EXPECT_EQ(meter.units(), 2U);
}

TEST(Credit, forgets_one_slow_unit_after_a_few_quick_ones) {
  CreditMeter meter;
  meter.on_handled(10us, true);
  meter.on_handled(20ms, true);
  EXPECT_EQ(meter.units(), 1U);
  for (int unit = 0; unit < 30; ++unit) meter.on_handled(10us, true);
  EXPECT_GE(meter.units(), 80U);
}

TEST(Credit, is_told_only_when_it_is_off_by_a_quarter) {
  CreditMeter meter;
  meter.on_handled(10us, true);  // 100 units
  EXPECT_FALSE(meter.worth_telling(100));
  EXPECT_FALSE(meter.worth_telling(110));
  EXPECT_FALSE(meter.worth_telling(81));
  EXPECT_TRUE(meter.worth_telling(80));
  EXPECT_TRUE(meter.worth_telling(140));
}

}  // namespace fairlead::worker
