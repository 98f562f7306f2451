#include "fairlead/publisher.hpp"

#include <future>
#include <stdexcept>

#include "worker/io/test_broker.hpp"

namespace fairlead::worker {
namespace {

Publisher::Options options(const std::string& broker) { return {.broker = broker, .name = "p", .patience = 20s}; }

std::string url(const PlayedBroker& broker) {
  // The base endpoint; the two that a publisher uses follow from it.
  const std::string backend = broker.address().endpoint(BusSocket::backend);
  const std::size_t colon = backend.rfind(':') + 1;
  return backend.substr(0, colon) + std::to_string(std::stoi(backend.substr(colon)) - 2);
}

// What a thread of its own says, while the test plays the broker.
std::future<Status> publishes(Publisher& publisher, std::function<void(Bus&)> say) {
  return std::async(std::launch::async, [&publisher, say = std::move(say)] { return publisher.publish(say); });
}

}  // namespace

TEST(Publisher, is_told_when_what_it_said_is_committed) {
  PlayedBroker broker;
  Publisher publisher(options(url(broker)));
  auto told = publishes(publisher, [](Bus& bus) {
    bus.send_to_group("news", "hello");
    bus.close_uid("7");
  });
  const auto publication = broker.hear<schemas::Publication>();
  ASSERT_TRUE(publication);
  EXPECT_EQ(publication->id, 1U);
  EXPECT_EQ(publication->effects.size(), 2U);
  EXPECT_EQ(told.wait_for(0s), std::future_status::timeout);
  broker.say(schemas::Heartbeat{});  // acknowledges it
  EXPECT_TRUE(told.get());
}

TEST(Publisher, asks_the_broker_and_wants_no_units) {
  PlayedBroker broker;
  Publisher publisher(options(url(broker)));
  std::uint64_t online = 0;
  auto told = publishes(publisher, [&](Bus& bus) { online = bus.client_count().value().value; });
  const auto query = broker.hear<schemas::Query>();
  ASSERT_TRUE(query);
  broker.say(schemas::Answer{.id = query->id, .complete = true, .items = {"3"}});
  EXPECT_TRUE(told.get());
  EXPECT_EQ(online, 3U);
  EXPECT_FALSE(broker.has_heard<schemas::Credit>());
}

TEST(Publisher, says_it_again_to_the_next_broker_until_it_is_committed) {
  PlayedBroker broker;
  Publisher publisher(options(url(broker)));
  broker.acknowledges = false;
  auto told = publishes(publisher, [](Bus& bus) { bus.ungroup("g"); });
  ASSERT_TRUE(broker.hear<schemas::Publication>());
  broker.say(schemas::Reset{"as a broker that stops"});
  const auto again = broker.hear<schemas::Publication>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, 1U);
  broker.acknowledges = true;
  broker.say(schemas::Heartbeat{});
  EXPECT_TRUE(told.get());
}

TEST(Publisher, says_what_is_not_confirmed_and_what_makes_no_sense) {
  Publisher publisher({.broker = "tcp://127.0.0.1:9", .patience = 10ms});
  const auto told = publisher.publish([](Bus& bus) { bus.ungroup("g"); });
  ASSERT_FALSE(told);
  EXPECT_TRUE(told.error().message.starts_with("not confirmed: ")) << told.error().message;
  EXPECT_THROW(static_cast<void>(publisher.publish([](Bus& bus) { bus.ungroup(""); })), std::invalid_argument);
  EXPECT_TRUE(publisher.publish([](Bus&) {})) << "nothing was asked for";
  EXPECT_THROW(Publisher({.broker = "nonsense"}), std::invalid_argument);
  EXPECT_THROW(Publisher({.store = "nonsense"}), std::invalid_argument);
}

}  // namespace fairlead::worker
