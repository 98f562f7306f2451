#include "fairlead/client.hpp"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bus/io/clock.hpp"
#include "client/io/test_server.hpp"

namespace fairlead {
namespace {

using client::TestServer;
using protocols::Kind;
using std::chrono::milliseconds;
using EventKind = Client::Event::Kind;

Client::Settings settings(const TestServer& server) {
  return {.address = server.address(), .first_back_off = milliseconds{5}, .longest_back_off = milliseconds{20}};
}

// The next event, while the server does its part; fails the test after ten seconds without one.
Client::Event next(Client& client, TestServer& server) {
  const Instant deadline = io::now() + 10s;
  while (io::now() < deadline) {
    server.step();
    if (auto event = client.poll(milliseconds{1})) return *event;
  }
  ADD_FAILURE() << "nothing happened";
  return {};
}

void wait_until_connected(Client& client, TestServer& server) {
  ASSERT_EQ(next(client, server).kind, EventKind::connected);
  ASSERT_TRUE(client.is_connected());
  // The kernel connects before the server accepts.
  const Instant deadline = io::now() + 10s;
  while (server.peers() == 0 && io::now() < deadline) server.step();
}

class Speaking : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Client, Speaking, testing::Values(Kind::line, Kind::frame, Kind::ws),
                         [](const auto& test) { return std::string(protocols::name(test.param)); });

TEST_P(Speaking, what_is_sent_comes_back_whole_and_in_order) {
  TestServer server{GetParam()};
  Client client{settings(server)};
  EXPECT_FALSE(client.send("too early"));
  wait_until_connected(client, server);
  const std::string large(50'000, 'x');
  for (const auto& text : {std::string("one"), std::string(), large, std::string("grüße")}) {
    ASSERT_TRUE(client.send(text));
    EXPECT_EQ(next(client, server).text, text);
  }
  client.send("a");
  client.send("b");
  EXPECT_EQ(next(client, server).text, "a");
  EXPECT_EQ(next(client, server).text, "b");
}

TEST_P(Speaking, connects_again_after_a_loss_and_says_when) {
  auto server = std::make_unique<TestServer>(GetParam());
  const auto port = server->port();
  Client client{settings(*server)};
  wait_until_connected(client, *server);

  server->hang_up();
  const auto lost = next(client, *server);
  EXPECT_EQ(lost.kind, EventKind::disconnected);
  EXPECT_THAT(lost.text, testing::HasSubstr("closed the connection"));
  ASSERT_TRUE(lost.retry_in);
  EXPECT_FALSE(client.is_over());
  wait_until_connected(client, *server);

  // The port is not there for a while.
  server.reset();
  auto elsewhere = TestServer{GetParam()};
  EXPECT_EQ(next(client, elsewhere).kind, EventKind::disconnected);
  const auto refused = next(client, elsewhere);
  EXPECT_EQ(refused.kind, EventKind::disconnected);
  EXPECT_EQ(refused.text, "connection refused");
  TestServer again{GetParam(), port};
  auto event = next(client, again);
  while (event.kind == EventKind::disconnected && event.retry_in) event = next(client, again);
  EXPECT_EQ(event.kind, EventKind::connected);
  client.send("back");
  EXPECT_EQ(next(client, again).text, "back");
}

TEST_P(Speaking, close_delivers_what_was_sent_before) {
  TestServer server{GetParam()};
  Client client{settings(server)};
  wait_until_connected(client, server);
  ASSERT_TRUE(client.send("last words"));
  client.close(milliseconds{0});
  EXPECT_TRUE(client.is_over());
  const Instant deadline = io::now() + 10s;
  while (server.heard.empty() && io::now() < deadline) server.step();
  EXPECT_THAT(server.heard, testing::ElementsAre("last words"));
  EXPECT_FALSE(client.send("after the end"));
}

TEST(Client, without_reconnect_the_first_failure_is_the_end) {
  auto server = std::make_unique<TestServer>(Kind::line);
  Client client{{.address = server->address(), .reconnect = false}};
  server.reset();
  const auto event = client.poll(milliseconds{10'000});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, EventKind::disconnected);
  EXPECT_EQ(event->text, "connection refused");
  EXPECT_FALSE(event->retry_in);
  EXPECT_TRUE(client.is_over());
  EXPECT_FALSE(client.poll(milliseconds{10'000})) << "nothing will happen, so nothing is waited for";
}

TEST(Client, a_websocket_gateway_can_say_why_it_hangs_up) {
  TestServer server{Kind::ws};
  Client client{settings(server)};
  wait_until_connected(client, server);
  server.say_goodbye({.code = protocols::close_code::going_away, .text = "closing for tonight"});
  const auto event = next(client, server);
  EXPECT_EQ(event.kind, EventKind::disconnected);
  EXPECT_EQ(event.text, "closing for tonight");
}

TEST(Client, a_gateway_that_refuses_the_upgrade_is_quoted) {
  TestServer server{Kind::line};  // answers an HTTP request with its own lines
  Client client{{.address = "ws://127.0.0.1:" + std::to_string(server.port()) + "/ws", .reconnect = false}};
  const auto event = next(client, server);
  EXPECT_EQ(event.kind, EventKind::disconnected);
  EXPECT_FALSE(event.text.empty());
  EXPECT_TRUE(client.is_over());
}

TEST(Client, an_unanswered_handshake_is_given_up) {
  TestServer server{Kind::ws};
  auto quick = settings(server);
  quick.connect_timeout = milliseconds{20};
  quick.reconnect = false;
  Client client{quick};
  const auto event = client.poll(milliseconds{10'000});  // the kernel accepts; nobody answers
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, EventKind::disconnected);
  EXPECT_EQ(event->text, "no answer within 20ms");
}

TEST(Client, what_a_server_does_not_read_is_bounded) {
  TestServer server{Kind::frame};
  auto small = settings(server);
  small.max_unsent = 100'000;
  Client client{small};
  wait_until_connected(client, server);
  const std::string piece(60'000, 'x');
  std::size_t taken = 0;
  while (client.send(piece) && taken < 10'000) {
    client.flush(milliseconds{0});
    ++taken;
  }
  EXPECT_LT(taken, 10'000U) << "the kernel's buffers hold some megabytes, ours no more than 100,000 bytes and a piece";
  EXPECT_LE(client.unsent(), 100'000U + piece.size() + 4);
}

TEST(Client, tells_a_wrong_address_at_once) {
  for (const auto* wrong : {"", "localhost", "http://x:1", "line://", "line://host:99999"}) {
    EXPECT_THROW(Client{{.address = wrong}}, std::invalid_argument) << wrong;
  }
}

TEST(Client, can_be_waited_for_beside_other_things) {
  TestServer server{Kind::line};
  Client client{settings(server)};
  EXPECT_EQ(client.patience(), milliseconds{0}) << "there is a connection to be made";
  wait_until_connected(client, server);
  EXPECT_EQ(client.patience(), std::nullopt);
  client.send("hello");
  EXPECT_EQ(client.patience(), milliseconds{0}) << "there is something to be written";
  EXPECT_FALSE(client.poll(milliseconds{0}));
  server.step();
  pollfd ready{.fd = client.fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&ready, 1, 10'000), 1);
  const Instant deadline = io::now() + 10s;
  std::optional<Client::Event> event;
  while (!event && io::now() < deadline) event = client.poll(milliseconds{0});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->text, "hello");
}

}  // namespace
}  // namespace fairlead
