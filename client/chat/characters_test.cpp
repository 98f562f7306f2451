#include "client/chat/characters.hpp"

#include <gtest/gtest.h>

namespace fairlead::client {
namespace {

TEST(Characters, utf8_survives_both_ways) {
  const std::string text = "aé€😀";
  EXPECT_EQ(decode_utf8(text), U"aé€😀");
  EXPECT_EQ(encode_utf8(U"aé€😀"), text);
}

TEST(Characters, what_is_not_utf8_is_replaced_byte_by_byte) {
  EXPECT_EQ(decode_utf8("a\xff\xc3(\xe2\x82"), U"a\ufffd\ufffd(\ufffd\ufffd");
  EXPECT_EQ(decode_utf8("\xed\xa0\x80"), U"\ufffd\ufffd\ufffd") << "a surrogate";
}

TEST(Characters, columns_are_what_a_terminal_uses) {
  EXPECT_EQ(columns(U'a'), 1U);
  EXPECT_EQ(columns(U'é'), 1U);
  EXPECT_EQ(columns(U'\u0301'), 0U) << "an accent of its own";
  EXPECT_EQ(columns(U'漢'), 2U);
  EXPECT_EQ(columns(U'😀'), 2U);
}

TEST(Characters, nobody_can_send_commands_to_the_terminal_of_another) {
  EXPECT_EQ(harmless("\x1b[2J\x07 \xc2\x9b"), "\ufffd[2J\ufffd \ufffd");
  EXPECT_EQ(harmless("abc\u202egnp"), "abc\ufffdgnp");
  EXPECT_EQ(harmless("a\tb\nc\r"), "a b\nc\ufffd");
  EXPECT_EQ(harmless("grüße 😀"), "grüße 😀");
}

}  // namespace
}  // namespace fairlead::client
