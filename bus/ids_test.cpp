#include "bus/ids.hpp"

#include <gtest/gtest.h>

namespace fairlead {

TEST(ClientId, survives_the_wire_and_a_log_line) {
  const ClientId id{.shard = 3, .gateway = {0x0123456789abcdef}, .counter = 0xfedcba987654};
  EXPECT_EQ(ClientId::decode(id.encode()).value(), id);
  EXPECT_EQ(id.text(), "00030123456789abcdeffedcba987654");
  EXPECT_EQ(ClientId::parse(id.text()).value(), id);
}

TEST(ClientId, of_the_wrong_length_is_an_error_that_says_so) {
  EXPECT_EQ(ClientId::decode("short").error().message, "a client id is 16 bytes, not 5");
  EXPECT_FALSE(ClientId::parse("0003"));
  EXPECT_FALSE(ClientId::parse("zz030123456789abcdeffedcba987654"));
}

}  // namespace fairlead
