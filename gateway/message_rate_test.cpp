#include "gateway/message_rate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::gateway {
namespace {

constexpr Instant begin = Instant{} + 1h;

// How many messages a user who always has one gets through until `end`, asked every millisecond.
int said(const MessageRate& rate, Speech& speech, Instant from, Instant end) {
  int count = 0;
  for (Instant now = from; now < end; now += 1ms) {
    while (speech.next(rate) <= now) {
      speech.on_message(rate, now);
      ++count;
    }
  }
  return count;
}

TEST(MessageRate, is_a_number_of_messages_and_a_unit_of_time) {
  EXPECT_EQ(MessageRate::parse("20/s").value(), (MessageRate{.count = 20, .period = 1s, .burst = 20}));
  EXPECT_EQ(MessageRate::parse("100/m").value(), (MessageRate{.count = 100, .period = 1min, .burst = 1}));
  EXPECT_EQ(MessageRate::parse("7200/h").value(), (MessageRate{.count = 7200, .period = 1h, .burst = 2}));
  EXPECT_FALSE(MessageRate::parse("0").value());
  EXPECT_FALSE(MessageRate::parse("").value());
  for (const auto* text : {"20", "20/", "20/d", "/s", "-1/s", "0/s", "1.5/s", "20 /s", "1000001/s", "99999999999/s"}) {
    const auto rate = MessageRate::parse(text);
    ASSERT_FALSE(rate) << text;
    EXPECT_THAT(rate.error().message, testing::HasSubstr("20/s")) << text;
  }
}

TEST(Speech, has_its_burst_at_once_and_then_its_rate) {
  const MessageRate rate{.count = 10, .period = 1s, .burst = 5};
  Speech speech;
  EXPECT_EQ(said(rate, speech, begin, begin + 1ms), 5);
  EXPECT_EQ(speech.next(rate), begin + 100ms);
  EXPECT_EQ(said(rate, speech, begin + 1ms, begin + 10s), 99);
}

TEST(Speech, silence_gives_the_burst_back_and_no_more) {
  const MessageRate rate{.count = 10, .period = 1s, .burst = 5};
  Speech speech;
  said(rate, speech, begin, begin + 1s);
  EXPECT_EQ(said(rate, speech, begin + 1h, begin + 1h + 1ms), 5);
}

TEST(Speech, a_message_that_was_taken_over_the_rate_is_made_up_for) {
  const MessageRate rate{.count = 1, .period = 1s, .burst = 1};
  Speech speech;
  for (int i = 0; i < 3; ++i) speech.on_message(rate, begin);
  EXPECT_EQ(speech.next(rate), begin + 3s);
}

}  // namespace
}  // namespace fairlead::gateway
