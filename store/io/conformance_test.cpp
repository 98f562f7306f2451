// What every backend of Store must pass.
#include <csignal>
#include <limits>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/io/test_places.hpp"
#include "store/io/test_servers.hpp"
#include "store/memory_store.hpp"

namespace fairlead::store {
namespace {

std::vector<StoreBackend> backends() {
  return {{"memory", false, [] { return std::make_unique<MemoryPlace>(); }},
          {"lmdb", true, [] { return std::make_unique<LmdbPlace>(); }},
          {"redis", true, [] { return std::make_unique<ServerPlace>(redis_server(), "redis"); }},
          {"memcached", true, [] { return std::make_unique<ServerPlace>(memcached_server(), "memcached"); }}};
}

std::vector<StoreBackend> shared_backends() {
  auto shared = backends();
  std::erase_if(shared, [](const StoreBackend& backend) { return !backend.shared; });
  return shared;
}

class StoreConformance : public testing::TestWithParam<StoreBackend> {
 protected:
  std::unique_ptr<StorePlace> place_ = GetParam().make();
};

std::optional<std::string> some(const char* text) { return std::string(text); }

TEST_P(StoreConformance, what_was_set_is_there_until_it_is_erased) {
  auto store = place_->open();
  EXPECT_EQ(store->get("k").value(), std::nullopt);
  ASSERT_TRUE(store->set("k", "one"));
  EXPECT_EQ(store->get("k").value(), some("one"));
  ASSERT_TRUE(store->set("k", "two"));
  EXPECT_EQ(store->get("k").value(), some("two"));
  EXPECT_TRUE(store->erase("k").value());
  EXPECT_FALSE(store->erase("k").value());
  EXPECT_EQ(store->get("k").value(), std::nullopt);
}

TEST_P(StoreConformance, a_value_is_any_bytes_from_none_to_a_mebibyte) {
  auto store = place_->open();
  ASSERT_TRUE(store->set("empty", ""));
  EXPECT_EQ(store->get("empty").value(), some(""));
  const std::string bytes("\0\xff\r\n\0", 5);
  ASSERT_TRUE(store->set("bytes", bytes));
  EXPECT_EQ(store->get("bytes").value(), bytes);
  const std::string large(Store::max_value, 'x');
  ASSERT_TRUE(store->set("large", large));
  EXPECT_EQ(store->get("large").value(), large);
  EXPECT_EQ(store->set("large", large + "x").error().message,
            "the value for 'large' has 1048577 bytes; a store takes at most 1048576");
  EXPECT_EQ(store->get("large").value(), large);
}

TEST_P(StoreConformance, a_key_that_some_backend_could_not_keep_is_refused_by_all) {
  auto store = place_->open();
  const std::string longest(Store::max_key, 'k');
  EXPECT_TRUE(store->set(longest, "v"));
  EXPECT_EQ(store->get(longest).value(), some("v"));
  for (const std::string& bad :
       {std::string(), longest + "k", std::string("a b"), std::string("a\nb"), std::string("ä"),
        std::string("\x01"
                    "format")}) {
    EXPECT_FALSE(store->get(bad)) << bad;
    EXPECT_FALSE(store->set(bad, "v")) << bad;
    EXPECT_FALSE(store->add(bad, "v")) << bad;
    EXPECT_FALSE(store->cas(bad, "v", "w")) << bad;
    EXPECT_FALSE(store->incr(bad)) << bad;
    EXPECT_FALSE(store->erase(bad)) << bad;
  }
}

TEST_P(StoreConformance, add_takes_only_a_free_key) {
  auto store = place_->open();
  EXPECT_TRUE(store->add("k", "first").value());
  EXPECT_FALSE(store->add("k", "second").value());
  EXPECT_EQ(store->get("k").value(), some("first"));
}

TEST_P(StoreConformance, cas_replaces_only_what_it_expected) {
  auto store = place_->open();
  EXPECT_FALSE(store->cas("k", "", "new").value());
  EXPECT_EQ(store->get("k").value(), std::nullopt);
  ASSERT_TRUE(store->set("k", "old"));
  EXPECT_FALSE(store->cas("k", "ol", "new").value());
  EXPECT_TRUE(store->cas("k", "old", "new").value());
  EXPECT_EQ(store->get("k").value(), some("new"));
}

TEST_P(StoreConformance, incr_counts_from_nothing_up_and_down) {
  auto store = place_->open();
  EXPECT_EQ(store->incr("n").value(), 1);
  EXPECT_EQ(store->incr("n", 41).value(), 42);
  EXPECT_EQ(store->incr("n", -50).value(), -8);
  EXPECT_EQ(store->get("n").value(), some("-8"));
  ASSERT_TRUE(store->set("n", "7"));
  EXPECT_EQ(store->incr("n").value(), 8);
  ASSERT_TRUE(store->set("n", "-007"));
  EXPECT_EQ(store->incr("n", 8).value(), 1);
}

TEST_P(StoreConformance, incr_reaches_both_ends_of_64_bits_and_goes_no_further) {
  auto store = place_->open();
  using Limits = std::numeric_limits<std::int64_t>;
  EXPECT_EQ(store->incr("up", Limits::max()).value(), Limits::max());
  EXPECT_FALSE(store->incr("up"));
  EXPECT_EQ(store->incr("down", Limits::min()).value(), Limits::min());
  EXPECT_FALSE(store->incr("down", -1));
  EXPECT_EQ(store->get("down").value(), std::to_string(Limits::min()));
}

TEST_P(StoreConformance, the_errors_of_a_caller_are_no_failures_of_the_store) {
  auto store = place_->open();
  ASSERT_TRUE(store->set("n", "seven"));
  const auto before = store->counters();
  EXPECT_EQ(store->incr("n").error().message, "'n' holds 'seven', which is no number to add to");
  EXPECT_FALSE(store->get(""));
  EXPECT_EQ(store->counters().calls, before.calls + 2);
  EXPECT_EQ(store->counters().failures, 0U);
}

TEST_P(StoreConformance, incr_of_what_cannot_be_counted_is_an_error_and_changes_nothing) {
  auto store = place_->open();
  for (const char* text : {"seven", "7x", "", " 7", "99999999999999999999"}) {
    ASSERT_TRUE(store->set("n", text));
    EXPECT_FALSE(store->incr("n")) << text;
    EXPECT_EQ(store->get("n").value(), some(text));
  }
  const auto most = std::to_string(std::numeric_limits<std::int64_t>::max());
  ASSERT_TRUE(store->set("n", most));
  EXPECT_FALSE(store->incr("n"));
  EXPECT_EQ(store->get("n").value(), most);
}

TEST_P(StoreConformance, an_entry_ends_with_its_ttl) {
  auto store = place_->open();
  ASSERT_TRUE(store->set("short", "v", std::chrono::seconds(2)));
  ASSERT_TRUE(store->set("long", "v", std::chrono::hours(1)));
  ASSERT_TRUE(store->set("ever", "v"));
  EXPECT_EQ(store->get("short").value(), some("v"));
  place_->let_pass(std::chrono::seconds(3));
  EXPECT_EQ(store->get("short").value(), std::nullopt);
  EXPECT_FALSE(store->cas("short", "v", "w").value());
  EXPECT_FALSE(store->erase("short").value());
  EXPECT_TRUE(store->add("short", "again").value());
  EXPECT_EQ(store->get("long").value(), some("v"));
  EXPECT_EQ(store->get("ever").value(), some("v"));
}

TEST_P(StoreConformance, set_and_cas_replace_the_ttl_and_incr_keeps_it) {
  auto store = place_->open();
  const std::chrono::seconds soon(2);
  ASSERT_TRUE(store->set("reset", "v", soon));
  ASSERT_TRUE(store->set("reset", "v"));
  ASSERT_TRUE(store->set("swapped", "v", soon));
  ASSERT_TRUE(store->cas("swapped", "v", "w"));
  ASSERT_TRUE(store->set("counted", "5", soon));
  ASSERT_EQ(store->incr("counted").value(), 6);
  ASSERT_TRUE(store->set("odd", "007", soon));
  ASSERT_EQ(store->incr("odd").value(), 8);
  place_->let_pass(std::chrono::seconds(3));
  EXPECT_EQ(store->get("reset").value(), some("v"));
  EXPECT_EQ(store->get("swapped").value(), some("w"));
  EXPECT_EQ(store->incr("counted").value(), 1);
  EXPECT_EQ(store->incr("odd").value(), 1);
}

TEST_P(StoreConformance, a_ttl_of_months_or_of_decades_is_no_date_in_the_past) {
  auto store = place_->open();
  for (const int days : {29, 31, 365, 36525}) {
    const std::string key = "k" + std::to_string(days);
    ASSERT_TRUE(store->set(key, "1", std::chrono::hours(24 * days))) << days;
    EXPECT_EQ(store->incr(key).value(), 2) << days;
    EXPECT_TRUE(store->cas(key, "2", "3", std::chrono::hours(24 * days)).value()) << days;
    EXPECT_EQ(store->get(key).value(), some("3")) << days;
  }
}

TEST_P(StoreConformance, a_ttl_that_makes_no_sense_is_refused) {
  auto store = place_->open();
  EXPECT_FALSE(store->set("k", "v", std::chrono::milliseconds(-1)));
  EXPECT_FALSE(store->add("k", "v", std::chrono::milliseconds::max()));
  EXPECT_EQ(store->get("k").value(), std::nullopt);
}

TEST_P(StoreConformance, threads_count_together) {
  auto store = place_->open();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&store] {
      for (int k = 0; k < 500; ++k) ASSERT_TRUE(store->incr("n"));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(store->get("n").value(), some("2000"));
}

// Only for backends that processes share.
class SharedStoreConformance : public StoreConformance {};

// A child that counts: `times` times, or until it is killed. It keeps a count of its own as well.
pid_t fork_counter(StorePlace& place, int times, const char* own) {
  const pid_t child = fork();
  if (child != 0) return child;
  auto store = place.open();
  for (int i = 0; times == 0 || i < times; ++i) {
    if (!store->incr("all") || !store->incr(own)) _exit(1);
  }
  _exit(0);
}

TEST_P(SharedStoreConformance, two_handlers_that_count_to_ten_thousand_reach_it) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([store = place_->open()] {
      for (int k = 0; k < 5000; ++k) ASSERT_TRUE(store->incr("n"));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(place_->open()->get("n").value(), some("10000"));
}

TEST_P(SharedStoreConformance, processes_count_together_while_one_of_them_is_killed) {
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) children.push_back(fork_counter(*place_, 1000, "finished"));
  const pid_t victim = fork_counter(*place_, 0, "victim");
  auto store = place_->open();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (store->incr("victim", 0).value() < 200 && std::chrono::steady_clock::now() < deadline) {
  }
  ASSERT_GE(store->incr("victim", 0).value(), 200);
  kill(victim, SIGKILL);
  waitpid(victim, nullptr, 0);
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(store->get("finished").value(), some("3000"));
  // The victim counts first for all and then for itself, and may have died in between.
  const auto of_victim = store->incr("all", 0).value() - 3000;
  const auto own = store->incr("victim", 0).value();
  EXPECT_TRUE(of_victim == own || of_victim == own + 1) << of_victim << " and " << own;
}

INSTANTIATE_TEST_SUITE_P(Backends, StoreConformance, testing::ValuesIn(backends()),
                         [](const auto& tested) { return tested.param.name; });
INSTANTIATE_TEST_SUITE_P(Backends, SharedStoreConformance, testing::ValuesIn(shared_backends()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace fairlead::store
