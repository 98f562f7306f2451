#include "gateway/vigil.hpp"

#include <gtest/gtest.h>

namespace fairlead::gateway {
namespace {

using Verdict = Vigil::Verdict;
constexpr Instant begin = Instant{} + 1h;
constexpr VigilTimes pings{.ping = 25s, .dead = 60s};

TEST(Vigil, a_silent_user_is_asked_again_and_again_and_then_counts_as_gone) {
  Vigil vigil(begin);
  EXPECT_EQ(vigil.on_time(pings, true, begin + 24s), Verdict::well);
  EXPECT_EQ(vigil.on_time(pings, true, begin + 25s), Verdict::ask);
  EXPECT_EQ(vigil.on_time(pings, true, begin + 26s), Verdict::well);
  EXPECT_EQ(vigil.on_time(pings, true, begin + 50s), Verdict::ask);
  EXPECT_EQ(vigil.on_time(pings, true, begin + 60s), Verdict::silent);
}

TEST(Vigil, any_byte_is_life) {
  Vigil vigil(begin);
  for (int i = 1; i < 20; ++i) {
    vigil.on_bytes(begin + i * 24s);
    EXPECT_EQ(vigil.on_time(pings, true, begin + i * 24s + 23s), Verdict::well);
  }
}

TEST(Vigil, who_is_not_asked_may_be_silent_for_ever) {
  Vigil vigil(begin);
  EXPECT_EQ(vigil.on_time(pings, false, begin + 100h), Verdict::well);
  EXPECT_EQ(vigil.on_time({.ping = 0s, .dead = 60s}, true, begin + 100h), Verdict::well);
}

TEST(Vigil, without_a_time_to_be_gone_by_a_user_is_asked_for_ever) {
  Vigil vigil(begin);
  EXPECT_EQ(vigil.on_time({.ping = 25s, .dead = 0s}, true, begin + 100h), Verdict::ask);
}

TEST(Vigil, pongs_are_life_but_nothing_that_was_said) {
  const VigilTimes times{.ping = 0s, .idle = 5min};
  Vigil vigil(begin);
  vigil.on_bytes(begin + 4min);
  EXPECT_EQ(vigil.on_time(times, true, begin + 5min), Verdict::idle);
  vigil.on_message(begin + 5min);
  EXPECT_EQ(vigil.on_time(times, true, begin + 10min - 1s), Verdict::well);
  EXPECT_EQ(vigil.on_time(times, false, begin + 10min), Verdict::idle);
}

TEST(Vigil, who_does_not_log_in_in_time_stays_a_stranger) {
  const VigilTimes times{.ping = 0s, .login = 10s};
  Vigil vigil(begin);
  vigil.on_message(begin + 9s);
  EXPECT_EQ(vigil.on_time(times, true, begin + 9s), Verdict::well);
  EXPECT_EQ(vigil.on_time(times, true, begin + 10s), Verdict::stranger);
  vigil.on_login();
  EXPECT_EQ(vigil.on_time(times, true, begin + 100h), Verdict::well);
}

TEST(Vigil, time_in_which_we_did_not_look_does_not_count) {
  const VigilTimes times{.ping = 25s, .dead = 60s, .idle = 90s, .login = 90s};
  Vigil frozen(begin);
  frozen.on_pause(1h);
  EXPECT_EQ(frozen.on_time(times, true, begin + 1h + 20s), Verdict::well);
  Vigil deaf(begin);
  deaf.on_deaf(begin + 80s);
  EXPECT_EQ(deaf.on_time(times, true, begin + 85s), Verdict::well);
}

}  // namespace
}  // namespace fairlead::gateway
