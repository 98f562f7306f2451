#include "broker/mailbox.hpp"

#include <gtest/gtest.h>

namespace fairlead::broker {
namespace {

constexpr ClientId ann{.gateway = {1}, .counter = 1};

schemas::UnitEvent event(std::uint64_t seq) { return {.seq = seq, .payload = std::to_string(seq)}; }

}  // namespace

TEST(Mailbox, takes_the_next_event_and_knows_the_others) {
  Mailboxes boxes;
  Mailbox& box = boxes.of(ann, 4);
  EXPECT_EQ(Mailboxes::put(box, event(5)), Mailboxes::Put::taken);
  EXPECT_EQ(Mailboxes::put(box, event(5)), Mailboxes::Put::repeated);
  EXPECT_EQ(Mailboxes::put(box, event(3)), Mailboxes::Put::repeated);
  EXPECT_EQ(Mailboxes::put(box, event(7)), Mailboxes::Put::gap);
  EXPECT_EQ(box.waiting(), 1U);
}

TEST(Mailbox, hands_events_over_in_order_and_starts_each_one_without_blame) {
  Mailboxes boxes;
  Mailbox& box = boxes.of(ann, 0);
  for (std::uint64_t seq = 1; seq <= 100; ++seq) Mailboxes::put(box, event(seq));
  for (std::uint64_t seq = 1; seq <= 100; ++seq) {
    ASSERT_EQ(box.front().seq, seq);
    ASSERT_EQ(box.front().payload, std::to_string(seq));
    box.blames = 2;
    box.attempts = 2;
    box.pop();
    EXPECT_EQ(box.blames, 0U);
    EXPECT_EQ(box.attempts, 0U);
  }
  EXPECT_TRUE(box.empty());
}

TEST(Mailbox, an_empty_one_is_forgotten_and_a_full_one_is_not) {
  Mailboxes boxes;
  Mailboxes::put(boxes.of(ann, 0), event(1));
  boxes.tidy(ann);
  ASSERT_NE(boxes.find(ann), nullptr);
  boxes.find(ann)->pop();
  boxes.tidy(ann);
  EXPECT_EQ(boxes.find(ann), nullptr);
  EXPECT_TRUE(boxes.empty());
}

TEST(Mailboxes, of_a_gateway_are_told_in_order) {
  Mailboxes boxes;
  const ClientId bob{.gateway = {1}, .counter = 2};
  const ClientId cid{.gateway = {2}, .counter = 1};
  for (const auto& id : {bob, cid, ann}) Mailboxes::put(boxes.of(id, 0), event(1));
  EXPECT_EQ(boxes.clients_of({1}), (std::vector<ClientId>{ann, bob}));
}

}  // namespace fairlead::broker
