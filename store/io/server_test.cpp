// What a server can do to a store, and what the store makes of it. The servers are real, or fakes that misbehave.
#include "store/io/server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/io/test_servers.hpp"

namespace fairlead::store {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Kind {
  std::string name;
  TestServer::Command command;
};

class StoreServer : public testing::TestWithParam<Kind> {
 protected:
  std::string address(const std::string& settings = "?timeout=500ms") const {
    return GetParam().name + "://" + server_.host() + settings;
  }
  std::string name() const { return GetParam().name + " at " + server_.host(); }

  TestServer server_{GetParam().command};
};

TEST_P(StoreServer, that_was_killed_and_started_again_between_calls_is_not_noticed) {
  auto store = open_store(address()).value();
  ASSERT_TRUE(store->set("k", "v"));
  server_.die();
  server_.start();
  EXPECT_TRUE(store->set("k", "w"));
  EXPECT_EQ(store->get("k").value(), "w");
  EXPECT_EQ(store->counters().failures, 0U);
  EXPECT_EQ(store->counters().reconnects, 1U);
}

TEST_P(StoreServer, that_is_away_is_an_error_at_once_and_is_found_when_it_is_back) {
  auto store = open_store(address()).value();
  ASSERT_TRUE(store->set("k", "v"));
  server_.die();
  EXPECT_EQ(store->get("k").error().message, name() +
                                                 " cannot be reached: Connection refused; nothing was done; see "
                                                 "whether it runs and the store's address is right");
  EXPECT_THAT(store->get("k").error().message,
              StartsWith(name() + " is away: it cannot be reached: Connection refused; it will be tried again in "));
  EXPECT_EQ(store->counters().failures, 2U);
  server_.start();
  EXPECT_TRUE(eventually([&] { return store->set("k", "w").has_value(); }));
  EXPECT_EQ(store->get("k").value(), "w");
}

TEST_P(StoreServer, that_is_not_there_yet_keeps_no_store_from_opening) {
  server_.die();
  auto store = open_store(address()).value();
  EXPECT_FALSE(store->get("k"));
  server_.start();
  EXPECT_TRUE(eventually([&] { return store->set("k", "v").has_value(); }));
}

TEST_P(StoreServer, that_freezes_in_a_call_costs_the_timeout_and_its_late_answer_is_nobodys) {
  auto store = open_store(address()).value();
  ASSERT_TRUE(store->set("late", "the answer to the first call"));
  ASSERT_TRUE(store->set("k", "v"));
  server_.freeze();
  EXPECT_EQ(store->get("late").error().message,
            name() + " gave no answer within 500ms: nothing came in time; whether the call was carried out is unknown");
  // Frozen, the kernel still connects; it is the greeting that gets no answer.
  EXPECT_TRUE(eventually([&] {
    const auto got = store->get("k");
    return !got && got.error().message.find("does not answer as a") != std::string::npos;
  }));
  server_.thaw();
  EXPECT_TRUE(eventually([&] {
    const auto got = store->get("k");
    EXPECT_EQ(got.value_or("v"), "v");  // never what the first call asked for
    return got.has_value();
  }));
}

TEST_P(StoreServer, is_shared_by_applications_whose_prefixes_differ) {
  auto chat = open_store(address("?prefix=chat:")).value();
  auto game = open_store(address("?prefix=game:")).value();
  EXPECT_EQ(chat->incr("n", 7).value(), 7);
  EXPECT_EQ(game->get("n").value(), std::nullopt);
  EXPECT_TRUE(game->add("n", "1").value());
  EXPECT_TRUE(game->erase("n").value());
  EXPECT_EQ(chat->get("n").value(), "7");
  EXPECT_EQ(open_store(address()).value()->get("chat:n").value(), "7");
}

TEST_P(StoreServer, has_room_for_the_longest_key_behind_the_longest_prefix) {
  auto store = open_store(address("?prefix=" + std::string(ServerAddress::longest_prefix, 'p'))).value();
  const std::string longest(Store::max_key, 'k');
  const std::string other = std::string(Store::max_key - 1, 'k') + "l";
  ASSERT_TRUE(store->set(longest, "one"));
  ASSERT_TRUE(store->set(other, "two"));
  EXPECT_EQ(store->get(longest).value(), "one");
  EXPECT_EQ(store->get(other).value(), "two");
}

TEST_P(StoreServer, of_another_kind_is_found_out) {
  for (const char* other : {"redis", "memcached"}) {
    if (other == GetParam().name) continue;
    auto store = open_store(std::string(other) + "://" + server_.host() + "?timeout=300ms").value();
    EXPECT_FALSE(store->get("k"));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, StoreServer,
                         testing::Values(Kind{"redis", redis_server()}, Kind{"memcached", memcached_server()}),
                         [](const auto& tested) { return tested.param.name; });

// Whoever connects is told `words`, again and again with `pause` milliseconds between, until the test ends.
class Babbler {
 public:
  Babbler(std::string words, int pause) : thread_([this, words = std::move(words), pause] { run(words, pause); }) {}
  ~Babbler() {
    over_ = true;
    thread_.join();
  }
  std::string host() const { return "127.0.0.1:" + std::to_string(listener_.port()); }

 private:
  void run(const std::string& words, int pause) {
    std::vector<io::Fd> peers;
    while (!over_) {
      if (listener_.waits()) peers.push_back(listener_.accept());
      for (const auto& peer : peers) (void)::send(peer.get(), words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      ::poll(nullptr, 0, pause);
    }
  }

  Listener listener_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

// Takes connections and says nothing.
class Mute {
 public:
  Mute() : thread_([this] { run(); }) {}
  ~Mute() {
    over_ = true;
    thread_.join();
  }
  std::string host() const { return "127.0.0.1:" + std::to_string(listener_.port()); }
  int connections() const { return connections_; }
  std::size_t most_at_once() const { return most_at_once_; }

 private:
  static bool has_gone(const io::Fd& peer) {
    std::array<char, 1000> said{};
    ssize_t got = 1;
    while (got > 0) got = ::recv(peer.get(), said.data(), said.size(), MSG_DONTWAIT);
    return got == 0;
  }
  void run() {
    std::vector<io::Fd> peers;
    for (; !over_; ::poll(nullptr, 0, 1)) {
      if (!listener_.waits()) continue;
      // Who left before this one came has said so by now.
      std::erase_if(peers, has_gone);
      peers.push_back(listener_.accept());
      ++connections_;
      most_at_once_ = std::max(most_at_once_.load(), peers.size());
    }
  }

  Listener listener_;
  std::atomic<bool> over_ = false;
  std::atomic<int> connections_ = 0;
  std::atomic<std::size_t> most_at_once_ = 0;
  std::thread thread_;
};

TEST(StoreServerFake, that_is_mute_keeps_one_caller_waiting_and_not_all) {
  const Mute mute;
  auto store = open_store("redis://" + mute.host() + "?timeout=100ms").value();
  std::atomic<bool> over = false;
  std::atomic<int> told_at_once = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (; !over; ::poll(nullptr, 0, 1)) {
        const auto got = store->get("k");
        if (!got && got.error().message.find("is away") != std::string::npos) ++told_at_once;
      }
    });
  }
  EXPECT_TRUE(eventually([&] { return mute.connections() >= 4; }));
  over = true;
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(mute.most_at_once(), 1U);
  EXPECT_GT(told_at_once, 0);
}

TEST(StoreServerFake, that_speaks_something_else_is_named) {
  const Babbler web("HTTP/1.1 400 Bad Request\r\n\r\n", 5);
  const auto redis = open_store("redis://" + web.host()).value();
  EXPECT_TRUE(eventually([&] {
    const auto got = redis->get("k");
    return !got && got.error().message.find(
                       "does not answer as a Redis server: what came is not Redis' protocol: 'HTTP/1.1 400") !=
                       std::string::npos;
  }));
  const auto memcached = open_store("memcached://" + web.host()).value();
  EXPECT_TRUE(eventually([&] {
    const auto got = memcached->get("k");
    return !got &&
           got.error().message.find("what came is not memcached's protocol: 'HTTP/1.1 400") != std::string::npos;
  }));
}

TEST(StoreServerFake, that_sends_a_byte_now_and_then_keeps_nobody_for_ever) {
  // Each byte is a good beginning, so that only the deadline can end it.
  const Babbler redis("$", 10);
  const Babbler memcached("V", 10);
  for (const std::string& address : {"redis://" + redis.host(), "memcached://" + memcached.host()}) {
    auto store = open_store(address + "?timeout=200ms").value();
    EXPECT_FALSE(store->get("k")) << address;
  }
}

TEST(StoreServerFake, that_announces_gigabytes_gets_no_room_for_them) {
  const Babbler redis("$999999999\r\n" + std::string(60000, 'x'), 1);
  auto store = open_store("redis://" + redis.host() + "?timeout=2s").value();
  EXPECT_TRUE(eventually([&] {
    const auto got = store->get("k");
    return !got && got.error().message.find("more than a value may have") != std::string::npos;
  }));
  const Babbler list("*2000000000\r\n", 1);
  EXPECT_FALSE(open_store("redis://" + list.host() + "?timeout=300ms").value()->get("k"));
}

TEST(StoreServerFake, with_a_name_that_nobody_has_is_an_error) {
  auto store = open_store("redis://no-such-host.invalid?timeout=1s").value();
  const auto got = store->get("k");
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("redis at no-such-host.invalid:6379"));
  EXPECT_THAT(got.error().message, HasSubstr("its name"));
}

}  // namespace
}  // namespace fairlead::store
