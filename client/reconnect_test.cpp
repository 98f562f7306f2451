#include "client/reconnect.hpp"

#include <gtest/gtest.h>

namespace fairlead::client {
namespace {

using State = Reconnect::State;
using Todo = Reconnect::Todo;

const Instant start{1h};

Reconnect make(Reconnect::Settings settings = {}) { return Reconnect{Random{7}, settings}; }

// Fails at once, `times` times in a row; answers the last wait.
Duration fail(Reconnect& reconnect, Instant& now, int times) {
  Duration wait{};
  for (int i = 0; i < times; ++i) {
    EXPECT_EQ(reconnect.on_time(now), Todo::dial);
    wait = reconnect.on_lost(now).value();
    now += wait;
  }
  return wait;
}

TEST(Reconnect, dials_at_once_and_only_once) {
  auto reconnect = make();
  EXPECT_EQ(reconnect.on_time(start), Todo::dial);
  EXPECT_EQ(reconnect.on_time(start), Todo::nothing);
  reconnect.on_connected(start);
  EXPECT_EQ(reconnect.on_time(start + 1h), Todo::nothing);
  EXPECT_EQ(reconnect.next_time(), std::nullopt);
}

TEST(Reconnect, waits_longer_after_each_failure_up_to_a_limit) {
  auto reconnect = make({.first_back_off = 100ms, .longest_back_off = 1s});
  Instant now = start;
  const Duration first = fail(reconnect, now, 1);
  EXPECT_GE(first, 75ms);
  EXPECT_LE(first, 125ms);
  const Duration second = fail(reconnect, now, 1);
  EXPECT_GE(second, 150ms);
  EXPECT_LE(second, 250ms);
  const Duration hundredth = fail(reconnect, now, 98);
  EXPECT_GE(hundredth, 750ms);
  EXPECT_LE(hundredth, 1250ms);
}

TEST(Reconnect, does_not_dial_before_the_wait_is_over) {
  auto reconnect = make();
  ASSERT_EQ(reconnect.on_time(start), Todo::dial);
  const Duration wait = reconnect.on_lost(start).value();
  EXPECT_EQ(reconnect.next_time(), start + wait);
  EXPECT_EQ(reconnect.on_time(start + wait - 1ns), Todo::nothing);
  EXPECT_EQ(reconnect.on_time(start + wait), Todo::dial);
}

TEST(Reconnect, an_attempt_without_an_answer_is_given_up) {
  auto reconnect = make({.dial = 2s});
  ASSERT_EQ(reconnect.on_time(start), Todo::dial);
  EXPECT_EQ(reconnect.on_time(start + 2s - 1ns), Todo::nothing);
  EXPECT_EQ(reconnect.on_time(start + 2s), Todo::give_up);
  EXPECT_TRUE(reconnect.on_lost(start + 2s));
  EXPECT_EQ(reconnect.state(), State::waiting);
}

TEST(Reconnect, a_connection_that_lasted_makes_the_next_wait_short_again) {
  auto reconnect = make({.first_back_off = 100ms, .longest_back_off = 5s});
  Instant now = start;
  fail(reconnect, now, 10);
  ASSERT_EQ(reconnect.on_time(now), Todo::dial);
  reconnect.on_connected(now);
  EXPECT_LE(reconnect.on_lost(now + 5s).value(), 125ms);
}

TEST(Reconnect, a_gateway_that_accepts_and_hangs_up_counts_as_a_failure) {
  auto reconnect = make({.first_back_off = 100ms, .longest_back_off = 5s});
  Instant now = start;
  fail(reconnect, now, 10);
  ASSERT_EQ(reconnect.on_time(now), Todo::dial);
  reconnect.on_connected(now);
  EXPECT_GE(reconnect.on_lost(now + 1s).value(), 3s);
}

TEST(Reconnect, ends_with_the_first_loss_when_told_not_to_try_again) {
  auto reconnect = make({.again = false});
  ASSERT_EQ(reconnect.on_time(start), Todo::dial);
  EXPECT_EQ(reconnect.on_lost(start), std::nullopt);
  EXPECT_EQ(reconnect.state(), State::over);
  EXPECT_EQ(reconnect.on_time(start + 1h), Todo::nothing);
}

TEST(Reconnect, a_stopped_one_keeps_its_connection_until_it_is_lost) {
  auto reconnect = make();
  ASSERT_EQ(reconnect.on_time(start), Todo::dial);
  reconnect.on_connected(start);
  reconnect.stop();
  EXPECT_EQ(reconnect.state(), State::connected);
  EXPECT_EQ(reconnect.on_lost(start + 1s), std::nullopt);
  EXPECT_EQ(reconnect.state(), State::over);
}

}  // namespace
}  // namespace fairlead::client
