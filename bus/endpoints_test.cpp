#include "bus/endpoints.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead {
namespace {

using testing::HasSubstr;

std::string why_not_listen(std::string_view typed) {
  const auto address = BusAddress::for_listen(typed);
  return address ? "accepted " + address->text() : address.error().message;
}

std::string why_not_user(std::string_view typed) {
  const auto endpoint = UserEndpoint::for_listen(typed);
  return endpoint ? "accepted " + endpoint->text() : endpoint.error().message;
}

TEST(BusAddress, six_sockets_follow_from_one_tcp_address) {
  const auto address = BusAddress::for_connect("tcp://bus.example:7700").value();
  EXPECT_EQ(address.endpoint(BusSocket::frontend), "tcp://bus.example:7700");
  EXPECT_EQ(address.endpoint(BusSocket::deliveries), "tcp://bus.example:7701");
  EXPECT_EQ(address.endpoint(BusSocket::backend), "tcp://bus.example:7702");
  EXPECT_EQ(address.endpoint(BusSocket::outcomes), "tcp://bus.example:7703");
  EXPECT_EQ(address.endpoint(BusSocket::tap), "tcp://bus.example:7704");
  EXPECT_EQ(address.endpoint(BusSocket::admin), "tcp://bus.example:7705");
}

TEST(BusAddress, six_sockets_follow_from_one_ipc_path) {
  const auto address = BusAddress::for_listen("ipc:///run/fairlead/bus").value();
  EXPECT_EQ(address.endpoint(BusSocket::frontend), "ipc:///run/fairlead/bus.frontend");
  EXPECT_EQ(address.endpoint(BusSocket::admin), "ipc:///run/fairlead/bus.admin");
  EXPECT_TRUE(address.is_ipc());
  EXPECT_FALSE(address.any_port());
}

TEST(BusAddress, ipv6_keeps_its_brackets) {
  const auto address = BusAddress::for_connect("tcp://[::1]:7700").value();
  EXPECT_EQ(address.endpoint(BusSocket::outcomes), "tcp://[::1]:7703");
  EXPECT_EQ(address.text(), "tcp://[::1]:7700");
}

TEST(BusAddress, port_0_waits_for_the_one_that_was_picked) {
  const auto address = BusAddress::for_listen("tcp://127.0.0.1:0").value();
  EXPECT_TRUE(address.any_port());
  EXPECT_EQ(address.endpoint(BusSocket::frontend), "tcp://127.0.0.1:0");
  const auto picked = address.with_port(port_of("tcp://127.0.0.1:41234")).value();
  EXPECT_EQ(picked.endpoint(BusSocket::backend), "tcp://127.0.0.1:41236");
  EXPECT_FALSE(address.with_port(65531));
}

TEST(BusAddress, a_listener_may_be_everywhere_a_destination_may_not) {
  EXPECT_EQ(BusAddress::for_listen("tcp://*:7700").value().endpoint(BusSocket::tap), "tcp://*:7704");
  EXPECT_EQ(BusAddress::for_listen("tcp://localhost:7700").value().text(), "tcp://127.0.0.1:7700");
  EXPECT_EQ(BusAddress::for_connect("tcp://localhost:7700").value().text(), "tcp://localhost:7700");
  for (const auto* typed : {"tcp://*:7700", "tcp://0.0.0.0:7700", "tcp://[::]:7700", "tcp://host:0"}) {
    EXPECT_FALSE(BusAddress::for_connect(typed)) << typed;
  }
}

TEST(BusAddress, what_is_wrong_is_said) {
  EXPECT_THAT(why_not_listen(""), HasSubstr("tcp://host:port or ipc://dir/name"));
  EXPECT_THAT(why_not_listen("127.0.0.1:7700"), HasSubstr("tcp://host:port or ipc://dir/name"));
  EXPECT_THAT(why_not_listen("udp://h:1"), HasSubstr("tcp or ipc"));
  EXPECT_THAT(why_not_listen("tcp://h"), HasSubstr("port is missing"));
  EXPECT_THAT(why_not_listen("tcp://h:"), HasSubstr("port is missing"));
  EXPECT_THAT(why_not_listen("tcp://:7700"), HasSubstr("host is missing"));
  EXPECT_THAT(why_not_listen("tcp://h:77x"), HasSubstr("'77x' is not a number"));
  EXPECT_THAT(why_not_listen("tcp://h:70000"), HasSubstr("65535"));
  EXPECT_THAT(why_not_listen("tcp://h:-1"), HasSubstr("not a number"));
  EXPECT_THAT(why_not_listen("tcp://h:65531"), HasSubstr("at most 65530"));
  EXPECT_THAT(why_not_listen("tcp://::1:7700"), HasSubstr("[::1]:7700"));
  EXPECT_THAT(why_not_listen("tcp://[::1:7700"), HasSubstr("']'"));
  EXPECT_THAT(why_not_listen("tcp://[hello]:7700"), HasSubstr("not an IPv6"));
  EXPECT_THAT(why_not_listen("tcp://[::1]7700"), HasSubstr(":port"));
  EXPECT_THAT(why_not_listen("tcp://1.2.3.400:7700"), HasSubstr("not an IPv4"));
  EXPECT_THAT(why_not_listen("tcp://1.2.3:7700"), HasSubstr("not an IPv4"));
  EXPECT_THAT(why_not_listen("tcp://a b:7700"), HasSubstr("not a host name"));
  EXPECT_THAT(why_not_listen("tcp://h:7700/x"), HasSubstr("follows the port"));
  EXPECT_THAT(why_not_listen("ipc://"), HasSubstr("name is missing"));
  EXPECT_THAT(why_not_listen("ipc://dir/"), HasSubstr("name is missing"));
  EXPECT_THAT(why_not_listen("ipc://" + std::string(97, 'x')), HasSubstr("too long"));
  EXPECT_TRUE(BusAddress::for_listen("ipc://" + std::string(96, 'x')));
}

TEST(PortOf, reads_the_end) {
  EXPECT_EQ(port_of("tcp://[::]:41234"), 41234);
  EXPECT_EQ(port_of("ipc:///tmp/x"), 0);
  EXPECT_EQ(port_of(""), 0);
}

TEST(UserEndpoint, has_a_protocol_a_host_a_port_and_for_ws_a_path) {
  using Protocol = UserEndpoint::Protocol;
  EXPECT_EQ(UserEndpoint::for_listen("line://127.0.0.1:8480").value(),
            (UserEndpoint{.protocol = Protocol::line, .host = "127.0.0.1", .port = 8480, .path = ""}));
  EXPECT_EQ(UserEndpoint::for_listen("frame://*:0").value(),
            (UserEndpoint{.protocol = Protocol::frame, .host = "*", .port = 0, .path = ""}));
  EXPECT_EQ(UserEndpoint::for_listen("ws://[::1]:8080/chat/room").value(),
            (UserEndpoint{.protocol = Protocol::ws, .host = "::1", .port = 8080, .path = "/chat/room"}));
  EXPECT_EQ(UserEndpoint::for_listen("ws://host:8080").value().path, "/");
  EXPECT_EQ(UserEndpoint::for_listen("line://host:8480/").value().path, "");
}

TEST(UserEndpoint, text_is_what_was_typed) {
  for (const auto* typed :
       {"line://127.0.0.1:8480", "frame://[fe80::1%eth0]:9", "ws://a-b.example:8080/ws", "line://*:0"}) {
    EXPECT_EQ(UserEndpoint::for_listen(typed).value().text(), typed);
  }
}

TEST(UserEndpoint, may_be_encrypted) {
  for (const auto* typed : {"lines://127.0.0.1:8480", "frames://[::1]:9", "wss://a.example:443/ws"}) {
    const auto endpoint = UserEndpoint::for_listen(typed);
    ASSERT_TRUE(endpoint) << typed;
    EXPECT_TRUE(endpoint->tls);
    EXPECT_EQ(endpoint->text(), typed);
    EXPECT_FALSE(UserEndpoint::for_connect(typed));
  }
  EXPECT_FALSE(UserEndpoint::for_listen("line://127.0.0.1:8480").value().tls);
  for (const auto* typed : {"tls://h:1", "line+tls://h:1", "frame+tls://h:1", "HTTPS://h:1"}) {
    EXPECT_THAT(why_not_user(typed), HasSubstr("lines, frames or wss")) << typed;
  }
}

TEST(UserEndpoint, what_is_wrong_is_said) {
  EXPECT_THAT(why_not_user("127.0.0.1:1"), HasSubstr("line://host:port"));
  EXPECT_THAT(why_not_user("tcp://h:1"), HasSubstr("no protocol 'tcp'"));
  EXPECT_THAT(why_not_user("line://h:1/x"), HasSubstr("ws only"));
  EXPECT_THAT(why_not_user("ws://h:1/a b"), HasSubstr("path"));
  EXPECT_THAT(why_not_user("ws://h:1/a?b"), HasSubstr("'b' is not name=value"));
  EXPECT_THAT(why_not_user("line://h:1?=b"), HasSubstr("name=value"));
  EXPECT_THAT(why_not_user("line://h:1?a=b&&c=d"), HasSubstr("name=value"));
  EXPECT_THAT(why_not_user("line://h:1?a=%4"), HasSubstr("two hex digits"));
  EXPECT_FALSE(UserEndpoint::for_connect("line://h:1?a=b"));
  EXPECT_THAT(why_not_user("ws:///ws"), HasSubstr("host is missing"));
  EXPECT_FALSE(UserEndpoint::for_connect("line://*:1"));
  EXPECT_FALSE(UserEndpoint::for_connect("line://h:0"));
}

TEST(UserEndpoint, a_listener_may_have_options) {
  using Options = std::vector<std::pair<std::string, std::string>>;
  const auto line = UserEndpoint::for_listen("line://*:1?max-message=4k&ping-data=%7B%22a%22:1%7d%26&x=").value();
  EXPECT_EQ(line.options, (Options{{"max-message", "4k"}, {"ping-data", "{\"a\":1}&"}, {"x", ""}}));
  EXPECT_EQ(line.text(), "line://*:1");
  const auto ws = UserEndpoint::for_listen("ws://h:1/ws?origin=https://a.example/?").value();
  EXPECT_EQ(ws.options, (Options{{"origin", "https://a.example/?"}}));
  EXPECT_EQ(ws.path, "/ws");
  EXPECT_EQ(UserEndpoint::for_listen("ws://h:1?a=b").value().text(), "ws://h:1/");
}

TEST(UserEndpoint, a_destination_may_carry_a_query) {
  EXPECT_EQ(UserEndpoint::for_connect("ws://h:1/ws?token=x").value().path, "/ws?token=x");
  EXPECT_EQ(UserEndpoint::for_connect("ws://h:1?token=x").value().path, "/?token=x");
}

}  // namespace
TEST(ListenAddress, is_a_host_and_a_port) {
  EXPECT_EQ(ListenAddress::parse("127.0.0.1:9600")->text(), "127.0.0.1:9600");
  EXPECT_EQ(ListenAddress::parse("[::1]:0")->host, "::1");
  EXPECT_EQ(ListenAddress::parse("[::1]:0")->text(), "[::1]:0");
  EXPECT_EQ(ListenAddress::parse("*:9600")->host, "*");
  EXPECT_FALSE(ListenAddress::parse(":9600"));
  EXPECT_FALSE(ListenAddress::parse("localhost"));
  EXPECT_FALSE(ListenAddress::parse("http://localhost:9600"));
}

}  // namespace fairlead
