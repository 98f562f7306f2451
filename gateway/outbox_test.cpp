#include "gateway/outbox.hpp"

#include <array>

#include <gtest/gtest.h>

namespace fairlead::gateway {
namespace {

using Push = Outbox::Push;

// Everything that waits, as it would be written.
std::string all(const Outbox& outbox) {
  std::array<std::string_view, 64> pieces{};
  const std::size_t count = outbox.gather(pieces);
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += pieces.at(i);
  return out;
}

// Writes byte by byte, so that every message begins, and is in the middle, at some time.
std::string drained(Outbox& outbox, std::size_t at_once) {
  std::string out;
  while (!outbox.empty()) {
    const std::string part = all(outbox).substr(0, at_once);
    out += part;
    outbox.on_written(part.size());
  }
  return out;
}

TEST(Outbox, a_turns_small_messages_are_one_piece) {
  OutboxMemory memory(1000);
  Outbox outbox(memory);
  for (const char* message : {"one\n", "two\n", "three\n"}) EXPECT_EQ(outbox.push(message, {}), Push::queued);
  std::array<std::string_view, 4> pieces{};
  ASSERT_EQ(outbox.gather(pieces), 1U);
  EXPECT_EQ(pieces[0], "one\ntwo\nthree\n");
}

TEST(Outbox, keeps_the_order_of_small_and_shared_messages) {
  for (std::size_t at_once = 1; at_once < 12; ++at_once) {
    OutboxMemory memory(1000);
    Outbox outbox(memory);
    const auto shared = memory.share("[shared]");
    outbox.push("a", {});
    outbox.push(shared, {});
    outbox.push("b", {});
    outbox.push("c", {});
    outbox.push(shared, {});
    EXPECT_EQ(drained(outbox, at_once), "a[shared]bc[shared]");
  }
}

TEST(Outbox, control_passes_messages_but_tears_none) {
  OutboxMemory memory(1000);
  Outbox outbox(memory);
  outbox.push("first ", {});
  outbox.push("second ", {});
  outbox.on_written(2);
  EXPECT_TRUE(outbox.push_control("PONG "));
  EXPECT_EQ(all(outbox), "rst PONG second ");
  outbox.on_written(6);
  EXPECT_EQ(all(outbox), "NG second ");
  EXPECT_TRUE(outbox.push_control("PING "));
  EXPECT_EQ(drained(outbox, 3), "NG PING second ");
}

TEST(Outbox, control_that_nobody_reads_is_bounded) {
  OutboxMemory memory(1'000'000);
  Outbox outbox(memory);
  const std::string pong(100, 'p');
  int taken = 0;
  while (outbox.push_control(pong)) ++taken;
  EXPECT_EQ(taken, static_cast<int>(Outbox::max_control / 100));
}

TEST(Outbox, at_its_limit_the_policy_decides) {
  OutboxMemory memory(1000);
  Outbox closing(memory);
  const OutboxLimits close{.bytes = 10, .policy = OutboxPolicy::close};
  EXPECT_EQ(closing.push("0123456789", close), Push::queued);
  EXPECT_EQ(closing.push("x", close), Push::overflow);

  Outbox newest(memory);
  const OutboxLimits drop_newest{.bytes = 10, .policy = OutboxPolicy::drop_newest};
  newest.push("01234567", drop_newest);
  const Push lost = newest.push("xyz", drop_newest);
  EXPECT_EQ(lost, Push::dropped);
  EXPECT_EQ(lost.messages, 1U);
  EXPECT_EQ(lost.bytes, 3U);
  EXPECT_EQ(newest.push("89", drop_newest), Push::queued);
  EXPECT_EQ(all(newest), "0123456789");
}

TEST(Outbox, drops_the_oldest_but_never_one_that_has_begun_to_go_out) {
  OutboxMemory memory(1000);
  Outbox outbox(memory);
  const OutboxLimits limits{.bytes = 12, .policy = OutboxPolicy::drop_oldest};
  for (const char* message : {"aaaa", "bbbb", "cccc"}) outbox.push(message, limits);
  outbox.on_written(1);
  const Push lost = outbox.push("dddd", limits);
  EXPECT_EQ(lost, Push::dropped);
  EXPECT_EQ(lost.messages, 2U);
  EXPECT_EQ(lost.bytes, 8U);
  EXPECT_EQ(drained(outbox, 2), "aaadddd");
  EXPECT_EQ(memory.used(), 0U);
}

TEST(Outbox, an_empty_one_takes_a_message_beyond_its_limit) {
  OutboxMemory memory(1000);
  Outbox outbox(memory);
  EXPECT_EQ(outbox.push("0123456789", {.bytes = 5}), Push::queued);
}

TEST(Outbox, shared_bytes_count_once_for_all_who_owe_them) {
  OutboxMemory memory(1000);
  Outbox one(memory);
  Outbox two(memory);
  {
    const auto shared = memory.share(std::string(100, 's'));
    one.push(shared, {});
    two.push(shared, {});
  }
  EXPECT_EQ(memory.used(), 100U);
  one.on_written(100);
  EXPECT_EQ(memory.used(), 100U);
  two.clear();
  EXPECT_EQ(memory.used(), 0U);
}

TEST(Outbox, the_memory_of_all_is_a_limit_for_each) {
  OutboxMemory memory(10);
  Outbox one(memory);
  Outbox two(memory);
  one.push("0123456789", {});
  EXPECT_EQ(two.push("a", {}), Push::queued);  // a little for everybody
  const Push lost = two.push("b", {});
  EXPECT_EQ(lost, Push::overflow);
  EXPECT_TRUE(lost.of_all);
  EXPECT_EQ(lost.messages, 1U);
  EXPECT_EQ(lost.bytes, 1U);
  drained(one, 4);
  EXPECT_EQ(two.push("b", {}), Push::queued);
}

TEST(Outbox, a_ping_passes_a_megabyte_that_waits) {
  OutboxMemory memory(std::size_t{2} << 20U);
  Outbox outbox(memory);
  const std::string message(1000, 'm');
  while (outbox.push(message, {}) == Push::queued) continue;
  outbox.on_written(1);
  EXPECT_TRUE(outbox.push_control("PING"));  // beyond the limit of the messages
  EXPECT_EQ(all(outbox).substr(990, 14), "mmmmmmmmmPINGm");
}

TEST(Outbox, nothing_of_one_user_is_left_in_the_room_that_the_next_one_gets) {
  OutboxMemory memory(1000);
  Outbox one(memory);
  one.push("secret", {});
  one.push_control("pong");
  one.clear();
  Outbox two(memory);
  EXPECT_TRUE(two.empty());
  two.push("hello", {});
  EXPECT_EQ(two.bytes(), 5U);
  EXPECT_EQ(drained(two, 2), "hello");
  EXPECT_EQ(memory.used(), 0U);
}

TEST(Outbox, at_the_limit_of_all_what_waited_makes_room_too) {
  OutboxMemory memory(10);
  Outbox one(memory);
  Outbox two(memory);
  one.push("0123456789", {});
  const OutboxLimits limits{.bytes = 1000, .policy = OutboxPolicy::drop_oldest};
  two.push("a", limits);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(two.push("b", limits).messages, 1U);
  EXPECT_EQ(all(two), "b");
}

TEST(Outbox, gives_all_memory_back_after_long_use) {
  OutboxMemory memory(std::size_t{1} << 30U);
  {
    Outbox outbox(memory);
    std::string expected;
    std::string got;
    for (int i = 0; i < 20'000; ++i) {
      const std::string message = "message " + std::to_string(i) + "\n";
      expected += message;
      outbox.push(message, {.bytes = std::size_t{1} << 30U});
      if (i % 3 == 0) {
        const std::string part = all(outbox).substr(0, 37);
        got += part;
        outbox.on_written(part.size());
      }
    }
    got += drained(outbox, 1000);
    EXPECT_EQ(got, expected);
    outbox.push("left", {});
  }
  EXPECT_EQ(memory.used(), 0U);
}

}  // namespace
}  // namespace fairlead::gateway
