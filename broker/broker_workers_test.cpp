// The broker and its workers: hellos, outcomes that do not count, queries. Their lives are in tests/scenarios/broker/.
#include "broker/test_bus.hpp"

namespace fairlead::broker {

TEST_F(BrokerTest, a_worker_is_ready_only_when_it_has_been_heard_on_both_sockets) {
  const schemas::WorkerHello hello{.incarnation = {0x77}, .name = "hand"};
  from_worker(frame(worker_link, 0, 0, hello));
  EXPECT_TRUE(sent<schemas::WorkerWelcome>(turn(), Leg::backend).empty());
  broker->on_outcome_frame(schemas::outcomes_topic(worker_link) + frame(worker_link, 0, 0, hello), now);
  EXPECT_EQ(sent<schemas::WorkerWelcome>(turn(), Leg::backend).size(), 1U);

  start();
  broker->on_outcome_frame(schemas::outcomes_topic(worker_link) + frame(worker_link, 0, 0, hello), now);
  from_worker(frame(worker_link, 0, 0, hello));
  EXPECT_EQ(sent<schemas::WorkerWelcome>(turn(), Leg::backend).size(), 1U) << "in either order";
}

TEST_F(BrokerTest, a_client_s_first_unit_tells_where_it_came_from) {
  gateway_comes();
  worker_comes();
  event(1);
  EXPECT_EQ(next_unit().peer, "192.0.2.1:5");
}

TEST_F(BrokerTest, an_outcome_of_the_wrong_attempt_unit_or_event_changes_nothing) {
  gateway_comes();
  worker_comes();
  event(1);
  schemas::Unit unit = next_unit();
  const std::string before = broker->state_digest();
  for (schemas::Unit wrong : {unit, unit}) {
    wrong.attempt += 1;
    outcome(wrong, 1);
    wrong = unit;
    wrong.unit.value += 1;
    outcome(wrong, 1);
    outcome(unit, 2);
  }
  EXPECT_EQ(broker->state_digest(), before);
  EXPECT_EQ(broker->counters().late_outcomes, 6U);
  outcome(unit, 1);
  outcome(unit, 1);
  EXPECT_EQ(broker->counters().commits, 1U);
}

TEST_F(BrokerTest, a_hole_in_the_outcomes_ends_the_link_and_the_unit_goes_elsewhere) {
  gateway_comes();
  worker_comes();
  event(1);
  const schemas::Unit unit = next_unit();
  outcomes += 1;
  outcome(unit, 1);
  EXPECT_EQ(sent<schemas::Reset>(turn(), Leg::backend).at(0).reason, "a gap in its outcomes");
  worker_comes();
  EXPECT_EQ(next_unit().attempt, 2U);
}

// All workers' connections are reset at once, and the event is sent to one dead connection after another.
TEST_F(BrokerTest, nobody_is_blamed_for_a_unit_that_could_not_be_sent) {
  config.max_attempts = 1;
  start();
  gateway_comes();
  event(1);
  for (std::uint64_t attempt = 1; attempt <= 5; ++attempt) {
    worker_comes();
    EXPECT_EQ(next_unit().attempt, attempt);
    broker->on_unreachable(Leg::backend, worker_routing, now);
    EXPECT_EQ(broker->counters().dead_letters, 0U);
  }
  worker_comes();
  next_unit();
  turn();  // the worker may have it by now, and have died of it
  broker->on_unreachable(Leg::backend, worker_routing, now);
  EXPECT_EQ(broker->counters().dead_letters, 1U);
}

TEST_F(BrokerTest, a_lost_tail_of_outcomes_is_seen_at_the_second_heartbeat) {
  worker_comes();
  turn();
  from_worker(frame(worker_link, 0, 0, schemas::Heartbeat{.head = 3}));
  EXPECT_EQ(broker->live_workers(), 1U) << "they may be on their way over the other socket";
  from_worker(frame(worker_link, 0, 0, schemas::Heartbeat{.head = 3}));
  EXPECT_EQ(broker->live_workers(), 0U);
}

TEST_F(BrokerTest, a_unit_is_bounded_in_events_and_bytes) {
  config.unit_events = 3;
  config.unit_bytes = 100;
  start();
  gateway_comes();
  for (std::uint64_t seq = 1; seq <= 5; ++seq) event(seq, std::string(60, 'x'));
  worker_comes();
  const schemas::Unit first = next_unit();
  EXPECT_EQ(first.events.size(), 3U);
  for (std::uint64_t seq = 1; seq <= 3; ++seq) outcome(first, seq);
  EXPECT_EQ(next_unit().events.size(), 2U) << "both are within the bytes, one alone would not fill them";
}

TEST_F(BrokerTest, a_query_is_answered_in_the_same_turn_and_says_when_somebody_is_away) {
  gateway_comes();
  worker_comes();
  event(1);
  outcome(next_unit(), 1);
  from_worker(frame(worker_link, 0, 0, schemas::Query{.id = 5, .ask = schemas::Ask::count_clients}));
  const auto answers = sent<schemas::Answer>(turn(), Leg::backend);
  EXPECT_EQ(answers.at(0), (schemas::Answer{.id = 5, .complete = true, .items = {"1"}}));
  broker->on_unreachable(Leg::frontend, gateway_routing, now);
  from_worker(frame(worker_link, 0, 0, schemas::Query{.id = 6, .ask = schemas::Ask::count_clients}));
  EXPECT_FALSE(sent<schemas::Answer>(turn(), Leg::backend).at(0).complete);
}

TEST_F(BrokerTest, a_draining_worker_is_acknowledged_at_once) {
  gateway_comes();
  worker_comes();
  event(1);
  const schemas::Unit unit = next_unit();
  from_worker(frame(worker_link, 0, 0, schemas::Drain{}));
  EXPECT_EQ(sent<schemas::Drained>(turn(), Leg::backend).size(), 1U);
  outcome(unit, 1);
  const Turn after = turn();
  ASSERT_FALSE(after.sends.empty());
  std::uint64_t ack = 0;
  for (const auto& send : after.sends) {
    if (send.leg == Leg::backend) ack = schemas::open_frame(send.frame)->header.ack;
  }
  EXPECT_EQ(ack, 1U);
}

}  // namespace fairlead::broker
