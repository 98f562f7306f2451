// The broker and its gateways: windows, rings, intruders. Their lives are in tests/scenarios/broker/.
#include "broker/test_bus.hpp"

namespace fairlead::broker {
namespace {

class BrokerGatewaysTest : public BrokerTest {
 protected:
  // One reply of `bytes` to ann.
  void reply(std::size_t bytes) {
    event(++seq);
    outcome(next_unit(), seq, {schemas::Send{.clients = {ann}, .payload = std::string(bytes, 'x')}});
  }
  void begin() {
    gateway_comes();
    worker_comes();
    reply(1);
    turn();
  }
  std::uint64_t seq = 0;
};

}  // namespace

TEST_F(BrokerGatewaysTest, is_live_only_when_its_subscription_has_been_seen) {
  from_gateway(frame(gateway_link, 0, 0, schemas::GatewayHello{.incarnation = gateway, .name = "door"}));
  EXPECT_TRUE(sent<schemas::GatewayWelcome>(turn(), Leg::frontend).empty());
  broker->on_subscription('\1' + schemas::deliveries_topic(gateway_link), now);
  EXPECT_EQ(sent<schemas::GatewayWelcome>(turn(), Leg::frontend).size(), 1U);
}

TEST_F(BrokerGatewaysTest, one_that_does_not_acknowledge_gets_no_more_than_its_window) {
  config.delivery_window = 1000;
  start();
  begin();
  for (int i = 0; i < 8; ++i) reply(400), turn();
  const std::uint64_t head = broker->state().gateways().at(gateway).ring.head();
  const std::uint64_t sent_so_far = broker->state().gateways().at(gateway).ring.sent();
  EXPECT_LT(sent_so_far, head);
  from_gateway(frame(gateway_link, 0, sent_so_far, schemas::Heartbeat{.head = events}));
  EXPECT_FALSE(sent<schemas::Deliver>(turn(), Leg::deliveries).empty());
}

TEST_F(BrokerGatewaysTest, one_that_is_hopelessly_behind_is_cut_off_with_notice) {
  config.delivery_window = 1000;
  config.ring_limit = 4000;
  start();
  begin();
  for (int i = 0; i < 9 && broker->live_gateways() > 0; ++i) reply(500), turn();
  EXPECT_EQ(broker->live_gateways(), 0U);
  gateway_comes(header.lineage, 2);
  EXPECT_EQ(sent<schemas::Gap>(turn(), Leg::frontend).size(), 1U);
}

TEST_F(BrokerGatewaysTest, cannot_speak_for_another_gateways_client) {
  begin();
  event(1, {}, {.gateway = {0x62}, .counter = 1});
  EXPECT_EQ(sent<schemas::Reset>(turn(), Leg::frontend).at(0).reason, "an event of another gateway's client");
}

TEST_F(BrokerGatewaysTest, a_hole_in_its_events_ends_the_link_and_so_does_a_lost_tail) {
  begin();
  events += 1;
  event(2);
  EXPECT_EQ(sent<schemas::Reset>(turn(), Leg::frontend).at(0).reason, "a gap in its events");
  gateway_comes(header.lineage, 2);
  turn();
  from_gateway(frame(gateway_link, 0, 2, schemas::Heartbeat{.head = 5}));
  EXPECT_EQ(sent<schemas::Reset>(turn(), Leg::frontend).at(0).reason, "the tail of its events was lost");
}

TEST_F(BrokerGatewaysTest, one_of_a_lost_lineage_may_tell_its_clients_and_others_may_not) {
  gateway_comes({.value = 99}, 40);
  turn();
  const schemas::ClientSnapshot snapshot{.client = ann, .committed = 7, .peer = "p", .uid = "7", .groups = {"room"}};
  from_gateway(frame(gateway_link, 1, 0, snapshot));
  ASSERT_NE(broker->state().directory().find(ann), nullptr);
  EXPECT_EQ(broker->state().directory().find(ann)->done, 7U);

  start();
  gateway_comes();
  turn();
  from_gateway(frame(gateway_link, 1, 0, snapshot));
  EXPECT_EQ(broker->state().directory().find(ann), nullptr);
}

// Its first hello, sent again and again before the welcome, may come when the gateway has long been elsewhere.
TEST_F(BrokerGatewaysTest, a_first_hello_that_comes_late_lets_go_of_nothing) {
  begin();
  const Ring& ring = broker->state().gateways().at(gateway).ring;
  ASSERT_GT(ring.head(), ring.acked());
  broker->on_unreachable(Leg::frontend, gateway_routing, now);
  gateway_comes();
  EXPECT_EQ(sent<schemas::GatewayWelcome>(turn(), Leg::frontend).at(0).next, 1U);
  EXPECT_EQ(ring.acked(), 0U);
}

TEST_F(BrokerGatewaysTest, one_that_is_ahead_of_the_journal_starts_over_with_notice) {
  begin();
  broker->on_unreachable(Leg::frontend, gateway_routing, now);
  gateway_comes(header.lineage, 1000);
  const Turn after = turn();
  EXPECT_EQ(sent<schemas::Gap>(after, Leg::frontend).at(0).through, 1000U);
  EXPECT_EQ(sent<schemas::GatewayWelcome>(after, Leg::frontend).at(0).next, 1001U);
}

TEST_F(BrokerTest, a_gateway_that_keeps_to_no_limit_is_reset) {
  config.gateway_events = 3;
  start();
  gateway_comes();
  for (std::uint64_t seq = 1; seq <= 3; ++seq) event(seq);
  EXPECT_TRUE(sent<schemas::Reset>(turn(), Leg::frontend).empty());
  event(4);
  EXPECT_EQ(sent<schemas::Reset>(turn(), Leg::frontend).size(), 1U);
}

TEST_F(BrokerTest, a_gateway_whose_connection_was_closed_is_given_up_sooner_than_a_silent_one) {
  const auto passes = [this](Duration time) {
    for (Duration gone{}; gone < time; gone += 500ms) now += 500ms, turn();
    return broker->state().gateways().empty();
  };
  gateway_comes();
  turn();
  broker->on_unreachable(Leg::frontend, gateway_routing, now);
  EXPECT_FALSE(passes(4500ms));
  EXPECT_TRUE(passes(500ms));

  gateway_comes();
  EXPECT_FALSE(passes(4s + 14500ms)) << "silent for 4 s, then away for 15";
  EXPECT_TRUE(passes(500ms));
}

}  // namespace fairlead::broker
