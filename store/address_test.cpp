#include "store/address.hpp"

#include <gtest/gtest.h>

namespace fairlead::store {
namespace {

std::string redis_error(std::string_view address) {
  auto parsed = parse_redis(address);
  return parsed ? "good" : parsed.error().message;
}
std::string memcached_error(std::string_view address) {
  auto parsed = parse_memcached(address);
  return parsed ? "good" : parsed.error().message;
}

TEST(StoreAddress, says_all_about_a_redis_server) {
  const auto all = parse_redis("rediss://ann:p%40ss@host:7000/3?prefix=chat%3a&timeout=500ms&ca=/etc/ca.pem").value();
  EXPECT_EQ(all.places.at(0).text(), "host:7000");
  EXPECT_EQ(all.user, "ann");
  EXPECT_EQ(all.password, "p@ss");
  EXPECT_EQ(all.database, 3U);
  EXPECT_EQ(all.prefix, "chat:");
  EXPECT_EQ(all.timeout, 500ms);
  EXPECT_TRUE(all.tls);
  EXPECT_EQ(all.ca, "/etc/ca.pem");

  const auto least = parse_redis("redis://host").value();
  EXPECT_EQ(least.places.at(0).text(), "host:6379");
  EXPECT_EQ(least.password + least.user + least.prefix, "");
  EXPECT_EQ(least.timeout, 2s);
  EXPECT_FALSE(least.tls);
  EXPECT_EQ(parse_redis("redis://:pw@[::1]:1/").value().places.at(0).text(), "[::1]:1");
  EXPECT_EQ(parse_redis("redis://:a:b@h").value().password, "a:b");
}

TEST(StoreAddress, may_lead_to_a_unix_socket) {
  const auto redis = parse_redis("redis+unix://:pw@/run/redis/redis.sock?db=2").value();
  EXPECT_EQ(redis.places.at(0).text(), "/run/redis/redis.sock");
  EXPECT_EQ(redis.password, "pw");
  EXPECT_EQ(redis.database, 2U);
  EXPECT_EQ(parse_memcached("memcached+unix:///run/m.sock").value().places.at(0).path, "/run/m.sock");
}

TEST(StoreAddress, may_name_several_memcached_servers) {
  const auto two = parse_memcached("memcached://a,[::1]:11212?prefix=x").value();
  ASSERT_EQ(two.places.size(), 2U);
  EXPECT_EQ(two.places[0].text(), "a:11211");
  EXPECT_EQ(two.places[1].text(), "[::1]:11212");
}

TEST(StoreAddress, says_what_was_meant) {
  const std::string redis = "; an address looks like redis://:password@host:6379/0?prefix=chat:";
  EXPECT_EQ(redis_error("redis:host"), "'redis' is to be followed by ://" + redis);
  EXPECT_EQ(redis_error("redis://"), "the host is missing" + redis);
  EXPECT_EQ(redis_error("redis://secret@host"), "what stands before the @ lacks a colon" + redis);
  EXPECT_EQ(redis_error("redis://:@host"), "the password before the @ is empty" + redis);
  EXPECT_EQ(redis_error("redis://:a%zz@host"), "a % in user or password has to be written %25" + redis);
  EXPECT_EQ(redis_error("redis://a,b"), "a redis store is one server" + redis);
  EXPECT_EQ(redis_error("redis://host:0"), "the port after the host is not a number from 1 to 65535" + redis);
  EXPECT_EQ(redis_error("redis://host:66666"), "the port after the host is not a number from 1 to 65535" + redis);
  EXPECT_EQ(redis_error("redis://::1"), "an IPv6 address needs brackets, as in [::1]" + redis);
  EXPECT_EQ(redis_error("redis://[::1"), "the bracket of an IPv6 address is not closed" + redis);
  EXPECT_EQ(redis_error("redis://host/chat"), "the database after the / is not a number" + redis);
  EXPECT_EQ(redis_error("redis://host?ca=x"), "ca= is for TLS: write rediss:// (with two s)");
  EXPECT_EQ(redis_error("redis://host?time=1s"),
            "the address has a setting that does not exist; there are prefix and timeout");
  EXPECT_EQ(redis_error("redis://host?timeout=1"), "timeout= takes 10ms to 10s, as in timeout=500ms");
  EXPECT_EQ(redis_error("redis://host?timeout=1h"), "timeout= takes 10ms to 10s, as in timeout=500ms");
  EXPECT_EQ(redis_error("redis://host?prefix=a%20b"),
            "the prefix may have at most 100 characters of printable ASCII without spaces");
  EXPECT_EQ(redis_error("redis+unix://run/redis.sock"),
            "a socket needs its whole path, of at most 107 bytes, as in redis+unix:///run/server.sock" + redis);
  const std::string memcached = "; an address looks like memcached://host:11211?prefix=chat:";
  EXPECT_EQ(memcached_error("memcached://u:p@host"), "a memcached server knows no users and no passwords" + memcached);
  EXPECT_EQ(memcached_error("memcached://a,,b"), "the host is missing" + memcached);
  EXPECT_EQ(memcached_error("memcached://a/1"), "a memcached server has no numbered databases" + memcached);
}

TEST(StoreAddress, never_shows_a_password_that_it_could_not_read) {
  for (const char* address : {"redis://secret@host", "redis://:secret", "redis://u:secret", "redis://u:sec?ret@host",
                              "redis://:secret@host:x", "redis://:secret%zz@host", "redis://:secret@"}) {
    const std::string told = redis_error(address);
    EXPECT_NE(told, "good") << address;
    EXPECT_EQ(told.find("sec"), std::string::npos) << told;
    EXPECT_EQ(told.find("ret@"), std::string::npos) << told;
  }
}

}  // namespace
}  // namespace fairlead::store
