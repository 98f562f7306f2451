// A broker under test with one gateway and one worker that speak to it in frames, for the tests of broker*.cpp.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "broker/broker.hpp"
#include "schemas/codec.hpp"

namespace fairlead::broker {

class BrokerTest : public testing::Test {
 protected:
  static constexpr JournalHeader header{.lineage = {7}, .shard = 0, .segment = 1};
  static constexpr Incarnation gateway{0x61};
  static constexpr LinkId gateway_link{1};
  static constexpr LinkId worker_link{2};
  static constexpr RoutingId gateway_routing = 11;
  static constexpr RoutingId worker_routing = 12;
  static constexpr ClientId ann{.gateway = gateway, .counter = 1};

  Config config{.incarnation = {1}};
  std::unique_ptr<Broker> broker;
  Instant now{1000s};
  std::uint64_t events = 0;    // numbered records of the gateway
  std::uint64_t outcomes = 0;  // of the worker

  void start() { broker = std::make_unique<Broker>(config, header); }
  void SetUp() override { start(); }

  template <class... Records>
  static std::string frame(LinkId link, std::uint64_t seq, std::uint64_t ack, const Records&... records) {
    schemas::FrameBuilder builder;
    (schemas::append(builder.body(), records), ...);
    return builder.finish({.link = link, .seq = seq, .ack = ack});
  }
  void from_gateway(const std::string& bytes) { broker->on_frontend_frame(gateway_routing, bytes, now); }
  void from_worker(const std::string& bytes) { broker->on_backend_frame(worker_routing, bytes, now); }

  void gateway_comes(Lineage lineage = {}, std::uint64_t applied = 0) {
    broker->on_subscription('\1' + schemas::deliveries_topic(gateway_link), now);
    from_gateway(
        frame(gateway_link, 0, 0,
              schemas::GatewayHello{.incarnation = gateway, .name = "door", .lineage = lineage, .applied = applied}));
    events = 0;
  }
  void worker_comes(std::uint64_t credit = 256) {
    const schemas::WorkerHello hello{.incarnation = {0x77}, .name = "hand"};
    from_worker(frame(worker_link, 0, 0, hello));
    broker->on_outcome_frame(schemas::outcomes_topic(worker_link) + frame(worker_link, 0, 0, hello), now);
    from_worker(frame(worker_link, 0, 0, schemas::Credit{credit}));
    outcomes = 0;
  }
  void event(std::uint64_t seq, std::string payload = {}, const ClientId& client = ann) {
    schemas::Event event{.client = client, .seq = seq, .payload = std::move(payload)};
    if (seq == 1)
      event.kind = schemas::EventKind::open, event.payload = schemas::encode(schemas::Handshake{.peer = "192.0.2.1:5"});
    from_gateway(frame(gateway_link, ++events, 0, event));
  }
  void outcome(const schemas::Unit& unit, std::uint64_t seq, std::vector<schemas::Effect> effects = {}) {
    const schemas::Outcome record{
        .unit = unit.unit, .attempt = unit.attempt, .seq = seq, .effects = std::move(effects)};
    broker->on_outcome_frame(schemas::outcomes_topic(worker_link) + frame(worker_link, ++outcomes, 0, record), now);
  }
  void postpone(const schemas::Unit& unit, std::uint64_t seq, std::uint64_t after) {
    const schemas::Outcome record{
        .unit = unit.unit, .attempt = unit.attempt, .seq = seq, .verdict = schemas::Verdict::again, .after = after};
    broker->on_outcome_frame(schemas::outcomes_topic(worker_link) + frame(worker_link, ++outcomes, 0, record), now);
  }
  void publish(std::uint64_t id, std::vector<schemas::Effect> effects) {
    const schemas::Publication record{.id = id, .effects = std::move(effects)};
    broker->on_outcome_frame(schemas::outcomes_topic(worker_link) + frame(worker_link, ++outcomes, 0, record), now);
  }
  Turn turn() {
    Turn turn;
    broker->on_turn(now, turn);
    return turn;
  }

  // The records of one kind that a turn sends over a leg.
  template <class Record>
  static std::vector<Record> sent(const Turn& turn, Leg leg) {
    std::vector<Record> found;
    for (const auto& send : turn.sends) {
      if (send.leg != leg) continue;
      auto opened =
          schemas::open_frame(std::string_view(send.frame).substr(leg == Leg::deliveries ? schemas::topic_bytes : 0))
              .value();
      const auto keep = [&found](auto&& record) {
        if constexpr (std::is_same_v<std::decay_t<decltype(record)>, Record>) found.push_back(std::move(record));
      };
      while (!opened.records.at_end()) {
        if (leg == Leg::backend) {
          std::visit(keep, schemas::decode_to_worker(opened.records));
        } else {
          std::visit(keep, schemas::decode_to_gateway(opened.records));
        }
      }
    }
    return found;
  }
  schemas::Unit next_unit() {
    const auto units = sent<schemas::Unit>(turn(), Leg::backend);
    EXPECT_EQ(units.size(), 1U);
    return units.empty() ? schemas::Unit{} : units.front();
  }
};

}  // namespace fairlead::broker
