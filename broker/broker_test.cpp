// The broker's frames and links: bad bytes, stale links, silence, pauses.
#include "broker/broker.hpp"

#include "broker/test_bus.hpp"
#include "bus/random.hpp"

namespace fairlead::broker {

TEST_F(BrokerTest, random_bytes_on_every_leg_do_no_harm) {
  Random random(5);
  gateway_comes();
  worker_comes();
  turn();
  for (int round = 0; round < 5000; ++round) {
    std::string bytes(random.below(64), '\0');
    for (char& c : bytes) c = static_cast<char>(random.next());
    // Half of them look like frames of a link that exists.
    if (random.one_in(2)) bytes = frame(random.one_in(2) ? gateway_link : worker_link, random.below(3), 0) + bytes;
    switch (random.below(4)) {
      case 0:
        broker->on_frontend_frame(gateway_routing, bytes, now);
        break;
      case 1:
        broker->on_backend_frame(worker_routing, bytes, now);
        break;
      case 2:
        broker->on_outcome_frame("o12345678" + bytes, now);
        break;
      default:
        broker->on_subscription(bytes, now);
        break;
    }
    if (random.one_in(20)) turn();
    if (random.one_in(50)) gateway_comes(), worker_comes();
  }
  EXPECT_GT(broker->counters().bad_frames, 0U);
  EXPECT_EQ(broker->counters().events, 0U);
}

TEST_F(BrokerTest, a_bad_record_ends_the_link_and_says_so) {
  gateway_comes();
  turn();
  from_gateway(frame(gateway_link, 1, 0) + "\xc1");
  const auto resets = sent<schemas::Reset>(turn(), Leg::frontend);
  ASSERT_EQ(resets.size(), 1U);
  EXPECT_EQ(resets.front().reason, "a record that cannot be read");
  EXPECT_EQ(broker->live_gateways(), 0U);
}

TEST_F(BrokerTest, a_frame_of_another_wire_version_is_told_which_one_is_spoken_here) {
  gateway_comes();
  turn();
  std::string bytes = frame(gateway_link, 0, 0, schemas::Heartbeat{});
  bytes[1] = 9;
  from_gateway(bytes);
  EXPECT_EQ(sent<schemas::Reset>(turn(), Leg::frontend).at(0).reason, "wire version 9, this side speaks 1");
}

TEST_F(BrokerTest, a_frame_of_a_link_that_is_no_more_is_answered_with_a_reset) {
  from_gateway(frame({99}, 1, 0, schemas::Heartbeat{}));
  from_worker(frame({98}, 0, 0, schemas::Credit{4}));
  const Turn after = turn();
  EXPECT_EQ(sent<schemas::Reset>(after, Leg::frontend).size(), 1U);
  EXPECT_EQ(sent<schemas::Reset>(after, Leg::backend).size(), 1U);
  EXPECT_EQ(broker->counters().stale_frames, 2U);
}

TEST_F(BrokerTest, a_newer_peers_record_is_passed_over_and_complained_about) {
  gateway_comes();
  turn();
  from_gateway(frame(gateway_link, 0, 0) + std::string("\x92\x7f\x01", 3));
  const Turn after = turn();
  EXPECT_EQ(sent<schemas::Complaint>(after, Leg::frontend).at(0).reason, "record type 127 is not known here");
  EXPECT_EQ(broker->live_gateways(), 1U);
}

TEST_F(BrokerTest, silence_is_noticed_and_a_pause_of_our_own_is_not_silence) {
  gateway_comes();
  worker_comes();
  turn();
  now += 20s;
  turn();
  EXPECT_EQ(broker->live_gateways(), 1U) << "the broker itself was away";
  for (int i = 0; i < 50; ++i) now += 100ms, turn();
  EXPECT_EQ(broker->live_gateways(), 0U);
  EXPECT_EQ(broker->live_workers(), 0U);
}

TEST_F(BrokerTest, says_something_to_each_peer_every_half_second) {
  gateway_comes();
  worker_comes();
  turn();
  now += 500ms;
  const Turn after = turn();
  EXPECT_EQ(sent<schemas::Heartbeat>(after, Leg::frontend).size(), 1U);
  EXPECT_EQ(sent<schemas::Heartbeat>(after, Leg::backend).size(), 1U);
  now += 500ms;
  std::vector<Send> alive;
  broker->keep_alive(now, alive);
  EXPECT_EQ(alive.size(), 2U);
}

TEST_F(BrokerTest, a_stopping_broker_tells_everybody) {
  gateway_comes();
  worker_comes();
  turn();
  Turn last;
  broker->on_stop(last);
  EXPECT_EQ(sent<schemas::Reset>(last, Leg::frontend).size(), 1U);
  EXPECT_EQ(sent<schemas::Reset>(last, Leg::backend).size(), 1U);
}

// It is in the state and not yet in the journal: a checkpoint with it, and then the record, would do it twice.
TEST_F(BrokerTest, makes_no_checkpoint_while_something_waits_to_be_written) {
  config.max_attempts = 1;
  start();
  gateway_comes();
  worker_comes();
  turn();
  event(1);
  turn();
  EXPECT_FALSE(broker->checkpoint().empty());
  turn();
  broker->on_unreachable(Leg::backend, worker_routing, now);
  EXPECT_EQ(broker->state().dead_letters().size(), 1U);
  EXPECT_TRUE(broker->checkpoint().empty());
  EXPECT_FALSE(turn().journal.empty());
  EXPECT_FALSE(broker->checkpoint().empty());
}

}  // namespace fairlead::broker
