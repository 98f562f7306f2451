#include "worker/worker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/limits.hpp"
#include "worker/test_talk.hpp"

namespace fairlead::worker {
namespace {

using schemas::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

class WorkerTest : public testing::Test, protected Talk {};

}  // namespace

// ---- K1: hello and welcome

TEST_F(WorkerTest, says_hello_on_both_sockets_until_it_is_welcomed) {
  EXPECT_THAT(did, ElementsAre("open"));
  const schemas::WorkerHello hello{.incarnation = {9}, .name = "w", .version = "1.2", .app = "chat"};
  EXPECT_THAT(said, ElementsAre(schemas::ToBrokerFromWorker{hello}));
  EXPECT_THAT(published, ElementsAre(schemas::ToBrokerFromWorker{hello}));
  turn(49ms);
  EXPECT_THAT(said, IsEmpty());
  turn(1ms);
  EXPECT_EQ(said.size() + published.size(), 2U);
  EXPECT_FALSE(worker.live());
  welcome();
  EXPECT_TRUE(worker.live());
  EXPECT_THAT(notes, ElementsAre("linked"));
  turn(50ms);
  EXPECT_EQ(times_said<schemas::WorkerHello>(), 0);
}

TEST_F(WorkerTest, tells_its_credit_right_after_the_welcome) {
  welcome();
  EXPECT_EQ(only<schemas::Credit>().units, 1U);
}

TEST_F(WorkerTest, dials_anew_when_nobody_welcomes_it_and_says_so_once) {
  const LinkId first = link;
  turn(250ms);
  EXPECT_THAT(did, ElementsAre("close"));
  EXPECT_THAT(notes, ElementsAre("no_broker"));
  turn(100ms);
  EXPECT_THAT(did, ElementsAre("open"));
  EXPECT_NE(link, first);
  turn(500ms);
  EXPECT_THAT(did, ElementsAre("close"));
  EXPECT_THAT(notes, IsEmpty());
}

// ---- K2, K3: units and outcomes

TEST_F(WorkerTest, handles_units_in_order_and_numbers_its_outcomes_from_1) {
  welcome();
  broker_numbers(unit(1, 4, 2), unit(2, 8));
  EXPECT_EQ(handle_all(), (std::vector<std::uint64_t>{4, 5, 8}));
  turn();
  ASSERT_EQ(outcomes.size(), 3U);
  EXPECT_EQ(outcomes[0].first, 1U);
  EXPECT_EQ(outcomes[2].first, 3U);
  EXPECT_EQ(outcomes[0].second, (schemas::Outcome{.unit = {1}, .attempt = 1, .seq = 4}));
  EXPECT_THAT(outcome_seqs(), ElementsAre(4, 5, 8));
  broker_numbers(unit(3, 9));
  handle_all();
  turn();
  EXPECT_EQ(outcomes.at(0).first, 4U);
}

TEST_F(WorkerTest, gives_one_event_at_a_time_to_be_handled) {
  welcome();
  broker_numbers(unit(1), unit(2));
  const auto job = worker.next(now);
  EXPECT_FALSE(worker.next(now));
  done(*job);
  EXPECT_TRUE(worker.next(now));
}

TEST_F(WorkerTest, outcomes_carry_effects_and_the_next_event_sees_them) {
  welcome();
  broker_numbers(unit(1, 1, 2));
  const std::vector<schemas::Effect> effects{schemas::SetSession{alice, 1, "new"}};
  done(*worker.next(now), effects);
  const auto second = worker.next(now);
  EXPECT_EQ(second->session, "new");
  EXPECT_EQ(second->session_version, 2U);
  turn();
  EXPECT_EQ(outcomes.at(0).second.effects, effects);
}

TEST_F(WorkerTest, a_failure_has_a_reason_and_no_effects_and_ends_its_unit) {
  welcome();
  broker_numbers(unit(1, 1, 3), unit(2, 7));
  const auto job = worker.next(now);
  worker.on_handled(*job, outcome_of(*job, Verdict::failed, {schemas::Ungroup{"g"}}, std::string(5000, 'x')), 1ms, now,
                    actions);
  EXPECT_EQ(handle_all(), std::vector<std::uint64_t>{7});
  turn();
  EXPECT_THAT(outcome_seqs(), ElementsAre(1, 7));
  EXPECT_EQ(outcomes[0].second.verdict, Verdict::failed);
  EXPECT_THAT(outcomes[0].second.effects, IsEmpty());
  EXPECT_EQ(outcomes[0].second.error.size(), schemas::max_text);
  EXPECT_THAT(notes, ElementsAre("handler_failed"));
  EXPECT_EQ(worker.counters().failures, 1U);
}

TEST_F(WorkerTest, an_outcome_beyond_all_limits_fails_and_ends_its_unit) {
  welcome();
  broker_numbers(unit(1, 1, 2));
  schemas::Send send{.scope = schemas::Scope::all, .payload = std::string(schemas::max_payload, 'x')};
  done(*worker.next(now), {send, send});
  EXPECT_FALSE(worker.next(now));
  turn();
  EXPECT_EQ(outcomes.at(0).second.verdict, Verdict::failed);
  EXPECT_THAT(notes, ElementsAre("outcome_too_large"));
}

TEST_F(WorkerTest, a_cancelled_unit_is_dropped_even_while_it_is_handled) {
  welcome();
  broker_numbers(unit(1, 1, 2), unit(2, 7));
  const auto job = worker.next(now);
  broker_numbers(schemas::Cancel{.unit = {1}, .attempt = 1});
  done(*job);
  EXPECT_EQ(handle_all(), std::vector<std::uint64_t>{7});
  turn();
  EXPECT_THAT(outcome_seqs(), ElementsAre(7));
  EXPECT_EQ(outcomes[0].first, 1U);
  EXPECT_EQ(worker.counters().outcomes_unsent, 1U);
}

// ---- K4: credit

TEST_F(WorkerTest, asks_for_more_once_it_knows_how_quick_it_is) {
  welcome();
  broker_numbers(unit(1));
  done(*worker.next(now), {}, 10us);
  turn();
  EXPECT_EQ(only<schemas::Credit>().units, 100U);
  turn(10ms);
  EXPECT_EQ(times_said<schemas::Credit>(), 0);
}

TEST_F(WorkerTest, tells_its_credit_again_on_every_link) {
  welcome();
  broker_numbers(unit(1));
  done(*worker.next(now), {}, 10us);
  turn();
  worker.on_link_broken("cut");
  turn();
  turn(100ms);
  welcome();
  EXPECT_EQ(only<schemas::Credit>().units, 100U);
}

TEST_F(WorkerTest, tells_its_credit_with_every_heartbeat_in_case_it_was_lost) {
  welcome();
  turn(500ms);
  EXPECT_EQ(times_said<schemas::Credit>(), 0);
  turn(500ms);
  EXPECT_EQ(only<schemas::Credit>().units, 1U);
}

TEST_F(WorkerTest, tells_its_credit_when_it_is_done_with_a_unit_that_was_taken_away_and_not_before) {
  welcome();
  broker_numbers(unit(1));
  const auto job = worker.next(now);
  broker_numbers(schemas::Cancel{.unit = {1}, .attempt = 1});
  turn(1s);
  EXPECT_EQ(times_said<schemas::Heartbeat>(), 1);
  EXPECT_EQ(times_said<schemas::Credit>(), 0);
  done(*job, {}, 1s);
  turn();
  EXPECT_EQ(only<schemas::Credit>().units, 1U);
}

TEST_F(WorkerTest, asks_for_nothing_on_a_new_link_while_its_handler_is_at_work_for_the_old_one) {
  welcome();
  broker_numbers(unit(1));
  const auto job = worker.next(now);
  worker.on_link_broken("cut");
  turn();
  turn(100ms);
  welcome();
  EXPECT_EQ(times_said<schemas::Credit>(), 0);
  done(*job);
  turn();
  EXPECT_EQ(times_said<schemas::Credit>(), 1);
}

TEST_F(WorkerTest, says_drain_again_with_every_heartbeat_until_it_is_answered) {
  welcome();
  worker.drain(now);
  turn();
  EXPECT_EQ(times_said<schemas::Drain>(), 1);
  turn(1s);
  EXPECT_EQ(times_said<schemas::Drain>(), 1);
}

TEST_F(WorkerTest, says_its_credit_again_with_every_heartbeat_in_case_it_was_lost) {
  welcome();
  turn(1s);
  EXPECT_EQ(only<schemas::Heartbeat>().head, 0U);
  EXPECT_EQ(only<schemas::Credit>().units, 1U);
}

TEST_F(WorkerTest, asks_for_nothing_while_it_is_at_work_that_was_taken_away_and_for_more_afterwards) {
  welcome();
  broker_numbers(unit(1));
  const auto job = worker.next(now);
  broker_numbers(schemas::Cancel{.unit = {1}, .attempt = 1});
  turn(1s);
  EXPECT_EQ(times_said<schemas::Heartbeat>(), 1);
  EXPECT_EQ(times_said<schemas::Credit>(), 0);
  done(*job);
  turn();
  EXPECT_EQ(times_said<schemas::Credit>(), 1);
}

TEST_F(WorkerTest, says_drain_again_with_every_heartbeat_until_it_is_heard) {
  welcome();
  worker.drain(now);
  turn();
  turn(1s);
  EXPECT_EQ(times_said<schemas::Drain>(), 1);
  broker_numbers(unit(1), schemas::Drained{});
  turn(1s);
  EXPECT_EQ(times_said<schemas::Drain>(), 0);
}

// ---- K7: heartbeats

TEST_F(WorkerTest, heartbeats_tell_how_many_outcomes_were_sent_also_while_a_handler_runs) {
  welcome();
  broker_numbers(unit(1), unit(2, 2), unit(3, 3));
  done(*worker.next(now));
  done(*worker.next(now));
  const auto job = worker.next(now);
  turn(500ms);
  EXPECT_EQ(times_said<schemas::Heartbeat>(), 0);
  turn(500ms);
  EXPECT_EQ(only<schemas::Heartbeat>().head, 2U);
  done(*job);
  turn(1s);
  EXPECT_EQ(only<schemas::Heartbeat>().head, 3U);
}

TEST_F(WorkerTest, progress_is_about_the_event_at_work) {
  welcome();
  worker.progress(now, actions);
  turn();
  EXPECT_EQ(times_said<schemas::Progress>(), 0);
  broker_numbers(unit(4));
  const auto job = worker.next(now);
  worker.progress(now, actions);
  turn();
  EXPECT_EQ(only<schemas::Progress>(), (schemas::Progress{.unit = {4}, .attempt = 1}));
}

// ---- queries

TEST_F(WorkerTest, a_query_gets_its_answer_once) {
  welcome();
  const std::uint64_t id = worker.ask({.ask = schemas::Ask::all_uids}, now, actions);
  const std::uint64_t other = worker.ask({.ask = schemas::Ask::all_clients}, now, actions);
  EXPECT_NE(id, other);
  turn();
  EXPECT_EQ(times_said<schemas::Query>(), 2);
  broker_says(schemas::Answer{.id = id, .complete = true}, schemas::Answer{.id = id}, schemas::Answer{.id = 77});
  turn();
  EXPECT_THAT(answers, ElementsAre(id));
}

TEST_F(WorkerTest, a_query_without_a_link_is_unanswered_at_once) {
  const std::uint64_t id = worker.ask({.ask = schemas::Ask::all_uids}, now, actions);
  turn();
  EXPECT_THAT(unanswers, ElementsAre(id));
}

TEST_F(WorkerTest, a_query_whose_link_ends_is_unanswered) {
  welcome();
  const std::uint64_t id = worker.ask({.ask = schemas::Ask::all_uids}, now, actions);
  worker.on_link_broken("cut");
  turn();
  EXPECT_THAT(unanswers, ElementsAre(id));
}

// ---- K6: draining

TEST_F(WorkerTest, a_drained_worker_leaves_when_all_it_did_is_committed) {
  welcome();
  broker_numbers(unit(1), unit(2, 7));
  done(*worker.next(now));
  turn();
  worker.drain(now);
  turn();
  EXPECT_EQ(times_said<schemas::Drain>(), 1);
  const auto job = worker.next(now);  // it finishes what it has
  broker_numbers(schemas::Drained{});
  committed = 1;
  broker_says(schemas::Heartbeat{.head = 3});
  turn();
  EXPECT_FALSE(worker.finished());
  done(*job);
  turn();
  EXPECT_EQ(outcomes.size(), 1U);
  EXPECT_FALSE(worker.finished());
  committed = 2;
  broker_says(schemas::Heartbeat{.head = 3});
  turn();
  EXPECT_TRUE(worker.finished());
  EXPECT_EQ(times_said<schemas::Bye>(), 1);
  EXPECT_THAT(did, ElementsAre("close"));
  turn(10s);
  EXPECT_THAT(did, IsEmpty());
}

TEST_F(WorkerTest, says_drain_once_and_asks_for_no_more_units) {
  welcome();
  broker_numbers(unit(1));
  worker.drain(now);
  turn();
  done(*worker.next(now), {}, 1us);
  turn();
  EXPECT_EQ(times_said<schemas::Drain>() + times_said<schemas::Credit>(), 0);
}

TEST_F(WorkerTest, waits_for_no_broker_when_it_drains_without_a_link) {
  worker.drain(now);
  turn();
  EXPECT_TRUE(worker.finished());
  EXPECT_THAT(did, ElementsAre("close"));
}

TEST_F(WorkerTest, says_nothing_on_a_link_that_was_about_to_be_opened_when_it_drains) {
  welcome();
  broker_says(schemas::Reset{"restarted"});
  turn();  // closed; the next link is opened a moment later
  worker.drain(now);
  now += 100ms;
  worker.on_turn(now, actions);
  EXPECT_TRUE(worker.finished());
  EXPECT_THAT(actions, testing::IsEmpty());
}

TEST_F(WorkerTest, is_finished_when_its_link_ends_while_it_drains) {
  welcome();
  broker_numbers(unit(1));
  worker.drain(now);
  turn();
  worker.on_link_broken("cut");
  turn();
  EXPECT_TRUE(worker.finished());
  EXPECT_FALSE(worker.next(now));
}

// ---- K3, K8: again later, publications

TEST_F(WorkerTest, a_handler_that_says_again_ends_its_unit) {
  welcome();
  broker_numbers(unit(1, 1, 2), unit(2, 7));
  postponed(*worker.next(now));
  EXPECT_EQ(handle_all(), std::vector<std::uint64_t>{7});
  turn();
  EXPECT_THAT(outcome_seqs(), ElementsAre(1, 7));
  EXPECT_EQ(outcomes[0].second.verdict, Verdict::again);
  EXPECT_EQ(worker.counters().postponed, 1U);
  EXPECT_EQ(worker.counters().failures, 0U);
}

TEST_F(WorkerTest, publications_are_numbered_with_the_outcomes_and_confirmed_when_they_are_committed) {
  welcome();
  broker_numbers(unit(1));
  handle_all();
  EXPECT_EQ(worker.publish({schemas::Ungroup{"a"}}, now, actions).value(), 1U);
  EXPECT_EQ(worker.publish({schemas::Ungroup{"b"}}, now, actions).value(), 2U);
  turn();
  EXPECT_EQ(publications, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{2, 1}, {3, 2}}));
  committed = 2;
  broker_says(schemas::Heartbeat{.head = 1});
  turn();
  EXPECT_THAT(confirmations, ElementsAre(1));
  EXPECT_EQ(worker.unpublished(), 1U);
}

TEST_F(WorkerTest, what_was_published_while_no_broker_was_there_or_not_confirmed_goes_out_on_the_next_link) {
  ASSERT_TRUE(worker.publish({schemas::Ungroup{"a"}}, now, actions));
  turn();
  EXPECT_TRUE(publications.empty());
  welcome();
  EXPECT_EQ(publications, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 1}}));
  ASSERT_TRUE(worker.publish({schemas::Ungroup{"b"}}, now, actions));
  worker.on_link_broken("the test broke it");
  turn();
  while (did.empty() || did.back() != "open") turn(10ms);
  welcome();
  EXPECT_EQ(publications, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 1}, {2, 2}}));
}

TEST_F(WorkerTest, publications_that_wait_have_an_end) {
  for (std::size_t i = 0; i < Worker::most_publications; ++i) ASSERT_TRUE(worker.publish({}, now, actions));
  EXPECT_FALSE(worker.publish({}, now, actions));
}

TEST_F(WorkerTest, a_publication_that_no_frame_could_carry_is_refused) {
  schemas::Send send{.scope = schemas::Scope::all, .payload = std::string(schemas::max_payload, 'x')};
  EXPECT_FALSE(worker.publish({send, send}, now, actions));
  EXPECT_TRUE(worker.publish({send}, now, actions));
}

}  // namespace fairlead::worker
