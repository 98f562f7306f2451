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
            (std::vector<schemas::Committed>{{.client = ann, .seq = 0}, {.client = ann, .seq = 1}}));
  std::string expected;
  append_fact(expected, header.lineage,
              Commit{.client = ann,
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

TEST_F(BrokerTest, an_outcome_that_has_read_an_old_session_does_not_count_and_its_event_is_handled_again) {
  gateway_comes();
  worker_comes();
  event(1);
  outcome(next_unit(), 1);
  event(2);
  const schemas::Unit unit = next_unit();
  EXPECT_EQ(unit.session_version, 0U);
  publish(1, {schemas::SetSession{.client = ann, .session = "from elsewhere"}});
  outcome(unit, 2, {schemas::SetSession{.client = ann, .expected = 0, .session = "too late"}});
  const Turn after = turn();
  EXPECT_EQ(broker->counters().conflicts, 1U);
  EXPECT_EQ(sent<schemas::Cancel>(after, Leg::backend),
            (std::vector<schemas::Cancel>{{.unit = unit.unit, .attempt = unit.attempt}}));
  const auto again = sent<schemas::Unit>(after, Leg::backend);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].session, "from elsewhere");
  outcome(again[0], 2, {schemas::SetSession{.client = ann, .expected = 1, .session = "in time"}});
  turn();
  EXPECT_EQ(broker->state().directory().find(ann)->session, "in time");
}

TEST_F(BrokerTest, an_event_whose_outcomes_conflict_without_end_becomes_a_dead_letter) {
  config.max_conflicts = 2;
  start();
  gateway_comes();
  worker_comes();
  event(1);
  outcome(next_unit(), 1);
  event(2);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(broker->counters().dead_letters, 0U);
    outcome(next_unit(), 2, {schemas::SetSession{.client = ann, .expected = 7, .session = "s"}});
  }
  turn();
  EXPECT_EQ(broker->counters().dead_letters, 1U);
}

TEST_F(BrokerTest, an_event_that_is_postponed_comes_again_when_its_time_has_come_and_keeps_the_later_ones_waiting) {
  gateway_comes();
  worker_comes();
  event(1);
  outcome(next_unit(), 1);
  event(2);
  const schemas::Unit unit = next_unit();
  postpone(unit, 2, 5000);
  event(3);
  EXPECT_TRUE(sent<schemas::Unit>(turn(), Leg::backend).empty());
  for (int i = 0; i < 9; ++i) {
    now += 500ms;
    from_worker(frame(worker_link, 0, 0, schemas::Heartbeat{outcomes}));
    from_gateway(frame(gateway_link, 0, 0, schemas::Heartbeat{events}));
    EXPECT_TRUE(sent<schemas::Unit>(turn(), Leg::backend).empty());
  }
  EXPECT_EQ(broker->next_time(now), now + 100ms);
  now += 499ms;
  EXPECT_EQ(broker->next_time(now), now + 1ms);
  now += 1ms;
  const schemas::Unit again = next_unit();
  EXPECT_EQ(again.attempt, 2U);
  ASSERT_EQ(again.events.size(), 2U);
  EXPECT_EQ(again.events[0].seq, 2U);
  EXPECT_EQ(broker->counters().postponed, 1U);
  EXPECT_EQ(broker->counters().dead_letters, 0U);
}

TEST_F(BrokerTest, a_publication_takes_effect_once_however_often_it_comes) {
  gateway_comes();
  worker_comes();
  event(1);
  outcome(next_unit(), 1);
  turn();
  const std::vector<schemas::Effect> effects{schemas::Send{.scope = schemas::Scope::all, .payload = "news"}};
  publish(1, effects);
  publish(1, effects);
  EXPECT_EQ(sent<schemas::Deliver>(turn(), Leg::deliveries).size(), 1U);
  EXPECT_EQ(broker->counters().publications, 1U);
  EXPECT_EQ(broker->counters().repeated_publications, 1U);

  const auto replayed = replay_segment(broker->checkpoint());
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(replayed->state.digest(), broker->state_digest());
  EXPECT_EQ(replayed->state.published({0x77}), 1U);
}

}  // namespace fairlead::broker
