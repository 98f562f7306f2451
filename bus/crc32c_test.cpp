#include "bus/crc32c.hpp"

#include <string>

#include <gtest/gtest.h>

#include "bus/random.hpp"

namespace fairlead {
namespace {

// RFC 3720, B.4.
TEST(Crc32c, is_what_the_rfc_says) {
  std::string up;
  std::string down;
  for (int i = 0; i < 32; ++i) {
    up += static_cast<char>(i);
    down += static_cast<char>(31 - i);
  }
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c(up), 0x46dd794eU);
  EXPECT_EQ(crc32c(down), 0x113fdb5cU);
}

TEST(Crc32c, the_table_and_the_instruction_agree_at_every_length_and_alignment) {
  Random random(7);
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes += static_cast<char>(random.below(256));
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t size = 0; start + size <= bytes.size(); ++size) {
      const auto part = std::string_view(bytes).substr(start, size);
      ASSERT_EQ(crc32c(part), crc32c_by_table(part)) << start << "+" << size;
    }
  }
}

TEST(Crc32c, can_be_continued) {
  const std::string_view text = "the guide that a rope runs through";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc32c(text.substr(cut), crc32c(text.substr(0, cut))), crc32c(text));
    EXPECT_EQ(crc32c_by_table(text.substr(cut), crc32c_by_table(text.substr(0, cut))), crc32c(text));
  }
}

TEST(Crc32c, one_flipped_bit_shows) {
  const std::string good(64, 'a');
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_NE(crc32c(bad), crc32c(good));
  }
}

}  // namespace
}  // namespace fairlead
