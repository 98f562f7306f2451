// Commits: what is in the journal, and what leaves only with it.
#include "broker/test_bus.hpp"

namespace fairlead::broker {

TEST_F(BrokerTest, whatever_is_sent_about_an_outcome_leaves_in_the_turn_that_journals_it) {
  gateway_comes();
  worker_comes();
  event(1);
  const schemas::Unit unit = next_unit();
  EXPECT_EQ(unit.events.front().kind, schemas::EventKind::open);
  outcome(unit, 1, {schemas::Send{.clients = {ann}, .payload = "hi"}});
  const Turn after = turn();
  EXPECT_EQ(sent<schemas::Deliver>(after, Leg::deliveries).size(), 1U);
  EXPECT_EQ(sent<schemas::Committed>(after, Leg::deliveries),
            (std::vector<schemas::Committed>{{.client = ann, .seq = 1}}));
  std::string expected;
  append_fact(expected, Commit{.client = ann,
                               .seq = 1,
                               .kind = schemas::EventKind::open,
                               .peer = "192.0.2.1:5",
                               .effects = {schemas::Send{.clients = {ann}, .payload = "hi"}}});
  EXPECT_EQ(after.journal, expected);
}

TEST_F(BrokerTest, the_journal_of_all_turns_is_the_state) {
  std::string journal = begin_segment(header, State{});
  const auto end_turn = [&] {
    Turn ended = turn();
    journal += ended.journal;
    return sent<schemas::Unit>(ended, Leg::backend);
  };
  gateway_comes();
  worker_comes();
  event(1);
  const auto first = end_turn();
  outcome(first.at(0), 1, {schemas::Bind{ann, "7"}, schemas::Join{ann, "room"}});
  event(2, "x");
  const auto second = end_turn();
  outcome(second.at(0), 2, {schemas::SetSession{.client = ann, .session = "s"}});
  end_turn();
  const auto replayed = replay_segment(journal);
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(replayed->state.digest(), broker->state_digest());
  EXPECT_EQ(replayed->state.directory().find(ann)->peer, "192.0.2.1:5");
}

TEST_F(BrokerTest, a_checkpoint_between_turns_is_the_state_too) {
  gateway_comes();
  worker_comes();
  event(1);
  outcome(next_unit(), 1, {schemas::Send{.scope = schemas::Scope::all, .payload = "hi"}});
  turn();
  const auto replayed = replay_segment(broker->checkpoint());
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(replayed->state.digest(), broker->state_digest());
  EXPECT_EQ(replayed->header.segment, 2U);
}

}  // namespace fairlead::broker
