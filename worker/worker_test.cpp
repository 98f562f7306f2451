#include "worker/worker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/codec.hpp"
#include "schemas/frame.hpp"
#include "schemas/limits.hpp"

namespace fairlead::worker {
namespace {

using schemas::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

const ClientId alice{.gateway = {7}, .counter = 1};

// A worker, and a broker that the test plays: it speaks records and sees records.
class WorkerTest : public testing::Test {
 protected:
  WorkerTest() { turn(); }

  // ---- the broker speaks

  template <class... Records>
  void broker_says(const Records&... records) {
    say(0, records...);
  }
  template <class... Records>
  void broker_numbers(const Records&... records) {
    say(sent_ + 1, records...);
    sent_ += sizeof...(records);
  }
  template <class... Records>
  void say(std::uint64_t seq, const Records&... records) {
    schemas::FrameBuilder builder;
    (schemas::append(builder.body(), records), ...);
    worker.on_backend_frame(builder.finish({.link = worker.link(), .seq = seq, .ack = committed}), now, actions);
  }
  void welcome() {
    broker_says(schemas::WorkerWelcome{.incarnation = {5}, .shard = 2});
    turn();
  }

  static schemas::Unit unit(std::uint64_t id, std::uint64_t first = 1, std::size_t events = 1) {
    schemas::Unit unit{.unit = {id}, .attempt = 1, .client = alice, .session_version = 1, .session = "s"};
    for (std::size_t i = 0; i < events; ++i) unit.events.push_back({.seq = first + i, .payload = "m"});
    return unit;
  }

  // ---- the worker is seen

  // Takes a turn and sorts what it asks for.
  void turn(Duration later = 0ms) {
    now += later;
    worker.on_turn(now, actions);
    said.clear(), outcomes.clear(), published.clear(), did.clear(), notes.clear();
    for (const auto& action : std::exchange(actions, {})) std::visit([this](const auto& one) { see(one); }, action);
  }
  void see(const OpenLink& open) { did.emplace_back("open"), link = open.link, sent_ = 0; }
  void see(const CloseLink&) { did.emplace_back("close"); }
  void see(const Note& note) { notes.push_back(note.event); }
  void see(const Answered& answered) { answers.push_back(answered.answer.id); }
  void see(const Unanswered& unanswered) { unanswers.push_back(unanswered.id); }
  void see(const SendControl& send) {
    auto opened = schemas::open_frame(send.frame).value();
    EXPECT_EQ(opened.header, schemas::Header{.link = link});
    while (!opened.records.at_end()) said.push_back(schemas::decode_from_worker(opened.records));
    EXPECT_TRUE(opened.records.ok());
  }
  void see(const Publish& publish) {
    EXPECT_EQ(publish.frame.substr(0, schemas::topic_bytes), schemas::outcomes_topic(link));
    auto opened = schemas::open_frame(std::string_view(publish.frame).substr(schemas::topic_bytes)).value();
    EXPECT_EQ(opened.header.link, link);
    std::uint64_t number = opened.header.seq;
    while (!opened.records.at_end()) {
      published.push_back(schemas::decode_from_worker(opened.records));
      if (const auto* outcome = std::get_if<schemas::Outcome>(&published.back()))
        outcomes.emplace_back(number++, *outcome);
    }
    EXPECT_TRUE(opened.records.ok());
  }
  template <class Record>
  int times_said() const {
    return static_cast<int>(
        std::count_if(said.begin(), said.end(), [](const auto& r) { return std::holds_alternative<Record>(r); }));
  }
  template <class Record>
  Record only() const {
    EXPECT_EQ(times_said<Record>(), 1);
    for (const auto& record : said) {
      if (const auto* found = std::get_if<Record>(&record)) return *found;
    }
    return {};
  }
  std::vector<std::uint64_t> outcome_seqs() const {
    std::vector<std::uint64_t> seqs;
    for (const auto& [number, outcome] : outcomes) seqs.push_back(outcome.seq);
    return seqs;
  }

  // ---- its handler

  void done(const Job& job, std::vector<schemas::Effect> effects = {}, Duration took = 100us) {
    worker.on_handled(job, Verdict::done, std::move(effects), "", took, now, actions);
  }
  void failed(const Job& job) { worker.on_handled(job, Verdict::failed, {}, "no", 100us, now, actions); }
  // Handles everything that is there, and tells the events' numbers.
  std::vector<std::uint64_t> handle_all() {
    std::vector<std::uint64_t> seqs;
    while (auto job = worker.next(now)) seqs.push_back(job->event.seq), done(*job);
    return seqs;
  }

  Instant now{1000s};
  Actions actions;
  Worker worker{{.name = "w", .version = "1.2", .app = "chat", .incarnation = {9}}, Random{1}};
  LinkId link;
  std::uint64_t committed = 0;
  std::vector<schemas::ToBrokerFromWorker> said;       // on DEALER in the last turn
  std::vector<schemas::ToBrokerFromWorker> published;  // on PUB
  std::vector<std::pair<std::uint64_t, schemas::Outcome>> outcomes;
  std::vector<std::string> did, notes;
  std::vector<std::uint64_t> answers, unanswers;

 private:
  std::uint64_t sent_ = 0;
};

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
  worker.on_handled(*job, Verdict::failed, {schemas::Ungroup{"g"}}, std::string(5000, 'x'), 1ms, now, actions);
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

// ---- L1 to L7: links

TEST_F(WorkerTest, a_gap_in_the_units_ends_the_link) {
  welcome();
  broker_numbers(unit(1));
  say(3, unit(3));
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
  EXPECT_THAT(notes, ElementsAre("link_lost"));
  EXPECT_FALSE(worker.next(now));
}

TEST_F(WorkerTest, a_lost_tail_is_seen_by_the_heartbeat) {
  welcome();
  broker_numbers(unit(1));
  broker_says(schemas::Heartbeat{.head = 1});
  turn();
  EXPECT_THAT(did, IsEmpty());
  broker_says(schemas::Heartbeat{.head = 2});
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
}

TEST_F(WorkerTest, repeated_units_are_passed_over) {
  welcome();
  say(1, unit(1));
  say(1, unit(1), unit(2, 5));
  EXPECT_EQ(handle_all(), (std::vector<std::uint64_t>{1, 5}));
}

TEST_F(WorkerTest, frames_of_other_links_are_dropped_and_counted) {
  welcome();
  schemas::FrameBuilder builder;
  schemas::append(builder.body(), schemas::Reset{"old"});
  worker.on_backend_frame(builder.finish({.link = {12345}}), now, actions);
  turn();
  EXPECT_TRUE(worker.live());
  EXPECT_EQ(worker.counters().stale_frames, 1U);
}

TEST_F(WorkerTest, silence_ends_the_link) {
  welcome();
  for (int i = 0; i < 9; ++i) turn(400ms);
  EXPECT_TRUE(worker.live());
  turn(400ms);
  EXPECT_THAT(did, ElementsAre("close"));
}

TEST_F(WorkerTest, its_own_absence_does_not_count_as_the_brokers_silence) {
  welcome();
  turn(3s);
  turn(10s);
  EXPECT_TRUE(worker.live());
}

TEST_F(WorkerTest, an_idle_worker_never_sleeps_long_enough_to_look_paused) {
  welcome();
  for (int i = 0; i < 20 && did.empty(); ++i) {
    EXPECT_LE(worker.next_time() - now, PauseDetector::longest_turn / 2);
    turn(worker.next_time() - now);
  }
  EXPECT_THAT(did, ElementsAre("close"));  // so a silent broker is noticed after all
}

TEST_F(WorkerTest, a_reset_ends_the_link_and_a_new_one_starts_from_nothing) {
  welcome();
  broker_numbers(unit(1, 1, 2), unit(2, 7));
  const auto job = worker.next(now);
  const LinkId before = link;
  broker_says(schemas::Reset{"restarted"});
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
  turn(100ms);
  EXPECT_THAT(did, ElementsAre("open"));
  EXPECT_NE(link, before);
  welcome();
  broker_numbers(unit(1, 1, 2));           // the same unit again, by a broker that counts anew
  EXPECT_FALSE(worker.next(now));          // the handler is still at it
  done(*job, {schemas::Ungroup{"late"}});  // for the old link
  EXPECT_EQ(handle_all(), (std::vector<std::uint64_t>{1, 2}));
  turn();
  ASSERT_THAT(outcome_seqs(), ElementsAre(1, 2));
  EXPECT_EQ(outcomes[0].first, 1U);
  EXPECT_THAT(outcomes[0].second.effects, IsEmpty());
}

TEST_F(WorkerTest, outcomes_that_were_not_sent_yet_die_with_the_link) {
  welcome();
  broker_numbers(unit(1));
  handle_all();
  worker.on_link_broken("cut");
  turn();
  turn(100ms);
  welcome();
  EXPECT_THAT(outcomes, IsEmpty());
}

TEST_F(WorkerTest, bad_bytes_end_the_link_and_nothing_of_their_frame_counts) {
  welcome();
  schemas::FrameBuilder builder;
  schemas::append(builder.body(), unit(1));
  builder.body() += "\xc1";
  worker.on_backend_frame(builder.finish({.link = link, .seq = 1}), now, actions);
  EXPECT_FALSE(worker.next(now));
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
  EXPECT_EQ(worker.counters().bad_frames, 1U);
}

TEST_F(WorkerTest, an_acknowledgement_of_what_was_not_sent_is_bad_bytes) {
  welcome();
  committed = 1;
  broker_says(schemas::Heartbeat{});
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
}

TEST_F(WorkerTest, a_unit_must_be_numbered_have_events_and_follow_the_welcome) {
  broker_numbers(unit(1));
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
  turn(100ms);
  welcome();
  broker_says(unit(1));
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
  turn(100ms);
  welcome();
  broker_numbers(unit(1, 1, 0));
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
}

TEST_F(WorkerTest, holds_only_so_many_units) {
  welcome();
  for (std::uint64_t i = 1; i <= Worker::most_units; ++i) broker_numbers(unit(i, i));
  turn();
  EXPECT_TRUE(worker.live());
  broker_numbers(unit(9999));
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
}

TEST_F(WorkerTest, a_record_it_does_not_know_is_complained_about_and_passed_over) {
  welcome();
  broker_numbers(unit(1), schemas::Event{.payload = "for gateways only"}, unit(2, 7));
  EXPECT_EQ(handle_all(), (std::vector<std::uint64_t>{1, 7}));
  turn();
  EXPECT_EQ(times_said<schemas::Complaint>(), 1);
  EXPECT_EQ(worker.counters().unknown_records, 1U);
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

}  // namespace fairlead::worker
