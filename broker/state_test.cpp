#include "broker/state.hpp"

#include <gtest/gtest.h>

#include "schemas/codec.hpp"

namespace fairlead::broker {
namespace {

using schemas::EventKind;
using schemas::Scope;

constexpr Incarnation here{1};
constexpr Incarnation there{2};
constexpr ClientId ann{.gateway = here, .counter = 1};
constexpr ClientId bob{.gateway = here, .counter = 2};
constexpr ClientId cid{.gateway = there, .counter = 1};

class StateTest : public testing::Test {
 protected:
  State state;

  void SetUp() override {
    state.apply(GatewayCame{.gateway = here, .name = "here"});
    state.apply(GatewayCame{.gateway = there, .name = "there"});
    for (const auto& id : {ann, bob, cid}) commit(id, 1, EventKind::open, {});
    taken(here);
    taken(there);
  }
  void commit(const ClientId& id, std::uint64_t seq, EventKind kind, std::vector<schemas::Effect> effects) {
    state.apply(Commit{.client = id, .seq = seq, .kind = kind, .effects = std::move(effects)});
  }
  // The records that came to a gateway's ring since the last call.
  std::vector<schemas::ToGateway> taken(Incarnation gateway) {
    Ring& ring = state.gateway(gateway)->ring;
    ring.seal();
    std::vector<schemas::ToGateway> records;
    while (const auto* chunk = ring.next_to_send(std::size_t{1} << 30U)) {
      schemas::Cursor cursor(chunk->body);
      while (!cursor.at_end()) records.push_back(schemas::decode_to_gateway(cursor));
      ring.on_sent(*chunk);
    }
    return records;
  }
  static schemas::Committed committed(const ClientId& id, std::uint64_t seq) { return {.client = id, .seq = seq}; }
};

using Records = std::vector<schemas::ToGateway>;

}  // namespace

TEST_F(StateTest, a_message_to_two_groups_crosses_the_bus_once_for_each_gateway_that_holds_a_member) {
  commit(ann, 2, EventKind::message, {schemas::Join{ann, "a"}, schemas::Join{ann, "b"}, schemas::Join{bob, "a"}});
  taken(here);
  commit(cid, 2, EventKind::message,
         {schemas::Send{.scope = Scope::groups, .names = {"a", "b", "none"}, .payload = "hi"}});
  EXPECT_EQ(taken(here), (Records{schemas::Deliver{{.scope = Scope::groups, .names = {"a", "b"}, .payload = "hi"}}}));
  EXPECT_EQ(taken(there), (Records{committed(cid, 2)}));
}

TEST_F(StateTest, a_message_to_clients_names_at_each_gateway_only_its_own) {
  const ClientId nobody{.gateway = here, .counter = 99};
  commit(ann, 2, EventKind::message, {schemas::Send{.clients = {ann, cid, nobody}, .payload = "hi"}});
  EXPECT_EQ(taken(here), (Records{schemas::Deliver{{.clients = {ann}, .payload = "hi"}}, committed(ann, 2)}));
  EXPECT_EQ(taken(there), (Records{schemas::Deliver{{.clients = {cid}, .payload = "hi"}}}));
}

TEST_F(StateTest, everybody_is_every_gateway_that_has_somebody) {
  commit(cid, 2, EventKind::close, {schemas::Send{.scope = Scope::all, .payload = "bye"}});
  taken(there);
  commit(ann, 2, EventKind::message, {schemas::Send{.scope = Scope::all, .payload = "hi"}});
  EXPECT_TRUE(taken(there).empty());
  EXPECT_EQ(taken(here).size(), 3U);
}

TEST_F(StateTest, a_session_changes_only_from_the_version_that_was_expected) {
  commit(ann, 2, EventKind::message, {schemas::SetSession{.client = ann, .session = "one"}});
  commit(bob, 2, EventKind::message, {schemas::SetSession{.client = ann, .expected = 0, .session = "lost"}});
  commit(bob, 3, EventKind::message, {schemas::SetSession{.client = ann, .expected = 1, .session = "two"}});
  EXPECT_EQ(state.directory().find(ann)->session, "two");
  EXPECT_EQ(state.directory().find(ann)->session_version, 2U);
}

TEST_F(StateTest, a_closed_client_is_remembered_until_its_gateway_knows) {
  commit(ann, 2, EventKind::close, {});
  EXPECT_EQ(state.directory().find(ann), nullptr);
  EXPECT_TRUE(state.is_closed(ann));
  const std::uint64_t head = state.gateway(here)->ring.head();
  state.on_applied(here, head - 1);
  EXPECT_TRUE(state.is_closed(ann));
  state.on_applied(here, head);
  EXPECT_FALSE(state.is_closed(ann));
}

TEST_F(StateTest, a_gone_gateway_gets_nothing_and_is_forgotten_with_its_last_client) {
  state.apply(GatewayGone{there});
  commit(ann, 2, EventKind::message, {schemas::Send{.scope = Scope::all, .payload = "hi"}});
  EXPECT_EQ(state.gateway(there)->ring.bytes(), 0U);
  commit(cid, 2, EventKind::close, {});
  EXPECT_EQ(state.gateway(there), nullptr);
}

TEST_F(StateTest, a_dead_letter_is_kept_and_its_event_is_over) {
  state.apply(DeadLetter{.client = ann, .seq = 2, .payload = "poison", .reason = "died"});
  EXPECT_EQ(state.directory().find(ann)->done, 2U);
  ASSERT_EQ(state.dead_letters().size(), 1U);
  EXPECT_EQ(taken(here), (Records{committed(ann, 2)}));
}

TEST_F(StateTest, dead_letters_have_an_end_and_the_oldest_makes_room) {
  const std::string big(std::size_t{1} << 20U, 'x');
  for (std::uint64_t seq = 2; seq < 2 + 70; ++seq) state.apply(DeadLetter{.client = ann, .seq = seq, .payload = big});
  EXPECT_EQ(state.dead_letters().size(), 64U);
  EXPECT_EQ(state.dead_letters_dropped(), 6U);
  EXPECT_EQ(state.dead_letters().back().seq, 71U);
}

TEST_F(StateTest, a_client_comes_to_be_before_the_effects_of_its_open) {
  const ClientId dan{.gateway = here, .counter = 4};
  commit(dan, 1, EventKind::open, {schemas::Send{.scope = Scope::all, .payload = "hi"}});
  EXPECT_EQ(taken(here),
            (Records{committed(dan, 0), schemas::Deliver{{.scope = Scope::all, .payload = "hi"}}, committed(dan, 1)}));
}

TEST_F(StateTest, a_change_of_a_group_tells_its_size) {
  commit(ann, 2, EventKind::message,
         {schemas::Join{ann, "a"}, schemas::Join{bob, "a", true}, schemas::Join{bob, "a"}, schemas::Leave{ann, "a"},
          schemas::Leave{bob, "a"}});
  EXPECT_EQ(taken(here), (Records{schemas::Joined{.client = ann, .group = "a", .size = 1},
                                  schemas::Joined{.client = bob, .group = "a", .watch = true, .size = 2},
                                  schemas::Left{.client = ann, .group = "a", .size = 1},
                                  schemas::Left{.client = bob, .group = "a", .size = 0}, committed(ann, 2)}));
}

TEST_F(StateTest, a_member_may_begin_to_watch) {
  commit(ann, 2, EventKind::message, {schemas::Join{ann, "a"}, schemas::Join{ann, "a", true}});
  EXPECT_EQ(taken(here).size(), 3U);
}

TEST_F(StateTest, closing_a_uid_closes_every_client_bound_to_it) {
  commit(ann, 2, EventKind::message, {schemas::Bind{ann, "7"}, schemas::Bind{cid, "7"}});
  taken(here);
  taken(there);
  commit(ann, 3, EventKind::message, {schemas::CloseUid{.uid = "7", .last = "bye"}, schemas::CloseUid{.uid = "8"}});
  const schemas::Close close{.client = ann, .last = "bye", .reason = "closed by the application"};
  EXPECT_EQ(taken(here), (Records{close, committed(ann, 3)}));
  EXPECT_EQ(taken(there).size(), 1U);
}

TEST_F(StateTest, a_timer_goes_to_the_client_s_gateway) {
  commit(ann, 2, EventKind::message,
         {schemas::SetTimer{.client = cid, .name = "t", .after = 5, .payload = "x"},
          schemas::SetTimer{.client = {.gateway = here, .counter = 99}, .name = "t", .after = 5}});
  EXPECT_EQ(taken(there), (Records{schemas::Timer{.client = cid, .name = "t", .after = 5, .payload = "x"}}));
  EXPECT_EQ(taken(here), (Records{committed(ann, 2)}));
}

TEST_F(StateTest, publishers_that_have_not_been_heard_of_for_longest_are_forgotten) {
  for (std::uint64_t i = 1; i <= State::max_publishers + 1; ++i) state.apply(Published{.publisher = {i}, .id = i});
  EXPECT_EQ(state.published({1}), 0U);
  EXPECT_EQ(state.published({2}), 2U);
  EXPECT_EQ(state.publishers_by_age().size(), State::max_publishers);
}

}  // namespace fairlead::broker
