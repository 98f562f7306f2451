#include "gateway/io/entrance_options.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::gateway::io {
namespace {

using testing::HasSubstr;

// The options after a command line.
EntranceOptions typed(const std::vector<std::string>& arguments) {
  EntranceOptions entrance;
  fairlead::io::Options options{{.program = "test", .summary = ""}};
  entrance.declare(options);
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_FALSE(options.load(
      arguments, [](const char*) -> const char* { return nullptr; }, out, err))
      << err.str();
  return entrance;
}

std::string why_not(const std::string& endpoint, const std::vector<std::string>& arguments = {}) {
  const auto door = typed(arguments).door(endpoint);
  return door ? "accepted" : door.error().message;
}

TEST(EntranceOptions, flags_are_the_defaults_of_all_listeners_and_each_may_have_its_own) {
  const EntranceOptions flags =
      typed({"--max-message", "1k", "--outbox-policy", "drop-newest", "--login-timeout", "10s"});
  const EntranceSettings plain = flags.door("line://*:1").value().settings;
  EXPECT_EQ(plain.protocol.max_message, 1024U);
  EXPECT_EQ(plain.outbox.policy, OutboxPolicy::drop_newest);
  EXPECT_EQ(plain.vigil.login, 10s);

  const EntranceSettings own =
      flags
          .door(
              "line://"
              "*:1?outbox-policy=drop-oldest&outbox-limit=256K&max-message=4K&ping-data=%7B%22type%22:%22ping%22%7D")
          .value()
          .settings;
  EXPECT_EQ(own.protocol.max_message, 4096U);
  EXPECT_EQ(own.outbox.policy, OutboxPolicy::drop_oldest);
  EXPECT_EQ(own.outbox.bytes, 256U << 10U);
  EXPECT_EQ(own.ping_data, R"({"type":"ping"})");
  EXPECT_EQ(own.vigil.login, 10s);
}

TEST(EntranceOptions, lists_rates_and_flags_are_options_too) {
  const EntranceSettings own =
      EntranceOptions()
          .door(
              "ws://*:1/ws?trusted-proxy=10.0.0.0/8,::1&proxy-protocol=true&forwarded-header=forwarded&message-rate=20/"
              "s&message-burst=50&origin=https://a.example")
          .value()
          .settings;
  EXPECT_TRUE(own.trusts(*protocols::IpAddress::parse("10.1.2.3")));
  EXPECT_TRUE(own.trusts(*protocols::IpAddress::parse("::1")));
  EXPECT_FALSE(own.trusts(*protocols::IpAddress::parse("192.0.2.7")));
  EXPECT_TRUE(own.proxy_protocol);
  EXPECT_EQ(own.forwarded, protocols::ForwardedBy::forwarded);
  EXPECT_EQ(own.rate, (MessageRate{.count = 20, .period = 1s, .burst = 50}));
  EXPECT_EQ(own.protocol.origins, std::vector<std::string>{"https://a.example"});
}

TEST(EntranceOptions, an_outbox_has_room_for_two_of_the_longest_messages) {
  EXPECT_EQ(typed({"--max-message", "4M"}).settings().value().outbox.bytes, 8U << 20U);
}

TEST(EntranceOptions, what_is_wrong_is_said_with_its_listener) {
  EXPECT_EQ(why_not("line://*:1?max-mesage=4k"), "line://*:1: 'max-mesage': no such option; did you mean max-message?");
  EXPECT_THAT(why_not("line://*:1?max-message=17M"), HasSubstr("line://*:1: max-message: 17825792 bytes is not from"));
  EXPECT_THAT(why_not("line://*:1?outbox-policy=drop"), HasSubstr("outbox-policy: 'drop' is not one of"));
  EXPECT_THAT(why_not("line://*:1?outbox-memory=1G"), HasSubstr("no such option"));  // not a listener's
  EXPECT_THAT(why_not("line://*:1?ping-interval=5ms"), HasSubstr("at least 10ms, or 0s for none"));
  EXPECT_THAT(why_not("line://*:1?ping-data=" + std::string(126, 'x')), HasSubstr("125"));
  EXPECT_THAT(why_not("line://*:1?message-rate=20"), HasSubstr("20/s"));
  EXPECT_THAT(why_not("line://*:1?trusted-proxy=proxy.example"), HasSubstr("10.0.0.0/8"));
  EXPECT_THAT(why_not("line://*:1?proxy-protocol=maybe"), HasSubstr("not true or false"));
}

TEST(EntranceOptions, what_does_not_go_together_is_said) {
  EXPECT_THAT(why_not("line://*:1?ping-interval=60s"), HasSubstr("ping-interval must be shorter"));
  EXPECT_EQ(why_not("line://*:1?ping-interval=60s&ping-timeout=0s"), "accepted");
  EXPECT_EQ(why_not("line://*:1?ping-interval=0s"), "accepted");
  EXPECT_THAT(why_not("line://*:1?proxy-protocol=true"), HasSubstr("trusted-proxy"));
  EXPECT_EQ(why_not("line://*:1?proxy-protocol=true", {"--trusted-proxy", "10.0.0.0/8"}), "accepted");
  EXPECT_THAT(why_not("line://*:1?message-burst=3"), HasSubstr("message-rate"));
  EXPECT_THAT(why_not("wss://*:1/ws"), HasSubstr("TLS needs tls-cert and tls-key"));
  EXPECT_THAT(why_not("lines://*:1?tls-cert=a"), HasSubstr("TLS needs tls-cert and tls-key"));
  EXPECT_EQ(why_not("frames://*:1?tls-cert=a&tls-key=b"), "accepted");
}

}  // namespace
}  // namespace fairlead::gateway::io
