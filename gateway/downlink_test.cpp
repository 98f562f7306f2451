// What the gateway makes of what the broker says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/conversation.hpp"
#include "gateway/gateway.hpp"

namespace fairlead::gateway {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using C = Conversation;

// Three users, live.
struct Downlink : ::testing::Test {
  Downlink() {
    c.links();
    for (std::uint64_t user = 1; user <= 3; ++user) c.opens(user);
    c.turn();
  }
  Conversation c;
};

TEST_F(Downlink, a_message_reaches_its_client) {
  EXPECT_THAT(c.delivers(1, C::to_client(2, "hi")), ElementsAre("to 2 hi"));
  EXPECT_THAT(c.delivers(2, C::to_client(9, "nobody")), IsEmpty());
}

TEST_F(Downlink, a_message_reaches_everybody_but_those_left_out) {
  c.delivers(1, C::committed(1, 0), C::committed(2, 0), C::committed(3, 0));
  EXPECT_THAT(c.delivers(4, C::to_all("hi")), ElementsAre("to 1,2,3 hi"));
  EXPECT_THAT(c.delivers(5, C::to_all("hi", {C::client(2)})), ElementsAre("to 1,3 hi"));
}

TEST_F(Downlink, what_is_for_everybody_is_not_for_clients_that_have_not_come_to_be) {
  EXPECT_THAT(c.delivers(1, C::to_all("a"), C::committed(2, 0), C::to_all("b"), C::committed(2, 1), C::committed(1, 1),
                         C::to_all("c")),
              ElementsAre("to 2 b", "to 1,2 c"));
}

TEST_F(Downlink, a_timer_becomes_an_event_of_its_client_when_its_time_has_come) {
  c.delivers(1, schemas::Timer{.client = C::client(2), .name = "t", .after = 300, .payload = "x"},
             schemas::Timer{.client = C::client(3), .name = "t", .after = 300},
             schemas::Timer{.client = C::client(3), .name = "t"});
  EXPECT_THAT(c.passes(200ms), Not(Contains(HasSubstr("timer"))));
  EXPECT_THAT(c.passes(200ms), Contains("up timer 2.2 t x"));
  EXPECT_THAT(c.passes(500ms), Not(Contains(HasSubstr("timer"))));
  EXPECT_EQ(c.gateway.counters().timers, 1U);
}

TEST_F(Downlink, a_timer_waits_through_a_broken_link_and_is_kept_until_it_is_committed) {
  c.delivers(1, schemas::Timer{.client = C::client(1), .name = "t", .after = 50});
  c.breaks();
  c.turn(100ms);
  EXPECT_THAT(c.links(1, 2), ElementsAre("up open 1.1", "up timer 1.2 t ", "up open 2.1", "up open 3.1"));
}

TEST_F(Downlink, a_timer_goes_with_its_client) {
  c.delivers(1, schemas::Timer{.client = C::client(1), .name = "t", .after = 50});
  c.leaves(1);
  EXPECT_THAT(c.passes(300ms), Not(Contains(HasSubstr("timer"))));
}

TEST_F(Downlink, a_dead_letter_that_is_replayed_is_the_client_s_next_event) {
  c.says(1, "before");
  c.turn();
  c.delivers(1, schemas::Replay{.client = C::client(1), .payload = "again"},
             schemas::Replay{.client = C::client(9), .payload = "nobody"});
  EXPECT_THAT(c.turn(), ElementsAre("up message 1.3 again"));
}

TEST_F(Downlink, a_client_has_a_limited_number_of_timers) {
  for (std::uint64_t i = 0; i <= Timers::max_per_user; ++i)
    c.delivers(i + 1, schemas::Timer{.client = C::client(1), .name = "t" + std::to_string(i), .after = 50});
  EXPECT_EQ(c.gateway.counters().timers_refused, 1U);
  EXPECT_TRUE(c.gateway.live());
}

TEST_F(Downlink, a_member_that_watches_gets_events_about_its_membership) {
  const auto watched = [](std::uint64_t user, std::string group, std::uint64_t size) {
    return schemas::Joined{.client = C::client(user), .group = std::move(group), .watch = true, .size = size};
  };
  c.delivers(1, watched(1, "a", 1), C::joined(2, "a"), watched(3, "a", 3), watched(3, "b", 1));
  EXPECT_THAT(c.turn(), ElementsAre("up joined 1.2 a size=1", "up joined 3.2 a size=3", "up joined 3.3 b size=1"));
  c.delivers(5, schemas::Left{C::client(2), "a", 2}, schemas::Left{C::client(1), "a", 1}, watched(3, "a", 1),
             schemas::Ungrouped{"a"}, schemas::Ungrouped{"none"});
  EXPECT_THAT(c.turn(), ElementsAre("up left 1.3 a size=1", "up left 3.4 a size=0"));
}

TEST_F(Downlink, who_said_goodbye_still_hears_the_answers_to_what_was_said_before) {
  c.delivers(1, C::committed(1, 1));
  c.says(1, "hi");
  c.leaves(1);
  EXPECT_TRUE(c.gateway.owes({1}));
  EXPECT_THAT(c.delivers(2, C::to_client(1, "hi"), C::committed(1, 2)), ElementsAre("to 1 hi"));
  EXPECT_FALSE(c.gateway.owes({1}));
  c.delivers(4, C::committed(1, 3));
  EXPECT_THAT(c.delivers(5, C::to_client(1, "too late")), IsEmpty());
}

TEST_F(Downlink, a_client_in_two_groups_gets_one_message) {
  c.delivers(1, C::joined(1, "a"), C::joined(2, "a"), C::joined(1, "b"), C::joined(3, "b"));
  EXPECT_THAT(c.delivers(5, C::to_groups({"b", "a"}, "hi")), ElementsAre("to 1,2,3 hi"));
}

TEST_F(Downlink, groups_change_in_the_order_of_the_stream) {
  EXPECT_THAT(c.delivers(1, C::joined(1, "a"), C::to_groups({"a"}, "one"), C::joined(2, "a"),
                         C::to_groups({"a"}, "two"), schemas::Left{C::client(1), "a"}, C::to_groups({"a"}, "three"),
                         schemas::Ungrouped{"a"}, C::to_groups({"a"}, "four")),
              ElementsAre("to 1 one", "to 1,2 two", "to 2 three"));
}

TEST_F(Downlink, a_uid_is_all_its_clients) {
  c.delivers(1, C::bound(1, "ann"), C::bound(3, "ann"));
  EXPECT_THAT(c.delivers(3, C::to_uids({"ann"}, "hi")), ElementsAre("to 1,3 hi"));
  EXPECT_THAT(c.delivers(4, C::bound(1, std::nullopt), C::to_uids({"ann"}, "hi")), ElementsAre("to 3 hi"));
}

TEST_F(Downlink, what_was_applied_is_passed_over_and_a_hole_resets_the_link) {
  EXPECT_THAT(c.delivers(1, C::to_client(1, "a"), C::to_client(1, "b")), ElementsAre("to 1 a", "to 1 b"));
  EXPECT_THAT(c.delivers(2, C::to_client(1, "b"), C::to_client(1, "c")), ElementsAre("to 1 c"));
  EXPECT_THAT(c.delivers(5, C::to_client(1, "e")), IsEmpty());
  EXPECT_THAT(c.turn(), ElementsAre("unlink"));
  EXPECT_THAT(c.passes(200ms), Contains("hello applied=3"));
}

TEST_F(Downlink, a_lost_tail_is_seen_by_the_second_heartbeat_that_tells_of_it) {
  c.control(schemas::Heartbeat{.head = 1});
  EXPECT_TRUE(c.gateway.live());  // it may be on its way on the other socket
  c.control(schemas::Heartbeat{.head = 1});
  EXPECT_FALSE(c.gateway.live());
  EXPECT_EQ(c.gateway.counters().gaps, 1U);
}

TEST_F(Downlink, deliveries_are_acknowledged_within_50_ms_and_by_whatever_goes_up) {
  c.delivers(1, C::to_client(1, "a"));
  EXPECT_THAT(c.turn(40ms), IsEmpty());
  EXPECT_THAT(c.turn(10ms), ElementsAre("heartbeat 3"));
  EXPECT_EQ(c.acknowledged, 1U);
  c.delivers(2, C::to_client(1, "b"));
  c.says(1, "x");
  c.turn();
  EXPECT_EQ(c.acknowledged, 2U);
  EXPECT_THAT(c.turn(60ms), IsEmpty());
}

TEST_F(Downlink, an_acknowledgement_that_a_batch_could_not_carry_is_still_owed) {
  c.says(1, "x");
  c.delivers(1, C::to_client(1, "a"));
  c.turn();
  EXPECT_EQ(c.acknowledged, 0U);
  EXPECT_THAT(c.turn(50ms), ElementsAre("heartbeat 4"));
  EXPECT_EQ(c.acknowledged, 1U);
}

TEST_F(Downlink, deliveries_of_64_KiB_are_acknowledged_at_once) {
  c.delivers(1, C::to_client(1, std::string(70'000, 'x')));
  EXPECT_THAT(c.turn(), ElementsAre("heartbeat 3"));
}

TEST_F(Downlink, deliveries_that_overtake_the_welcome_wait_for_it) {
  c.breaks();
  while (c.turn(10ms).empty()) continue;
  EXPECT_THAT(c.delivers(1, C::to_client(1, "early")), IsEmpty());
  EXPECT_THAT(c.control(schemas::GatewayWelcome{.lineage = {1}, .next = 1}), ElementsAre("to 1 early"));
}

TEST_F(Downlink, a_close_ends_the_client_with_its_last_event) {
  EXPECT_THAT(c.delivers(1, schemas::Close{.client = C::client(1), .last = "bye", .reason = "kicked"},
                         C::to_client(1, "after")),
              ElementsAre("close 1 1000 kicked last=bye"));
  c.says(1, "ignored");
  c.leaves(1);
  EXPECT_THAT(c.turn(), ElementsAre("up close 1.2"));
  EXPECT_EQ(c.gateway.clients(), 3U);
  c.delivers(3, C::committed(1, 2));
  EXPECT_EQ(c.gateway.clients(), 2U);
}

TEST_F(Downlink, a_user_who_left_is_forgotten_with_the_commit_of_the_close_and_gets_nothing_more) {
  c.delivers(1, C::joined(1, "a"), C::bound(1, "ann"));
  c.leaves(1);
  c.delivers(3, C::committed(1, 1));
  EXPECT_EQ(c.gateway.clients(), 3U);
  c.delivers(4, C::committed(1, 2));
  EXPECT_EQ(c.gateway.clients(), 2U);
  EXPECT_THAT(c.delivers(5, C::to_groups({"a"}, "x"), C::to_uids({"ann"}, "x"), C::to_client(1, "x")), IsEmpty());
  EXPECT_EQ(c.gateway.uplink().events(), 2U);  // the others' open
}

TEST_F(Downlink, a_client_that_the_broker_does_not_have_is_closed_and_forgotten) {
  EXPECT_THAT(c.control(schemas::Refused{C::client(2), "gone"}), ElementsAre("close 2 1012 gone"));
  c.leaves(2);
  EXPECT_THAT(c.turn(), IsEmpty());
  EXPECT_EQ(c.gateway.clients(), 2U);
}

TEST_F(Downlink, a_client_that_the_broker_closed_by_itself_is_closed_and_forgotten) {
  EXPECT_THAT(c.delivers(1, C::committed(2, 2)), ElementsAre("close 2 1012 the broker had given up on this gateway"));
  EXPECT_EQ(c.gateway.clients(), 2U);
}

TEST_F(Downlink, a_gap_costs_every_client_and_counts_as_applied) {
  EXPECT_THAT(c.control(schemas::Gap{.through = 40, .reason = "too far behind"}),
              ElementsAre("close 3 1012 too far behind", "close 2 1012 too far behind", "close 1 1012 too far behind"));
  c.opens(4);
  EXPECT_THAT(c.delivers(41, C::to_client(4, "hi")), ElementsAre("to 4 hi"));
}

TEST_F(Downlink, whoever_is_being_hung_up_on_is_not_hung_up_on_again_by_a_gap_or_a_refusal) {
  EXPECT_THAT(c.delivers(1, schemas::Close{.client = C::client(1), .last = "bye", .reason = "kicked"},
                         schemas::Close{.client = C::client(2), .reason = "kicked"}),
              ElementsAre("close 1 1000 kicked last=bye", "close 2 1000 kicked"));
  EXPECT_THAT(c.control(schemas::Refused{C::client(1), "gone"}), IsEmpty());
  EXPECT_THAT(c.control(schemas::Gap{.through = 40, .reason = "too far behind"}),
              ElementsAre("close 3 1012 too far behind"));
  EXPECT_EQ(c.gateway.clients(), 0U);
}

TEST_F(Downlink, a_welcome_beyond_what_was_applied_is_a_gap_before_anything_is_offered) {
  c.breaks();
  EXPECT_THAT(c.links(1, 5), ElementsAre(::testing::StartsWith("close 3 1012"), ::testing::StartsWith("close 2 1012"),
                                         ::testing::StartsWith("close 1 1012")));
}

TEST_F(Downlink, a_broker_that_lost_its_journal_is_told_what_the_gateway_knows) {
  c.delivers(1, C::committed(1, 1), C::bound(1, "ann"), C::joined(1, "b"), C::joined(1, "a"),
             schemas::SessionSet{.client = C::client(1), .version = 3, .session = "s"});
  c.says(1, "x");
  c.breaks();
  EXPECT_THAT(c.links(2, 1), ElementsAre("up snapshot 1 committed=1 uid=ann group=a group=b session=s",
                                         "up message 1.2 x", "up open 2.1", "up open 3.1"));
  EXPECT_THAT(c.delivers(1, C::to_groups({"a"}, "hi")), ElementsAre("to 1 hi"));
}

TEST_F(Downlink, frames_of_another_link_change_nothing) {
  const std::string old = c.delivery(1, C::to_client(1, "old"));
  c.breaks();
  c.links();
  c.gateway.on_delivery_frame(old, c.now, c.actions);
  EXPECT_THAT(c.take(), IsEmpty());
  c.link = {c.link.value + 1};
  EXPECT_THAT(c.control(schemas::Reset{.reason = "stale"}), IsEmpty());
  EXPECT_TRUE(c.gateway.live());
  EXPECT_EQ(c.gateway.counters().stale, 2U);
}

TEST_F(Downlink, bad_bytes_reset_the_link_and_nothing_of_the_frame_is_applied) {
  std::string torn = c.delivery(1, C::to_client(1, "a"), C::to_client(1, "b"));
  torn.pop_back();
  c.gateway.on_delivery_frame(torn, c.now, c.actions);
  EXPECT_THAT(c.take(), IsEmpty());
  EXPECT_FALSE(c.gateway.live());
  EXPECT_EQ(c.gateway.counters().bad, 1U);
}

TEST_F(Downlink, a_numbered_record_without_a_number_is_bad_bytes) {
  EXPECT_THAT(c.control(C::to_client(1, "a")), IsEmpty());
  EXPECT_FALSE(c.gateway.live());
}

TEST_F(Downlink, a_record_that_is_not_known_is_passed_over_with_a_complaint) {
  schemas::FrameBuilder frame(schemas::deliveries_topic(c.link));
  frame.body() += std::string("\x92\xcc\xc8\x01", 4);  // [200, 1]
  schemas::append(frame.body(), C::to_client(1, "a"));
  c.gateway.on_delivery_frame(frame.finish({.link = c.link, .seq = 1}), c.now, c.actions);
  EXPECT_THAT(c.take(), ElementsAre("complaint unknown record type 200", "to 1 a"));
  EXPECT_TRUE(c.gateway.live());
}

TEST_F(Downlink, a_reset_is_obeyed) {
  c.control(schemas::Reset{.reason = "why not"});
  EXPECT_THAT(c.turn(), ElementsAre("unlink"));
}

}  // namespace
}  // namespace fairlead::gateway
