#include "broker/test_bus.hpp"

namespace fairlead::broker {

class BrokerAdminTest : public BrokerTest {
 protected:
  void SetUp() override {
    config.max_attempts = 1;
    start();
    gateway_comes();
    worker_comes();
    event(1);
    outcome(next_unit(), 1);
    event(2, "poison");
    fail(next_unit(), 2);
    turn();
  }
  void fail(const schemas::Unit& unit, std::uint64_t seq) {
    const schemas::Outcome record{
        .unit = unit.unit, .attempt = unit.attempt, .seq = seq, .verdict = schemas::Verdict::failed, .error = "no"};
    broker->on_outcome_frame(schemas::outcomes_topic(worker_link) + frame(worker_link, ++outcomes, 0, record), now);
  }
  void expect_journaled() {
    const auto replayed = replay_segment(broker->checkpoint());
    ASSERT_TRUE(replayed) << replayed.error().message;
    EXPECT_EQ(replayed->state.digest(), broker->state_digest());
  }
};

TEST_F(BrokerAdminTest, a_dead_letter_is_handled_again_as_its_client_s_next_event) {
  ASSERT_EQ(broker->state().dead_letters().size(), 1U);
  EXPECT_TRUE(broker->retry_dead_letter(ann, 2));
  EXPECT_EQ(sent<schemas::Replay>(turn(), Leg::deliveries),
            (std::vector<schemas::Replay>{{.client = ann, .payload = "poison"}}));
  EXPECT_TRUE(broker->state().dead_letters().empty());
  EXPECT_FALSE(broker->retry_dead_letter(ann, 2)) << "it is not there any more";
  expect_journaled();
}

TEST_F(BrokerAdminTest, a_dead_letter_is_dropped) {
  EXPECT_FALSE(broker->drop_dead_letter(ann, 3));
  EXPECT_TRUE(broker->drop_dead_letter(ann, 2));
  EXPECT_TRUE(sent<schemas::Replay>(turn(), Leg::deliveries).empty());
  EXPECT_TRUE(broker->state().dead_letters().empty());
  expect_journaled();
}

TEST_F(BrokerAdminTest, what_opens_or_belongs_to_nobody_cannot_be_handled_again) {
  const ClientId bob{.gateway = gateway, .counter = 2};
  event(1, {}, bob);
  fail(next_unit(), 1);
  turn();
  EXPECT_FALSE(broker->retry_dead_letter(bob, 1));
  EXPECT_TRUE(broker->drop_dead_letter(bob, 1));
  from_gateway(
      frame(gateway_link, ++events, 0, schemas::Event{.client = ann, .seq = 3, .kind = schemas::EventKind::close}));
  outcome(next_unit(), 3);
  turn();
  EXPECT_FALSE(broker->retry_dead_letter(ann, 2)) << "its client is gone";
}

TEST_F(BrokerAdminTest, tells_who_is_here_and_what_they_have) {
  event(3);
  turn();
  now += 100ms;
  const auto gateways = broker->gateways(now);
  ASSERT_EQ(gateways.size(), 1U);
  EXPECT_EQ(gateways[0].name, "door");
  EXPECT_TRUE(gateways[0].live);
  EXPECT_EQ(gateways[0].clients, 1U);
  EXPECT_EQ(gateways[0].uncommitted, 1U);
  EXPECT_GT(gateways[0].kept_bytes, 0U);
  const auto workers = broker->workers(now);
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_EQ(workers[0].name, "hand");
  EXPECT_EQ(workers[0].units, 1U);
  EXPECT_EQ(workers[0].commits, 1U);
  EXPECT_EQ(workers[0].failures, 1U);
  EXPECT_EQ(workers[0].silent, 100ms);
  EXPECT_EQ(broker->waiting_events(ann), 1U);
  EXPECT_EQ(broker->waiting_events({}), 0U);
  broker->on_unreachable(Leg::frontend, gateway_routing, now);
  EXPECT_EQ(broker->gateways(now + 500ms)[0].away, 500ms);
}

TEST_F(BrokerAdminTest, what_the_operator_publishes_takes_effect_like_anybody_s) {
  broker->publish({schemas::Send{.scope = schemas::Scope::all, .payload = "news"}});
  const Turn after = turn();
  EXPECT_EQ(sent<schemas::Deliver>(after, Leg::deliveries).size(), 1U);
  EXPECT_FALSE(after.journal.empty());
}

}  // namespace fairlead::broker
