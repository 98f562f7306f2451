// Links of a worker: how they end, and that nothing of a link outlives it (docs/protocol.md, L1 to L8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/test_talk.hpp"

namespace fairlead::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WorkerLinkTest : public testing::Test, protected Talk {};

}  // namespace

TEST_F(WorkerLinkTest, a_gap_in_the_units_ends_the_link) {
  welcome();
  broker_numbers(unit(1));
  say(3, unit(3));
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
  EXPECT_THAT(notes, ElementsAre("link_lost"));
  EXPECT_FALSE(worker.next(now));
}

TEST_F(WorkerLinkTest, a_lost_tail_is_seen_by_the_heartbeat) {
  welcome();
  broker_numbers(unit(1));
  broker_says(schemas::Heartbeat{.head = 1});
  turn();
  EXPECT_THAT(did, IsEmpty());
  broker_says(schemas::Heartbeat{.head = 2});
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
}

TEST_F(WorkerLinkTest, repeated_units_are_passed_over) {
  welcome();
  say(1, unit(1));
  say(1, unit(1), unit(2, 5));
  EXPECT_EQ(handle_all(), (std::vector<std::uint64_t>{1, 5}));
}

TEST_F(WorkerLinkTest, frames_of_other_links_are_dropped_and_counted) {
  welcome();
  schemas::FrameBuilder builder;
  schemas::append(builder.body(), schemas::Reset{"old"});
  worker.on_backend_frame(builder.finish({.link = {12345}}), now, actions);
  turn();
  EXPECT_TRUE(worker.live());
  EXPECT_EQ(worker.counters().stale_frames, 1U);
}

TEST_F(WorkerLinkTest, silence_ends_the_link) {
  welcome();
  for (int i = 0; i < 9; ++i) turn(400ms);
  EXPECT_TRUE(worker.live());
  turn(400ms);
  EXPECT_THAT(did, ElementsAre("close"));
}

TEST_F(WorkerLinkTest, its_own_absence_does_not_count_as_the_brokers_silence) {
  welcome();
  turn(3s);
  turn(10s);
  EXPECT_TRUE(worker.live());
}

TEST_F(WorkerLinkTest, an_idle_worker_never_sleeps_long_enough_to_look_paused) {
  welcome();
  for (int i = 0; i < 20 && did.empty(); ++i) {
    EXPECT_LE(worker.next_time() - now, PauseDetector::longest_turn / 2);
    turn(worker.next_time() - now);
  }
  EXPECT_THAT(did, ElementsAre("close"));  // so a silent broker is noticed after all
}

TEST_F(WorkerLinkTest, a_reset_ends_the_link_and_a_new_one_starts_from_nothing) {
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

TEST_F(WorkerLinkTest, outcomes_that_were_not_sent_yet_die_with_the_link) {
  welcome();
  broker_numbers(unit(1));
  handle_all();
  worker.on_link_broken("cut");
  turn();
  turn(100ms);
  welcome();
  EXPECT_THAT(outcomes, IsEmpty());
}

TEST_F(WorkerLinkTest, bad_bytes_end_the_link_and_nothing_of_their_frame_counts) {
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

TEST_F(WorkerLinkTest, an_acknowledgement_of_what_was_not_sent_is_bad_bytes) {
  welcome();
  committed = 1;
  broker_says(schemas::Heartbeat{});
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
}

TEST_F(WorkerLinkTest, a_unit_must_be_numbered_have_events_and_follow_the_welcome) {
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

TEST_F(WorkerLinkTest, holds_only_so_many_units) {
  welcome();
  for (std::uint64_t i = 1; i <= Worker::most_units; ++i) broker_numbers(unit(i, i));
  turn();
  EXPECT_TRUE(worker.live());
  broker_numbers(unit(9999));
  turn();
  EXPECT_THAT(did, ElementsAre("close"));
}

TEST_F(WorkerLinkTest, a_record_it_does_not_know_is_complained_about_and_passed_over) {
  welcome();
  broker_numbers(unit(1), schemas::Event{.payload = "for gateways only"}, unit(2, 7));
  EXPECT_EQ(handle_all(), (std::vector<std::uint64_t>{1, 7}));
  turn();
  EXPECT_EQ(times_said<schemas::Complaint>(), 1);
  EXPECT_EQ(worker.counters().unknown_records, 1U);
}

}  // namespace fairlead::worker
