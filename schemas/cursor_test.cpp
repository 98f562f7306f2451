#include "schemas/cursor.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fairlead::schemas {
namespace {

using namespace std::string_literals;

// What skip() leaves of the bytes; "failed" when it refuses them.
std::string after_skip(const std::string& bytes) {
  Cursor cursor(bytes);
  cursor.skip();
  return cursor.ok() ? std::string(cursor.rest()) : "failed";
}

}  // namespace

TEST(Cursor, reads_numbers_of_every_width) {
  const std::string bytes = "\x07\xcc\xff\xcd\x01\x00\xce\x00\x01\x00\x00\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s;
  Cursor cursor(bytes);
  EXPECT_EQ(cursor.number(), 7U);
  EXPECT_EQ(cursor.number(), 255U);
  EXPECT_EQ(cursor.number(), 256U);
  EXPECT_EQ(cursor.number(), 65536U);
  EXPECT_EQ(cursor.number(), ~std::uint64_t{0});
  EXPECT_TRUE(cursor.ok() && cursor.at_end());
}

TEST(Cursor, refuses_negative_numbers) {
  for (const auto& bytes : {"\xff"s, "\xd0\x01"s, "\xd3\x00\x00\x00\x00\x00\x00\x00\x01"s}) {
    Cursor cursor(bytes);
    EXPECT_EQ(cursor.number(), 0U);
    EXPECT_FALSE(cursor.ok());
  }
}

TEST(Cursor, reads_str_and_bin_of_every_width) {
  for (const auto& head : {"\xa2"s, "\xd9\x02"s, "\xda\x00\x02"s, "\xdb\x00\x00\x00\x02"s, "\xc4\x02"s, "\xc5\x00\x02"s,
                           "\xc6\x00\x00\x00\x02"s}) {
    const std::string bytes = head + "hi";
    Cursor cursor(bytes);
    EXPECT_EQ(cursor.bytes(2), "hi");
    EXPECT_TRUE(cursor.ok() && cursor.at_end());
    Cursor limited(bytes);
    EXPECT_EQ(limited.bytes(1), "");
    EXPECT_FALSE(limited.ok());
  }
}

TEST(Cursor, believes_no_length_beyond_the_bytes_that_are_there) {
  for (const auto& bytes : {"\xc6\xff\xff\xff\xff"s, "\xdb\x00\x00\x00\x09x"s, "\xa5x"s}) {
    Cursor cursor(bytes);
    cursor.bytes(~std::size_t{0});
    EXPECT_FALSE(cursor.ok());
  }
  for (const auto& bytes : {"\xdd\xff\xff\xff\xff"s, "\xdc\x00\x02\x01"s, "\x93\x01\x02"s}) {
    Cursor cursor(bytes);
    EXPECT_EQ(cursor.array(), 0U);
    EXPECT_FALSE(cursor.ok());
  }
}

TEST(Cursor, once_failed_answers_zeros_for_good) {
  Cursor cursor("\xc1\x07\xa2hi\xc0");
  EXPECT_EQ(cursor.number(), 0U);
  EXPECT_EQ(cursor.number(), 0U);
  EXPECT_EQ(cursor.bytes(10), "");
  EXPECT_EQ(cursor.array(), 0U);
  EXPECT_FALSE(cursor.boolean());
  EXPECT_FALSE(cursor.nil());
  EXPECT_EQ(cursor.client(), ClientId{});
  EXPECT_FALSE(cursor.ok());
  EXPECT_TRUE(cursor.at_end());
}

TEST(Cursor, tells_nil_from_anything_else_without_eating_it) {
  Cursor cursor("\xc0\x05");
  EXPECT_TRUE(cursor.nil());
  EXPECT_FALSE(cursor.nil());
  EXPECT_EQ(cursor.number(), 5U);
}

TEST(Cursor, a_client_has_16_bytes) {
  Cursor cursor("\xc4\x0fxxxxxxxxxxxxxxx");
  cursor.client();
  EXPECT_FALSE(cursor.ok());
}

TEST(Cursor, skips_one_object_of_any_kind) {
  for (const auto& object : {"\x05"s,
                             "\xff"s,
                             "\xc0"s,
                             "\xc2"s,
                             "\xc3"s,
                             "\xa3xyz"s,
                             "\x92\x01\x02"s,
                             "\x81\x01\x02"s,
                             "\xcc\x01"s,
                             "\xd0\x01"s,
                             "\xcd\x01\x02"s,
                             "\xd1\x01\x02"s,
                             "\xce\x01\x02\x03\x04"s,
                             "\xca\x01\x02\x03\x04"s,
                             "\xcb\x01\x02\x03\x04\x05\x06\x07\x08"s,
                             "\xd4\x01\x02"s,
                             "\xd5\x01\x02\x03"s,
                             "\xd6\x01\x02\x03\x04\x05"s,
                             "\xc4\x01x"s,
                             "\xc7\x01\x05x"s,
                             "\xc8\x00\x01\x05x"s,
                             "\xc9\x00\x00\x00\x01\x05x"s,
                             "\xdc\x00\x01\x07"s,
                             "\xde\x00\x01\x07\x07"s,
                             "\xd7\x01"s + "12345678"s,
                             "\xd8\x01"s + "1234567812345678"s}) {
    EXPECT_EQ(after_skip(object + "rest"), "rest");
    EXPECT_EQ(after_skip(object.substr(0, object.size() - 1)), "failed");
  }
  EXPECT_EQ(after_skip("\xc1"), "failed");
}

TEST(Cursor, skips_no_deeper_than_its_limit) {
  EXPECT_EQ(after_skip(std::string(Cursor::max_depth, '\x91') + "\x01!"), "!");
  EXPECT_EQ(after_skip(std::string(Cursor::max_depth + 1, '\x91') + "\x01!"), "failed");
  EXPECT_EQ(after_skip(std::string(100000, '\x91')), "failed");
}

}  // namespace fairlead::schemas
