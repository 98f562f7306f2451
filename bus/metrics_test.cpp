#include "bus/metrics.hpp"

#include <gtest/gtest.h>

namespace fairlead {

using namespace std::chrono_literals;

TEST(MetricsPage, is_what_prometheus_reads) {
  MetricsPage page;
  page.counter("events_total", "Events taken.", 12345678901234);
  page.gauge("rate", "A rate.", 0.25);
  page.begin("bytes", MetricsPage::Type::gauge, "Bytes kept.");
  page.value({{"gateway", "one"}, {"state", "live"}}, 3);
  EXPECT_EQ(page.text(),
            "# HELP events_total Events taken.\n# TYPE events_total counter\nevents_total 12345678901234\n"
            "# HELP rate A rate.\n# TYPE rate gauge\nrate 0.25\n"
            "# HELP bytes Bytes kept.\n# TYPE bytes gauge\nbytes{gateway=\"one\",state=\"live\"} 3\n");
}

TEST(MetricsPage, cannot_be_forged_by_what_a_peer_calls_itself) {
  MetricsPage page;
  page.begin("x", MetricsPage::Type::gauge, "X.");
  page.value({{"name", "a\"} 1\nevil 2\\"}}, 0);
  page.value({{"name", "\xff"}}, 0);
  EXPECT_NE(page.text().find("x{name=\"a\\\"} 1\\nevil 2\\\\\"} 0\n"), std::string::npos) << page.text();
  EXPECT_EQ(page.text().find('\xff'), std::string::npos);
}

TEST(Histogram, counts_a_value_in_the_first_bucket_that_holds_it) {
  static constexpr std::array bounds{1.0, 2.0};
  Histogram histogram(bounds);
  for (const double value : {0.5, 1.0, 1.5, 7.0}) histogram.add(value);
  MetricsPage page;
  page.histogram("h", "H.", histogram);
  EXPECT_EQ(page.text(),
            "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 3\nh_bucket{le=\"+Inf\"} 4\n"
            "h_sum 10\nh_count 4\n");
}

TEST(Histogram, of_several_threads_adds_up) {
  Histogram one = Histogram::of_seconds();
  Histogram other = Histogram::of_seconds();
  one.add(Duration(2ms));
  other.add(Duration(40s));
  one.add(other);
  EXPECT_EQ(one.in_bucket(5), 1U);
  EXPECT_EQ(one.in_bucket(one.bounds().size()), 1U);
  EXPECT_DOUBLE_EQ(one.sum(), 40.002);
}

}  // namespace fairlead
