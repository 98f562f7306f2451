#include "schemas/tap_filter.hpp"

#include <gtest/gtest.h>

namespace fairlead::schemas {
namespace {

const ClientId ann{.gateway = {0x61}, .counter = 1};

bool lets(std::string_view filter, const TapSample& sample) {
  const auto parsed = TapFilter::parse(filter);
  EXPECT_TRUE(parsed) << filter << ": " << (parsed ? "" : parsed.error().message);
  return parsed && parsed->matches(sample);
}

std::string error_of(std::string_view filter) {
  const auto parsed = TapFilter::parse(filter);
  return parsed ? "" : parsed.error().message;
}

// A message of ann's, who is uid 42 and in the lobby.
struct Message {
  std::vector<ClientId> clients{ann};
  std::vector<std::string> uids{"42"};
  std::vector<std::string> groups{"lobby", "my room"};
  TapSample sample() const {
    return {.what = "event",
            .kind = "message",
            .up = true,
            .gateway = "gw1",
            .worker = "",
            .clients = clients,
            .uids = uids,
            .groups = groups,
            .size = 2000};
  }
};

}  // namespace

TEST(TapFilter, that_is_empty_lets_everything_through) {
  EXPECT_TRUE(TapFilter{}.matches(Message().sample()));
  EXPECT_TRUE(lets("", Message().sample()));
}

TEST(TapFilter, looks_at_one_thing) {
  const Message message;
  const TapSample it = message.sample();
  EXPECT_TRUE(lets("uid 42", it));
  EXPECT_FALSE(lets("uid 4", it));
  EXPECT_TRUE(lets("client " + ann.text(), it));
  EXPECT_TRUE(lets("group lobby", it));
  EXPECT_TRUE(lets("group \"my room\"", it));
  EXPECT_FALSE(lets("group room", it));
  EXPECT_TRUE(lets("gateway gw1", it));
  EXPECT_FALSE(lets("worker w1", it));
  EXPECT_TRUE(lets("kind message", it));
  EXPECT_TRUE(lets("kind event", it));
  EXPECT_FALSE(lets("kind commit", it));
  EXPECT_TRUE(lets("up", it));
  EXPECT_FALSE(lets("down", it));
}

TEST(TapFilter, compares_sizes) {
  const Message message;
  const TapSample it = message.sample();
  EXPECT_TRUE(lets("size > 1k", it));
  EXPECT_TRUE(lets("size>1999", it));
  EXPECT_FALSE(lets("size > 2000", it));
  EXPECT_TRUE(lets("size >= 2000", it));
  EXPECT_FALSE(lets("size<2000", it));
  EXPECT_TRUE(lets("size <= 2000", it));
  EXPECT_TRUE(lets("size = 2000", it));
  EXPECT_FALSE(lets("size = 1999", it));
}

TEST(TapFilter, joins_and_binds_closer_than_or_and_not_closest) {
  const Message message;
  const TapSample it = message.sample();
  EXPECT_TRUE(lets("uid 42 and up and size > 1k", it));
  EXPECT_TRUE(lets("uid 42 or down and size > 9k", it));
  EXPECT_FALSE(lets("(uid 42 or down) and size > 9k", it));
  EXPECT_TRUE(lets("not down and up", it));
  EXPECT_FALSE(lets("not (up or down)", it));
  EXPECT_TRUE(lets("not not up", it));
  EXPECT_TRUE(lets("down or (up)", it));
}

TEST(TapFilter, that_is_mistyped_is_told_what_was_expected) {
  EXPECT_TRUE(error_of("user 42").starts_with("in the filter a condition is expected, and not 'user'"));
  EXPECT_TRUE(error_of("uid").starts_with("in the filter what 'uid' is is expected, and not the end"));
  EXPECT_TRUE(error_of("up down").starts_with("in the filter 'and', 'or' or the end is expected, and not 'down'"));
  EXPECT_TRUE(error_of("(up").starts_with("in the filter ')' is expected"));
  EXPECT_TRUE(error_of("up and").starts_with("in the filter a condition is expected, and not the end"));
  EXPECT_TRUE(error_of("size 5").starts_with("in the filter '>', '<' or '=' is expected"));
  EXPECT_FALSE(error_of("size > big").empty());
  EXPECT_TRUE(error_of("kind mesage").starts_with("there is no kind 'mesage': there are event, unit, "));
  EXPECT_TRUE(error_of("client ann").starts_with("'ann' is no client"));
  EXPECT_EQ(error_of("uid \"42"), "a '\"' is not closed");
}

TEST(TapFilter, is_bounded_whatever_a_stranger_subscribes_to) {
  EXPECT_EQ(error_of(std::string(TapRequest::longest_filter + 1, 'x')), "a filter has at most 200 bytes");
  EXPECT_EQ(error_of(std::string(100, '(') + "up"), "the filter is nested too deeply");
  std::string nots;
  for (int i = 0; i < 40; ++i) nots += "not ";
  EXPECT_EQ(error_of(nots + "up"), "the filter is nested too deeply");
  EXPECT_EQ(error_of("uid 4\n2"), "a filter has no control characters");
}

TEST(TapRequest, is_a_topic_and_back) {
  const TapRequest request{.body = 64, .filter = "uid 4"};
  EXPECT_EQ(request.topic(), "t64:uid 4\n");
  EXPECT_EQ(TapRequest::parse("t64:uid 4\n")->filter, "uid 4");
  EXPECT_EQ(TapRequest::parse("t0:\n")->body, 0U);
  for (const char* bad : {"", "t", "t:\n", "t1:x", "x1:\n", "t01:\n", "t5000:\n", "t99999999999999999999:\n", "t1\n\n"})
    EXPECT_FALSE(TapRequest::parse(bad)) << bad;
}

}  // namespace fairlead::schemas
