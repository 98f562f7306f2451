#include "broker/dispatch.hpp"

#include <gtest/gtest.h>

namespace fairlead::broker {
namespace {

constexpr LinkId w1{1};
constexpr LinkId w2{2};

ClientId client(std::uint64_t counter) { return {.gateway = {1}, .counter = counter}; }

class DispatchTest : public testing::Test {
 protected:
  Dispatch dispatch{DispatchLimits{}};
  Instant now{1000s};

  void join(LinkId worker, std::uint64_t credit) {
    dispatch.add_worker(worker, now);
    dispatch.on_credit(worker, credit);
  }
  void ready(std::uint64_t counter, bool alone = false) {
    dispatch.on_ready(client(counter), Dispatch::Place::back, alone);
  }
  // Hands the next client out; its worker and number, or {0, 0}.
  std::pair<std::uint64_t, std::uint64_t> next(std::size_t bytes = 1) {
    const auto match = dispatch.match();
    if (!match) return {0, 0};
    last = dispatch.hand_out({.client = match->client,
                              .worker = match->worker,
                              .attempt = 1,
                              .next_seq = 1,
                              .last_seq = 1,
                              .bytes = bytes,
                              .alone = match->alone},
                             now);
    return {match->worker.value, match->client.counter};
  }
  using Handed = std::pair<std::uint64_t, std::uint64_t>;
  UnitId last;
};

}  // namespace

TEST_F(DispatchTest, the_worker_with_the_fewest_units_gets_the_next) {
  join(w1, 8);
  join(w2, 8);
  for (std::uint64_t c = 1; c <= 4; ++c) ready(c);
  EXPECT_EQ(next(), (Handed{1, 1}));
  EXPECT_EQ(next(), (Handed{2, 2}));
  EXPECT_EQ(next(), (Handed{1, 3}));
  EXPECT_EQ(next(), (Handed{2, 4}));
}

TEST_F(DispatchTest, nobody_gets_more_than_the_credit_or_the_bytes) {
  join(w1, 2);
  for (std::uint64_t c = 1; c <= 3; ++c) ready(c);
  next();
  next();
  EXPECT_EQ(next(), (Handed{0, 0}));
  dispatch.finish(last);
  EXPECT_EQ(next(DispatchLimits{}.bytes), (Handed{1, 3}));
  dispatch.on_credit(w1, 8);
  ready(4);
  EXPECT_EQ(next(), (Handed{0, 0}));
}

TEST_F(DispatchTest, a_suspect_is_alone_at_its_worker) {
  join(w1, 8);
  ready(1);
  next();
  const UnitId first = last;
  ready(2, true);
  ready(3);
  EXPECT_EQ(next(), (Handed{0, 0})) << "w1 is kept free for the suspect";
  dispatch.finish(first);
  EXPECT_EQ(next(), (Handed{1, 2}));
  EXPECT_EQ(next(), (Handed{0, 0})) << "and gets nothing beside it";
  dispatch.finish(last);
  EXPECT_EQ(next(), (Handed{1, 3}));
}

TEST_F(DispatchTest, others_are_served_elsewhere_while_a_suspect_waits) {
  join(w1, 8);
  join(w2, 8);
  ready(1);
  ready(2);
  next();
  next();
  ready(3, true);
  ready(4);
  const auto handed = next();
  EXPECT_EQ(handed.second, 4U);
}

TEST_F(DispatchTest, what_waits_behind_a_slow_handler_goes_only_where_there_is_room) {
  join(w1, 8);
  for (std::uint64_t c = 1; c <= 3; ++c) ready(c);
  while (next().first != 0) {
  }
  now += 100ms;
  EXPECT_TRUE(dispatch.late(now).behind.empty());
  join(w2, 8);
  const auto late = dispatch.late(now);
  ASSERT_EQ(late.behind.size(), 2U);
  EXPECT_EQ(dispatch.find(late.behind[0])->client, client(3));
  EXPECT_TRUE(late.overdue.empty());
}

TEST_F(DispatchTest, past_its_deadline_a_handler_loses_its_unit_and_gets_nothing_until_it_speaks) {
  join(w1, 8);
  ready(1);
  next();
  now += 30s;
  const auto late = dispatch.late(now);
  ASSERT_EQ(late.overdue, std::vector<UnitId>{last});
  dispatch.finish(last);
  ready(2);
  EXPECT_EQ(next(), (Handed{0, 0}));
  dispatch.on_word(w1, now);
  EXPECT_EQ(next(), (Handed{1, 2}));
}

TEST_F(DispatchTest, progress_moves_the_deadline_and_a_pause_of_our_own_too) {
  join(w1, 8);
  ready(1);
  next();
  now += 29s;
  dispatch.on_word(w1, now);
  now += 29s;
  EXPECT_TRUE(dispatch.late(now).overdue.empty());
  now += 60s;
  dispatch.on_pause(60s);
  EXPECT_TRUE(dispatch.late(now).overdue.empty());
}

TEST_F(DispatchTest, a_lost_workers_units_are_told_oldest_first) {
  join(w1, 8);
  ready(1);
  ready(2);
  next();
  const UnitId first = last;
  next();
  EXPECT_EQ(dispatch.handling(w1), first);
  EXPECT_EQ(dispatch.remove_worker(w1), (std::vector<UnitId>{first, last}));
  EXPECT_EQ(dispatch.workers(), 0U);
}

}  // namespace fairlead::broker
