#include "bus/io/loop.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/io/clock.hpp"
#include "bus/io/entropy.hpp"
#include "bus/io/signals.hpp"

namespace fairlead::io {
namespace {

struct Pair {
  Fd here;
  Fd there;

  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    here.reset(fds[0]);
    there.reset(fds[1]);
  }
  void poke() const { EXPECT_EQ(::write(there.get(), "x", 1), 1); }
};

TEST(Loop, calls_back_while_something_is_readable) {
  Loop loop;
  const Pair pair;
  int readable = 0;
  ASSERT_TRUE(
      loop.add(pair.here.get(), {.read = true}, [&](Loop::Ready ready) { readable += ready.readable ? 1 : 0; }));
  EXPECT_EQ(loop.run_once(0s), 0);
  pair.poke();
  EXPECT_EQ(loop.run_once(std::nullopt), 1);
  EXPECT_EQ(loop.run_once(0s), 1) << "level-triggered: nobody has read it";
  EXPECT_EQ(readable, 2);
}

TEST(Loop, tells_only_what_is_of_interest) {
  Loop loop;
  const Pair pair;
  pair.poke();
  Loop::Ready last;
  const auto watch = loop.add(pair.here.get(), {}, [&](Loop::Ready ready) { last = ready; }).value();
  EXPECT_EQ(loop.run_once(0s), 0);
  loop.modify(watch, {.write = true});
  EXPECT_EQ(loop.run_once(0s), 1);
  EXPECT_TRUE(last.writable);
  EXPECT_FALSE(last.readable);
  loop.modify(watch, {.read = true});
  EXPECT_EQ(loop.run_once(0s), 1);
  EXPECT_TRUE(last.readable);
  EXPECT_FALSE(last.writable);
}

TEST(Loop, a_closed_peer_is_readable_and_broken) {
  Loop loop;
  Pair pair;
  Loop::Ready last;
  ASSERT_TRUE(loop.add(pair.here.get(), {}, [&](Loop::Ready ready) { last = ready; }));
  pair.there.reset();
  EXPECT_EQ(loop.run_once(0s), 1) << "told without any interest";
  EXPECT_TRUE(last.readable);
  EXPECT_TRUE(last.broken);
}

// Both are ready in one batch; whoever comes first removes the other and opens a new connection, which gets the same
// descriptor. The event that is already fetched must not reach it.
TEST(Loop, an_event_of_a_removed_watch_does_not_reach_a_reused_descriptor) {
  Loop loop;
  std::array<std::unique_ptr<Pair>, 2> pairs{std::make_unique<Pair>(), std::make_unique<Pair>()};
  std::array<Loop::Watch, 2> watches;
  std::unique_ptr<Pair> fresh;
  int first = 0;
  int strays = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    watches[i] = loop.add(pairs[i]->here.get(), {.read = true},
                          [&, i](Loop::Ready) {
                            ++first;
                            const std::size_t other = 1 - i;
                            const int number = pairs[other]->here.get();
                            loop.remove(watches[other]);
                            pairs[other].reset();
                            fresh = std::make_unique<Pair>();
                            ASSERT_TRUE(fresh->here.get() == number || fresh->there.get() == number)
                                << "not the case we test";
                            for (const int fd : {fresh->here.get(), fresh->there.get()}) {
                              ASSERT_TRUE(loop.add(fd, {.read = true}, [&](Loop::Ready) { ++strays; }));
                            }
                          })
                     .value();
    pairs[i]->poke();
  }
  loop.run_once(0s);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(strays, 0);
}

TEST(Loop, a_callback_may_remove_itself_and_add_others) {
  Loop loop;
  const Pair pair;
  std::vector<std::unique_ptr<Pair>> more;
  Loop::Watch watch;
  auto kept = std::make_shared<int>(5);
  watch = loop.add(pair.here.get(), {.read = true},
                   [&, kept](Loop::Ready) {
                     loop.remove(watch);
                     for (int i = 0; i < 100; ++i) {
                       more.push_back(std::make_unique<Pair>());
                       ASSERT_TRUE(loop.add(more.back()->here.get(), {.read = true}, [](Loop::Ready) {}));
                     }
                     ++*kept;  // still ours: the callback is destroyed after the turn
                   })
              .value();
  pair.poke();
  EXPECT_EQ(loop.run_once(0s), 1);
  EXPECT_EQ(*kept, 6);
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_EQ(loop.watches(), 100U);
  EXPECT_EQ(loop.run_once(0s), 0);
}

TEST(Loop, an_old_watch_does_nothing_to_its_successor) {
  Loop loop;
  const Pair pair;
  int calls = 0;
  const auto old_watch = loop.add(pair.here.get(), {.read = true}, [](Loop::Ready) {}).value();
  loop.remove(old_watch);
  const auto new_watch = loop.add(pair.here.get(), {.read = true}, [&](Loop::Ready) { ++calls; }).value();
  EXPECT_EQ(new_watch.slot, old_watch.slot) << "not the case we test";
  loop.remove(old_watch);
  loop.modify(old_watch, {});
  pair.poke();
  loop.run_once(0s);
  EXPECT_EQ(calls, 1);
}

TEST(Loop, what_cannot_be_watched_is_an_error) {
  Loop loop;
  EXPECT_FALSE(loop.add(-1, {.read = true}, [](Loop::Ready) {}));
  EXPECT_EQ(loop.watches(), 0U);
}

TEST(Loop, sleeps_no_less_than_it_is_told) {
  Loop loop;
  const Instant before = now();
  EXPECT_EQ(loop.run_once(1500us), 0);
  EXPECT_GE(now() - before, 1500us);
}

TEST(Wakeup, wakes_the_loop_from_another_thread) {
  Loop loop;
  const Wakeup wakeup;
  std::atomic<int> work = 0;
  int seen = 0;
  ASSERT_TRUE(loop.add(wakeup.fd(), {.read = true}, [&](Loop::Ready) {
    EXPECT_TRUE(wakeup.clear());
    seen = work.load();
  }));
  std::thread other([&] {
    work = 7;
    wakeup.wake();
    wakeup.wake();
  });
  while (seen != 7) loop.run_once(10s);
  other.join();
  wakeup.clear();
  EXPECT_EQ(loop.run_once(0s), 0);
  EXPECT_FALSE(wakeup.clear());
}

TEST(Signals, come_through_the_loop) {
  Signals signals;
  Loop loop;
  std::vector<Signal> caught;
  ASSERT_TRUE(loop.add(signals.fd(), {.read = true}, [&](Loop::Ready) {
    while (const auto signal = signals.next()) caught.push_back(*signal);
  }));
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGPIPE}) ::kill(::getpid(), number);
  while (caught.size() < 3) loop.run_once(10s);
  EXPECT_EQ(caught, (std::vector{Signal::hangup, Signal::interrupt, Signal::terminate}));
}

TEST(Entropy, gives_another_number_each_time_and_never_none) {
  const std::uint64_t one = random_nonzero();
  EXPECT_NE(one, 0U);
  EXPECT_NE(one, random_nonzero());
}

}  // namespace
}  // namespace fairlead::io
