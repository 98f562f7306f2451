#include "bus/text.hpp"

#include <gtest/gtest.h>

namespace fairlead {

TEST(Text, a_duration_needs_its_unit) {
  EXPECT_EQ(parse_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_duration("1h").value(), 1h);
  EXPECT_EQ(parse_duration("30").error().message, "'30' is not a duration: write 250ms, 5s, 2m or 1h");
  EXPECT_FALSE(parse_duration("-1s"));
  EXPECT_FALSE(parse_duration("99999999999999h"));
  EXPECT_EQ(duration_text(1500ms), "1500ms");
}

TEST(Text, a_size_counts_in_powers_of_1024) {
  EXPECT_EQ(parse_size("64k").value(), 65536U);
  EXPECT_EQ(parse_size("1MiB").value(), 1048576U);
  EXPECT_FALSE(parse_size("64q"));
  EXPECT_FALSE(parse_size(""));
}

TEST(Text, printable_is_one_line_whatever_came_in) {
  EXPECT_EQ(printable("a\n'\xff"), "a\\x0a\\x27\\xff");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
}

TEST(Text, hex_goes_both_ways) {
  EXPECT_EQ(to_hex(std::string("\x00\xff", 2)), "00ff");
  EXPECT_EQ(from_hex("00FF").value(), std::string("\x00\xff", 2));
  EXPECT_FALSE(from_hex("0"));
}

TEST(Text, a_password_is_hidden_wherever_it_may_stand) {
  EXPECT_EQ(without_password("redis://user:secret@host:6379/0"), "redis://user:***@host:6379/0");
  EXPECT_EQ(without_password("redis://:secret@host"), "redis://:***@host");
  EXPECT_EQ(without_password("redis://:sec/r?e@t@host"), "redis://:***@host");
  EXPECT_EQ(without_password("redis://secret@host:6379"), "redis://***@host:6379");
  EXPECT_EQ(without_password("redis://:secret"), "redis://:***");
  EXPECT_EQ(without_password("redis://user:secret/0"), "redis://user:***");
  EXPECT_EQ(without_password("redis+unix://:secret@/run/redis.sock"), "redis+unix://:***@/run/redis.sock");
}

TEST(Text, what_has_no_password_is_shown_as_it_is) {
  for (const char* plain :
       {"tcp://127.0.0.1:7700", "tcp://[::1]:7700", "tcp://*:7700", "ipc:///run/a:b/bus", "lmdb:/var/x",
        "redis://host:6379/0?prefix=chat:", "memcached://a:1,b:2?timeout=1s", "memory:", "a@b"}) {
    EXPECT_EQ(without_password(plain), plain);
  }
}

TEST(Text, utf8_is_judged_by_rfc_3629) {
  EXPECT_TRUE(is_utf8("κόσμε 😀"));
  EXPECT_FALSE(is_utf8("\xc0\x80"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xe2\x82"));
}

}  // namespace fairlead
