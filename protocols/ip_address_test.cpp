#include "protocols/ip_address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::protocols {
namespace {

using testing::HasSubstr;

std::string read(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->text() : "no address";
}

TEST(IpAddress, is_written_in_one_way) {
  EXPECT_EQ(read("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(read("2001:DB8:0:0:0:0:0:7"), "2001:db8::7");
  EXPECT_EQ(read("2001:db8:0:1:0:0:0:7"), "2001:db8:0:1::7");
  EXPECT_EQ(read("2001:db8:0:0:1:0:0:7"), "2001:db8::1:0:0:7");
  EXPECT_EQ(read("2001:db8:0:1:1:1:1:7"), "2001:db8:0:1:1:1:1:7");  // one zero is not worth a gap
  EXPECT_EQ(read("1::"), "1::");
  EXPECT_EQ(read("::1"), "::1");
  EXPECT_EQ(read("::"), "::");
  EXPECT_EQ(read("64:ff9b::192.0.2.33"), "64:ff9b::c000:221");
}

TEST(IpAddress, an_ipv4_address_in_an_ipv6_one_is_what_it_is) {
  EXPECT_EQ(read("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(IpAddress::parse("::ffff:c000:207"), IpAddress::parse("192.0.2.7"));
}

TEST(IpAddress, what_is_none_is_refused) {
  for (const auto* text : {"",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "1.2.3.",
                           ".1.2.3",
                           "1..2.3",
                           "01.2.3.4",
                           "1.2.3.4 ",
                           "+1.2.3.4",
                           ":",
                           ":::",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1::2::3",
                           "12345::",
                           "g::",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "1.2.3.4::",
                           "::1%eth0",
                           "[::1]",
                           "1:2:3:4:5:6:7:8::",
                           "::1:2:3:4:5:6:7:8",
                           ":1::2",
                           "1::2:",
                           "localhost",
                           "unknown",
                           "_hidden"}) {
    EXPECT_EQ(read(text), "no address") << text;
  }
}

TEST(IpAddress, a_household_is_an_ipv4_address_or_64_bits_of_ipv6) {
  EXPECT_EQ(IpAddress::parse("192.0.2.7")->household().text(), "192.0.2.7");
  EXPECT_EQ(IpAddress::parse("2001:db8:1:2:3:4:5:6")->household().text(), "2001:db8:1:2::");
}

TEST(Peer, is_read_and_written_with_a_port_or_without) {
  for (const auto* text : {"192.0.2.7:5123", "192.0.2.7", "[2001:db8::7]:5123", "[2001:db8::7]"}) {
    const auto peer = Peer::parse(text);
    ASSERT_TRUE(peer) << text;
    EXPECT_EQ(peer->text(), text);
  }
  EXPECT_EQ(Peer::parse("2001:db8::7")->text(), "[2001:db8::7]");
  for (const auto* text :
       {"", "192.0.2.7:", "192.0.2.7:65536", "192.0.2.7:x", "[192.0.2.7]:1", "[::1", "[::1]1", "[::1]:", "::1]:1"}) {
    EXPECT_FALSE(Peer::parse(text)) << text;
  }
}

bool within(std::string_view address, std::string_view network) {
  return IpNetwork::parse(network).value().contains(*IpAddress::parse(address));
}

TEST(IpNetwork, has_the_addresses_that_begin_like_it) {
  EXPECT_TRUE(within("10.255.0.1", "10.0.0.0/8"));
  EXPECT_FALSE(within("11.0.0.1", "10.0.0.0/8"));
  EXPECT_TRUE(within("10.0.0.3", "10.0.0.2/31"));
  EXPECT_FALSE(within("10.0.0.4", "10.0.0.2/31"));
  EXPECT_TRUE(within("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(within("192.0.2.8", "192.0.2.7"));
  EXPECT_TRUE(within("2001:db8:ffff::1", "2001:db8::/32"));
  EXPECT_FALSE(within("2001:db9::1", "2001:db8::/32"));
  EXPECT_TRUE(within("192.0.2.7", "0.0.0.0/0"));
  EXPECT_FALSE(within("2001:db8::1", "0.0.0.0/0"));
  EXPECT_TRUE(within("2001:db8::1", "::/0"));
}

TEST(IpNetwork, what_is_wrong_is_said) {
  const auto why = [](std::string_view text) {
    return IpNetwork::parse(text) ? "accepted" : IpNetwork::parse(text).error().message;
  };
  EXPECT_THAT(why("proxy.example"), HasSubstr("10.0.0.0/8"));
  EXPECT_THAT(why("10.0.0.0/33"), HasSubstr("from 0 to 32"));
  EXPECT_THAT(why("10.0.0.0/"), HasSubstr("from 0 to 32"));
  EXPECT_THAT(why("::/129"), HasSubstr("from 0 to 128"));
  EXPECT_THAT(why("10.0.0.1/8"), HasSubstr("beyond its prefix"));
  EXPECT_THAT(why(""), HasSubstr("not an address"));
}

}  // namespace
}  // namespace fairlead::protocols
