#include "bus/link.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

class LinkTest : public testing::Test {
 protected:
  Link link{Random{7}, LinkTimes{}};
  Instant now{1000s};

  Link::Todo after(Duration time) { return now += time, link.on_time(now); }

  void go_live() {
    ASSERT_TRUE(after(0s).open);
    link.on_welcome(now);
    ASSERT_TRUE(link.live());
  }
};

}  // namespace

TEST_F(LinkTest, dials_at_once_and_repeats_its_hello_until_it_is_welcomed) {
  const auto first = after(0s);
  EXPECT_TRUE(first.open && first.hello);
  EXPECT_TRUE(link.id());
  EXPECT_FALSE(after(49ms).hello);
  EXPECT_TRUE(after(1ms).hello);
  link.on_welcome(now);
  EXPECT_TRUE(link.live());
  EXPECT_FALSE(after(50ms).hello);
}

TEST_F(LinkTest, every_dial_has_an_id_of_its_own) {
  go_live();
  const LinkId before = link.id();
  link.on_broken("cut");
  EXPECT_TRUE(after(0s).close);
  EXPECT_TRUE(after(1s).open);
  EXPECT_NE(link.id(), before);
  EXPECT_EQ(link.last_failure(), "cut");
}

TEST_F(LinkTest, speaks_once_a_second_when_there_is_nothing_to_say) {
  go_live();
  EXPECT_FALSE(after(999ms).heartbeat);
  EXPECT_TRUE(after(1ms).heartbeat);
  EXPECT_FALSE(after(1ms).heartbeat);
}

TEST_F(LinkTest, four_seconds_of_silence_end_it) {
  go_live();
  EXPECT_FALSE(after(3999ms).close);
  EXPECT_TRUE(after(1ms).close);
  EXPECT_EQ(link.state(), Link::State::waiting);
}

TEST_F(LinkTest, a_pause_of_our_own_is_not_the_peers_silence) {
  go_live();
  now += 30s;
  link.on_pause(30s);
  EXPECT_FALSE(link.on_time(now).close);
  EXPECT_TRUE(after(4s).close);
}

TEST_F(LinkTest, backs_off_further_with_each_dial_in_vain_and_not_after_a_welcome) {
  Duration longest{0};
  for (int i = 0; i < 12; ++i) {
    while (!after(1ms).open) {
    }
    const Instant dialed = now;
    while (!after(1ms).close) {
    }
    const Duration dial = now - dialed;
    EXPECT_LE(dial, 2s);
    EXPECT_GE(dial, longest);
    longest = dial;
  }
  EXPECT_EQ(longest, 2s);
  while (!after(1ms).open) {
  }
  link.on_welcome(now);
  link.on_broken("cut");
  EXPECT_TRUE(after(0s).close);
  EXPECT_TRUE(after(63ms).open);
}

TEST_F(LinkTest, says_when_it_wants_to_be_asked_again) {
  go_live();
  EXPECT_EQ(link.next_time(), now + 1s);
  link.on_broken("cut");
  EXPECT_LE(link.next_time(), now);
}

}  // namespace fairlead
