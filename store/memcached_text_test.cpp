#include "store/memcached_text.hpp"

#include <gtest/gtest.h>

namespace fairlead::store {
namespace {

constexpr WallTime now{std::chrono::seconds(1'700'000'000) + std::chrono::milliseconds(400)};

TEST(MemcachedText, reads_an_entry_wherever_it_was_cut) {
  const std::string whole = "VALUE k 1800000000 5 77\r\na\r\nb\n\r\nEND\r\n";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    std::string came = whole.substr(0, cut);
    EXPECT_EQ(take_memcached_reply(came).value().has_value(), false) << cut;
    EXPECT_EQ(came.size(), cut);
    came += whole.substr(cut) + "OK\r\n";
    const auto reply = take_memcached_reply(came).value().value();
    EXPECT_EQ(reply.entry->value, "a\r\nb\n");
    EXPECT_EQ(reply.entry->ends, 1'800'000'000U);
    EXPECT_EQ(reply.entry->version, 77U);
    EXPECT_EQ(came, "OK\r\n");
  }
}

TEST(MemcachedText, refuses_what_is_no_answer) {
  for (const char* bad : {"HTTP/1.1 400\r\n", "VALUE k\r\n", "VALUE k 1 2\r\n", "VALUE k x 1 1\r\n",
                          "VALUE k 1 1 1 1\r\n", "VALUE k 0 9999999 1\r\n", "VALUE k 0 99999999999999999999999 1\r\n",
                          "VALUE k 0 1 1\r\nxxxxxxxxxxxx", "STORED!\r\n", "\r\n"}) {
    std::string came = bad;
    EXPECT_FALSE(take_memcached_reply(came)) << bad;
  }
  std::string endless(4000, 'x');
  EXPECT_FALSE(take_memcached_reply(endless));
  for (const std::string rest : {"", "\r", "\r\n"}) {  // the same, whether its end is there yet or not
    std::string longest = "SERVER_ERROR " + std::string(2048 - 13, 'x') + rest;
    EXPECT_TRUE(take_memcached_reply(longest)) << rest.size();
    std::string longer = "SERVER_ERROR " + std::string(2050 - 13, 'x') + rest;
    EXPECT_FALSE(take_memcached_reply(longer)) << rest.size();
  }
}

TEST(MemcachedText, tells_short_ttls_as_seconds_and_long_ones_as_a_date) {
  const auto written = [](Store::Ttl ttl) { return memcached_write("set", "k", "v", memcached_end(now, ttl), now); };
  EXPECT_EQ(written(Store::forever), "set k 0 0 1\r\nv\r\n");
  EXPECT_EQ(written(std::chrono::milliseconds(1)), "set k 1700000001 2 1\r\nv\r\n");
  EXPECT_EQ(written(std::chrono::seconds(10)), "set k 1700000011 12 1\r\nv\r\n");
  EXPECT_EQ(written(std::chrono::hours(24 * 31)), "set k 1702678401 1702678401 1\r\nv\r\n");
  EXPECT_EQ(written(std::chrono::hours(24 * 365 * 20)), "set k 0 0 1\r\nv\r\n");  // servers count up to 2038
  EXPECT_EQ(memcached_write("cas", "k", "", 0, now, 9), "cas k 0 0 0 9\r\n\r\n");
}

TEST(MemcachedText, an_entry_is_over_in_its_second_and_not_before) {
  EXPECT_FALSE(memcached_is_over(0, now));
  EXPECT_FALSE(memcached_is_over(1'700'000'001, now));
  EXPECT_TRUE(memcached_is_over(1'700'000'000, now));
}

TEST(MemcachedText, flags_of_others_are_no_dates) {
  std::string came = "VALUE k 3 1 1\r\nx\r\nEND\r\n";
  EXPECT_EQ(take_memcached_reply(came).value().value().entry->ends, 0U);
}

}  // namespace
}  // namespace fairlead::store
