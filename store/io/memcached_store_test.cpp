#include "store/io/memcached_store.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/io/test_servers.hpp"

namespace fairlead::store {
namespace {

using testing::HasSubstr;

// One request of our own, around the store.
std::string tell(const TestServer& server, const std::string& request) {
  const Instant deadline = Instant(std::chrono::steady_clock::now().time_since_epoch()) + 10s;
  auto connection =
      Connection::dial({.host = "127.0.0.1", .port = static_cast<std::uint16_t>(std::stoi(server.port())), .path = {}},
                       nullptr, deadline)
          .value();
  std::string came;
  EXPECT_TRUE(connection->send(request, deadline));
  while (!came.ends_with("\r\n")) EXPECT_TRUE(connection->receive(came, deadline));
  return came;
}

TEST(MemcachedStore, says_how_a_server_takes_values_of_a_mebibyte) {
  const TestServer server(memcached_server({}));
  auto store = open_store("memcached://" + server.host()).value();
  EXPECT_EQ(store->set("k", std::string(Store::max_value, 'x')).error().message,
            "memcached at " + server.host() + " refuses: SERVER_ERROR object too large for cache; start it with -I 2m");
  EXPECT_EQ(store->counters().failures, 1U);
  EXPECT_TRUE(store->set("k", "small"));
  EXPECT_EQ(store->get("k").value(), "small");
}

TEST(MemcachedStore, divides_the_keys_among_its_servers) {
  TestServer one(memcached_server());
  TestServer two(memcached_server());
  auto store = open_store("memcached://" + one.host() + "," + two.host() + "?timeout=500ms").value();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store->set("k" + std::to_string(i), std::to_string(i)));
  two.die();
  int here = 0;
  for (int i = 0; i < 100; ++i) {
    const auto got = store->get("k" + std::to_string(i));
    if (!got) {
      EXPECT_THAT(got.error().message, HasSubstr("memcached at " + two.host()));
      continue;
    }
    ++here;
    EXPECT_EQ(*got, std::to_string(i));
  }
  EXPECT_GT(here, 10);
  EXPECT_LT(here, 90);
}

TEST(MemcachedStore, leaves_entries_of_others_alone_whatever_their_flags) {
  const TestServer server(memcached_server());
  EXPECT_EQ(tell(server, "set k 7 0 2\r\n41\r\n"), "STORED\r\n");
  auto store = open_store("memcached://" + server.host()).value();
  EXPECT_EQ(store->get("k").value(), "41");
  EXPECT_EQ(store->incr("k").value(), 42);
}

TEST(MemcachedStore, an_entry_that_is_over_and_still_there_makes_room) {
  HandClock clock;
  const TestServer server(memcached_server());
  auto store = open_store("memcached://" + server.host(), clock.reader()).value();
  const std::chrono::hours hour(1);
  for (const char* key : {"gotten", "added", "counted", "swapped", "erased"}) ASSERT_TRUE(store->set(key, "5", hour));
  clock.let_pass(hour + std::chrono::seconds(1));
  EXPECT_EQ(store->get("gotten").value(), std::nullopt);
  EXPECT_TRUE(store->add("added", "new").value());
  EXPECT_FALSE(store->add("added", "newer").value());
  EXPECT_EQ(store->incr("counted").value(), 1);
  EXPECT_FALSE(store->cas("swapped", "5", "6").value());
  EXPECT_FALSE(store->erase("erased").value());
}

TEST(MemcachedRing, spreads_keys_and_moves_few_when_a_server_joins) {
  std::vector<Place> places;
  for (const char* host : {"a", "b", "c", "d"}) places.push_back({.host = host, .port = 11211, .path = {}});
  const auto four = MemcachedRing::of(places).value();
  places.push_back({.host = "e", .port = 11211, .path = {}});
  const auto five = MemcachedRing::of(places).value();
  std::set<std::size_t> used;
  int moved = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "key" + std::to_string(i);
    used.insert(four.place_of(name));
    if (four.place_of(name) != five.place_of(name)) ++moved;
  }
  EXPECT_EQ(used.size(), 4U);
  EXPECT_GT(moved, 50);
  EXPECT_LT(moved, 400);
}

TEST(MemcachedRing, a_long_name_becomes_a_short_one_that_no_key_can_have) {
  EXPECT_EQ(memcached_name("p:", "key"), "p:key");
  const std::string prefix(100, 'p');
  const std::string whole = memcached_name(prefix, std::string(150, 'k'));
  EXPECT_EQ(whole, prefix + std::string(150, 'k'));
  const std::string hashed = memcached_name(prefix, std::string(151, 'k'));
  EXPECT_EQ(hashed.size(), 165U);
  EXPECT_EQ(hashed.substr(0, 101), prefix + "\xff");
  EXPECT_NE(hashed, memcached_name(prefix, std::string(151, 'l')));
}

}  // namespace
}  // namespace fairlead::store
