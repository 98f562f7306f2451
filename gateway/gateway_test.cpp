#include "gateway/gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/conversation.hpp"

namespace fairlead::gateway {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Gateway, dials_and_repeats_its_hello_until_it_is_welcomed) {
  Conversation c;
  EXPECT_THAT(c.turn(), ElementsAre("link", "hello applied=0"));
  EXPECT_THAT(c.turn(10ms), IsEmpty());
  EXPECT_THAT(c.turn(50ms), ElementsAre("hello applied=0"));
  EXPECT_FALSE(c.gateway.live());
  c.control(schemas::GatewayWelcome{.lineage = {1}, .next = 1});
  EXPECT_TRUE(c.gateway.live());
  EXPECT_THAT(c.turn(60ms), IsEmpty());
}

TEST(Gateway, gives_up_a_dial_that_is_not_answered_and_dials_anew_with_another_link) {
  Conversation c;
  c.turn();
  const LinkId first = c.link;
  EXPECT_THAT(c.passes(2s), Contains("unlink"));
  EXPECT_NE(c.link, first);
}

TEST(Gateway, numbers_the_events_of_each_client_and_batches_a_turn_into_one_frame) {
  Conversation c;
  c.links();
  EXPECT_THAT(c.opens(1), IsEmpty());
  EXPECT_THAT(c.says(1, "a"), IsEmpty());
  c.opens(2);
  c.says(1, "b");
  c.gateway.on_turn(c.now, c.actions);
  EXPECT_EQ(c.actions.size(), 1U);
  EXPECT_THAT(c.take(), ElementsAre("up open 1.1", "up message 1.2 a", "up open 2.1", "up message 1.3 b"));
}

TEST(Gateway, keeps_what_users_say_while_the_broker_is_away_and_offers_it_in_order) {
  Conversation c;
  c.opens(1);
  c.says(1, "a");
  c.opens(2);
  c.leaves(1);
  EXPECT_THAT(c.links(), ElementsAre("up open 1.1", "up message 1.2 a", "up close 1.3", "up open 2.1"));
}

TEST(Gateway, offers_again_what_is_not_committed_and_nothing_else) {
  Conversation c;
  c.opens(1);
  c.says(1, "a");
  c.says(1, "b");
  c.links();
  c.delivers(1, Conversation::committed(1, 2));
  EXPECT_THAT(c.breaks(), ElementsAre("unlink"));
  c.says(1, "c");
  EXPECT_THAT(c.links(1, 2), ElementsAre("up message 1.3 b", "up message 1.4 c"));
}

// Or the broker would forget the client because of the acknowledgement, and take the open behind it for a new client's.
TEST(Gateway, acknowledges_no_commit_of_what_it_is_about_to_offer_again) {
  Conversation c;
  c.opens(1);
  c.leaves(1);
  c.links();
  c.breaks();
  for (Conversation::Lines did; std::ranges::find(did, "link") == did.end();) did = c.turn(10ms);
  schemas::FrameBuilder welcome;
  schemas::append(welcome.body(), schemas::GatewayWelcome{.incarnation = {9}, .lineage = {1}, .next = 1});
  c.gateway.on_frontend_frame(welcome.finish({.link = c.link}), c.now, c.actions);
  c.gateway.on_delivery_frame(c.delivery(1, Conversation::committed(1, 2)), c.now, c.actions);
  EXPECT_EQ(c.gateway.clients(), 0U);
  c.gateway.on_turn(c.now, c.actions);
  std::vector<std::uint64_t> acks;
  for (const Action& action : c.actions) {
    if (const auto* up = std::get_if<SendUp>(&action)) acks.push_back(schemas::open_frame(up->frame)->header.ack);
  }
  EXPECT_THAT(acks, ElementsAre(0));
  c.take();
}

TEST(Gateway, never_hangs_up_on_a_user_because_the_broker_is_away) {
  Conversation c;
  c.opens(1);
  for (int i = 0; i < 31; ++i) c.says(1, "x");
  EXPECT_FALSE(c.went_on);
  for (const auto& line : c.passes(60s)) EXPECT_THAT(line, Not(::testing::StartsWith("close")));
}

TEST(Gateway, asks_to_stop_reading_a_user_with_32_events_and_resumes_at_half) {
  Conversation c;
  c.links();
  c.opens(1);
  for (int i = 0; i < 30; ++i) EXPECT_THAT(c.says(1, "x"), IsEmpty());
  EXPECT_TRUE(c.went_on);
  EXPECT_THAT(c.says(1, "x"), ElementsAre("pause 1"));
  EXPECT_FALSE(c.went_on);
  EXPECT_FALSE(c.gateway.accepts({1}));
  EXPECT_THAT(c.delivers(1, Conversation::committed(1, 15)), IsEmpty());
  EXPECT_THAT(c.delivers(2, Conversation::committed(1, 16)), ElementsAre("resume 1"));
  EXPECT_TRUE(c.gateway.accepts({1}));
}

TEST(Gateway, asks_to_stop_reading_everybody_at_its_own_limit) {
  Conversation c({.limits = {.events = 4}});
  c.links();
  c.opens(1);
  c.opens(2);
  c.opens(3);
  EXPECT_THAT(c.opens(4), ElementsAre("pause all"));
  EXPECT_FALSE(c.gateway.accepts({1}));
  EXPECT_THAT(c.opens(5), IsEmpty());
  EXPECT_THAT(c.delivers(1, Conversation::committed(1, 1)), IsEmpty());
  EXPECT_THAT(c.delivers(2, Conversation::committed(2, 1)), ElementsAre("resume all"));
}

TEST(Gateway, says_a_heartbeat_with_its_head_when_it_has_nothing_else_to_say) {
  Conversation c;
  c.links();
  c.opens(1);
  c.turn();
  EXPECT_THAT(c.passes(900ms), IsEmpty());
  EXPECT_THAT(c.turn(100ms), ElementsAre("heartbeat 1"));
}

TEST(Gateway, resets_a_link_whose_broker_is_silent) {
  Conversation c;
  c.links();
  const auto lines = c.passes(4100ms);
  EXPECT_THAT(lines, Contains("unlink"));
}

TEST(Gateway, does_not_blame_the_broker_for_its_own_pause) {
  Conversation c;
  c.links();
  c.turn(10ms);
  EXPECT_THAT(c.turn(30s), ElementsAre("heartbeat 0"));
  EXPECT_TRUE(c.gateway.live());
}

TEST(Gateway, wants_its_turns_often_enough_not_to_take_its_own_sleep_for_a_pause) {
  Conversation c;
  for (int i = 0; i < 200; ++i) {
    c.turn();
    ASSERT_LT(c.gateway.next_time() - c.now, PauseDetector::longest_turn);
    c.now = std::max(c.gateway.next_time(), c.now);
  }
}

TEST(Gateway, hands_over_at_once_what_was_said_after_the_turn) {
  Conversation c;
  c.links();
  c.opens(1);
  EXPECT_LE(c.gateway.next_time(), c.now);
}

TEST(Gateway, sends_what_does_not_fit_into_one_batch_as_several) {
  Conversation c;
  c.links();
  c.opens(1);
  const std::string big(100'000, 'x');
  for (int i = 0; i < 6; ++i) c.gateway.on_user_message({1}, big, false, c.now, c.actions);
  c.gateway.on_turn(c.now, c.actions);
  EXPECT_EQ(c.actions.size(), 2U);
  EXPECT_EQ(c.take().size(), 7U);
}

TEST(Gateway, stops_by_closing_its_users_and_says_bye_when_all_is_committed) {
  Conversation c;
  c.links();
  c.opens(1);
  c.turn();
  c.gateway.on_stop(c.now, c.actions);
  EXPECT_THAT(c.take(), ElementsAre("close 1 1001 the gateway is stopping"));
  EXPECT_THAT(c.opens(2), ElementsAre("close 2 1001 the gateway is stopping"));
  c.leaves(1);
  EXPECT_THAT(c.turn(), ElementsAre("up close 1.2"));
  EXPECT_THAT(c.turn(100ms), IsEmpty());
  c.delivers(1, Conversation::committed(1, 2));
  EXPECT_THAT(c.turn(), ElementsAre("bye"));
  EXPECT_FALSE(c.gateway.finished());
  c.turn(100ms);
  EXPECT_TRUE(c.gateway.finished());

  // The shell waits for users who are slow to leave; it does not come back to the bus for that.
  c.control(schemas::Reset{.reason = "this link is not known here"});
  EXPECT_THAT(c.passes(5s), IsEmpty());
  EXPECT_GT(c.gateway.next_time(), c.now);
}

TEST(Gateway, stops_after_the_drain_time_whatever_is_left) {
  Conversation c({.drain = 2s});
  c.opens(1);
  c.gateway.on_stop(c.now, c.actions);
  c.leaves(1);
  c.passes(1900ms);
  EXPECT_FALSE(c.gateway.finished());
  c.passes(200ms);
  EXPECT_TRUE(c.gateway.finished());
}

}  // namespace
}  // namespace fairlead::gateway
