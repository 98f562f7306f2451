#include "bus/stream.hpp"

#include <gtest/gtest.h>

namespace fairlead {

TEST(Stream, takes_the_next_number_and_nothing_else) {
  InStream in;
  EXPECT_EQ(in.on_record(1), InStream::Take::yes);
  EXPECT_EQ(in.on_record(1), InStream::Take::repeated);
  EXPECT_EQ(in.on_record(3), InStream::Take::gap);
  EXPECT_EQ(in.last(), 1U);
}

TEST(Stream, on_its_own_socket_a_head_beyond_the_last_record_is_a_lost_tail) {
  InStream in(5);
  EXPECT_FALSE(in.lost_tail_at(5));
  EXPECT_TRUE(in.lost_tail_at(6));
}

TEST(Stream, across_sockets_a_tail_has_until_the_next_heartbeat) {
  InStream in(5);
  EXPECT_FALSE(in.lost_tail_across(6));
  EXPECT_TRUE(in.lost_tail_across(6));

  InStream slow(5);
  EXPECT_FALSE(slow.lost_tail_across(6));
  EXPECT_EQ(slow.on_record(6), InStream::Take::yes);
  EXPECT_FALSE(slow.lost_tail_across(7));
}

}  // namespace fairlead
