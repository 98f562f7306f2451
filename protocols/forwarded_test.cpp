#include "protocols/forwarded.hpp"

#include <gtest/gtest.h>

namespace fairlead::protocols {
namespace {

// Trusted: 10.0.0.0/8.
std::string user(ForwardedBy header, std::string_view value) {
  const auto trusted = [](const IpAddress& address) { return IpNetwork::parse("10.0.0.0/8")->contains(address); };
  const auto peer = forwarded_for(header, value, trusted);
  return peer ? peer->text() : "nobody";
}
std::string x(std::string_view value) { return user(ForwardedBy::x_forwarded_for, value); }
std::string f(std::string_view value) { return user(ForwardedBy::forwarded, value); }

TEST(XForwardedFor, the_user_is_the_rightmost_who_is_no_trusted_proxy) {
  EXPECT_EQ(x("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(x("192.0.2.7, 10.0.0.1, 10.0.0.2"), "192.0.2.7");
  EXPECT_EQ(x("2001:db8::7,10.0.0.1"), "[2001:db8::7]");
  EXPECT_EQ(x("[2001:db8::7]:5123"), "[2001:db8::7]:5123");
  EXPECT_EQ(x("192.0.2.7:5123"), "192.0.2.7:5123");
  EXPECT_EQ(x("10.0.0.3, 10.0.0.2"), "10.0.0.3");  // from inside
}

TEST(XForwardedFor, what_a_user_puts_before_it_changes_nothing) {
  for (const auto* forged :
       {"6.6.6.6", "10.0.0.1", "6.6.6.6, 10.0.0.1", "\"", "garbage,,;=", "unknown", ", ,", "for=6.6.6.6"}) {
    EXPECT_EQ(x(std::string(forged) + ", 192.0.2.7"), "192.0.2.7") << forged;
    EXPECT_EQ(x(std::string(forged) + ", 192.0.2.7, 10.0.0.1"), "192.0.2.7") << forged;
  }
}

TEST(XForwardedFor, what_cannot_be_read_is_nobody_and_hides_what_is_left_of_it) {
  EXPECT_EQ(x(""), "nobody");
  EXPECT_EQ(x("unknown"), "nobody");
  EXPECT_EQ(x("192.0.2.7,"), "nobody");
  EXPECT_EQ(x("192.0.2.7, unknown, 10.0.0.1"), "10.0.0.1");
}

TEST(Forwarded, the_user_is_the_rightmost_who_is_no_trusted_proxy) {
  EXPECT_EQ(f("for=192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(f("for=192.0.2.7;proto=https;by=10.0.0.9, For=10.0.0.1"), "192.0.2.7");
  EXPECT_EQ(f("by=10.0.0.9 ; FOR=\"[2001:db8::7]:5123\""), "[2001:db8::7]:5123");
  EXPECT_EQ(f("for=\"192.0.2.7:5123\""), "192.0.2.7:5123");
}

TEST(Forwarded, what_a_user_puts_before_it_changes_nothing) {
  for (const auto* forged :
       {"for=6.6.6.6", "for=6.6.6.6;x=\"", "for=6.6.6.6;x=\"\\", "for=6.6.6.6;x=\"\\\"", "for=\"", "\"", ",", ";"}) {
    EXPECT_EQ(f(std::string(forged) + ", for=192.0.2.7"), "192.0.2.7") << forged;
    EXPECT_EQ(f(std::string(forged) + ", for=\"[2001:db8::7]\""), "[2001:db8::7]") << forged;
  }
}

TEST(Forwarded, what_cannot_be_read_is_nobody) {
  EXPECT_EQ(f(""), "nobody");
  EXPECT_EQ(f("for=unknown"), "nobody");
  EXPECT_EQ(f("for=_hidden"), "nobody");
  EXPECT_EQ(f("192.0.2.7"), "nobody");
  EXPECT_EQ(f("for=192.0.2.7;for=6.6.6.6"), "nobody");
}

TEST(Forwarded, no_header_is_read_where_none_was_chosen) {
  EXPECT_EQ(user(ForwardedBy::nothing, "192.0.2.7"), "nobody");
}

}  // namespace
}  // namespace fairlead::protocols
