#include "broker/ring.hpp"

#include <gtest/gtest.h>

namespace fairlead::broker {
namespace {

void add(Ring& ring, const std::string& record) {
  ring.body() += record;
  ring.added();
}

constexpr std::size_t wide = 1000;

// Everything the ring wants to send now, as one string.
std::string sent(Ring& ring, std::size_t window = wide) {
  ring.seal();
  std::string all;
  while (const auto* chunk = ring.next_to_send(window)) {
    all += chunk->body;
    ring.on_sent(*chunk);
  }
  return all;
}

}  // namespace

TEST(Ring, sends_each_record_once_and_keeps_it_until_it_is_acknowledged) {
  Ring ring(10);
  add(ring, "a");
  add(ring, "b");
  EXPECT_EQ(ring.head(), 12U);
  EXPECT_EQ(sent(ring), "ab");
  EXPECT_EQ(sent(ring), "");
  EXPECT_EQ(ring.bytes(), 2U);
  ring.on_ack(12);
  EXPECT_EQ(ring.bytes(), 0U);
}

TEST(Ring, a_new_link_gets_again_what_was_not_applied) {
  Ring ring;
  add(ring, "a");
  EXPECT_EQ(sent(ring), "a");
  add(ring, "b");
  EXPECT_EQ(sent(ring), "b");
  ring.on_resume(1);
  EXPECT_EQ(ring.acked(), 1U);
  EXPECT_EQ(sent(ring), "b");
}

TEST(Ring, a_chunk_that_was_applied_in_part_is_sent_whole) {
  Ring ring;
  add(ring, "a");
  add(ring, "b");
  EXPECT_EQ(sent(ring), "ab");
  ring.on_resume(1);
  EXPECT_EQ(sent(ring), "ab");
}

TEST(Ring, sends_nothing_beyond_the_window) {
  Ring ring;
  add(ring, "aaaa");
  EXPECT_EQ(sent(ring, 4), "aaaa");
  add(ring, "bbbb");
  EXPECT_TRUE(ring.lagging(4));
  EXPECT_EQ(sent(ring, 4), "");
  ring.on_ack(1);
  EXPECT_EQ(sent(ring, 4), "bbbb");
}

TEST(Ring, a_big_record_travels_alone) {
  Ring ring;
  add(ring, "a");
  add(ring, std::string(std::size_t{3} << 19U, 'b'));
  add(ring, "c");
  ring.seal();
  ASSERT_EQ(ring.chunks().size(), 3U);
  EXPECT_EQ(ring.chunks()[0].body, "a");
  EXPECT_EQ(ring.chunks()[1].first, 2U);
  EXPECT_EQ(ring.chunks()[1].count, 1U);
  EXPECT_EQ(ring.chunks()[2].body, "c");
}

TEST(Ring, an_acknowledgement_of_what_was_never_numbered_changes_nothing) {
  Ring ring;
  add(ring, "a");
  ring.seal();
  ring.on_ack(7);
  EXPECT_EQ(ring.acked(), 0U);
  EXPECT_EQ(ring.chunks().size(), 1U);
}

TEST(Ring, a_restored_ring_goes_on_where_it_was) {
  Ring before(4);
  add(before, "a");
  before.seal();
  add(before, "bc");
  before.seal();
  Ring after(before.head());
  for (const auto& chunk : before.chunks()) after.restore(chunk);
  EXPECT_EQ(after.head(), 6U);
  EXPECT_EQ(after.acked(), 4U);
  EXPECT_EQ(after.bytes(), before.bytes());
  EXPECT_EQ(sent(after), "abc");
}

}  // namespace fairlead::broker
