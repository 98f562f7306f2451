#include "tools/bench/ledger.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace fairlead::bench {
namespace {

struct Conversation {
  Ledger ledger{7, 0};

  explicit Conversation(int sent) {
    for (int i = 0; i < sent; ++i) ledger.send();
  }
  Tally after(const std::vector<int>& replies) {
    for (const int number : replies) ledger.on_reply("c7-" + std::to_string(number));
    return ledger.tally();
  }
};

TEST(Ledger, every_reply_in_order_is_clean) {
  const auto tally = Conversation(3).after({1, 2, 3});
  EXPECT_TRUE(tally.is_clean());
  EXPECT_EQ(tally, (Tally{.sent = 3, .received = 3}));
}

TEST(Ledger, what_does_not_come_back_is_lost) {
  EXPECT_EQ(Conversation(3).after({1, 3}), (Tally{.sent = 3, .received = 2, .lost = 1}));
  EXPECT_EQ(Conversation(3).after({1, 2}), (Tally{.sent = 3, .received = 2, .lost = 1}));
  EXPECT_EQ(Conversation(3).after({}), (Tally{.sent = 3, .lost = 3}));
}

TEST(Ledger, a_second_copy_is_duplicated) {
  EXPECT_EQ(Conversation(2).after({1, 1, 2, 2}), (Tally{.sent = 2, .received = 2, .duplicated = 2}));
}

TEST(Ledger, a_late_one_is_reordered_and_not_lost) {
  EXPECT_EQ(Conversation(3).after({2, 1, 3}), (Tally{.sent = 3, .received = 3, .reordered = 1}));
  EXPECT_EQ(Conversation(3).after({3, 1, 1, 2}), (Tally{.sent = 3, .received = 3, .duplicated = 1, .reordered = 2}));
}

TEST(Ledger, what_was_never_sent_is_foreign) {
  for (const auto* strange : {"c7-4", "c8-1", "c7-0", "", "garbage", "c7-1x", "c7-01"}) {
    Conversation conversation(3);
    conversation.ledger.on_reply(strange);
    EXPECT_EQ(conversation.ledger.tally().foreign, 1U) << strange;
  }
}

TEST(Ledger, payloads_are_filled_up_and_compared_to_the_last_byte) {
  Ledger ledger{1, 10};
  EXPECT_EQ(ledger.send(), "c1-1......");
  ledger.on_reply("c1-1.....");
  EXPECT_EQ(ledger.tally().foreign, 1U);
  ledger.on_reply("c1-1......");
  EXPECT_EQ(ledger.outstanding(), 0U);
}

TEST(Ledger, the_filling_follows_a_number_that_grows_a_digit) {
  Ledger ledger{1, 8};
  for (int i = 0; i < 9; ++i) ledger.send();
  EXPECT_EQ(ledger.send(), "c1-10...");
  EXPECT_EQ(ledger.on_reply("c1-9...."), 9U);
  EXPECT_EQ(ledger.on_reply("c1-10..."), 10U);
  EXPECT_EQ(ledger.on_reply("c1-10..."), 0U);
}

TEST(Ledger, what_somebody_else_sent_is_owed_too) {
  Ledger ledger{0, 0};
  ledger.expect(2);
  ledger.on_reply("c0-1");
  EXPECT_EQ(ledger.tally(), (Tally{.sent = 2, .received = 1, .lost = 1}));
}

TEST(Ledger, a_disconnect_alone_is_not_clean) {
  Ledger ledger{1, 0};
  ledger.on_disconnected();
  EXPECT_FALSE(ledger.tally().is_clean());
}

}  // namespace
}  // namespace fairlead::bench
