#include "worker/inbox.hpp"

#include <gtest/gtest.h>

namespace fairlead::worker {
namespace {

constexpr LinkId link{1};
const ClientId alice{.gateway = {7}, .counter = 1};
const ClientId bob{.gateway = {7}, .counter = 2};

// A unit of alice's with events first, first + 1, …
schemas::Unit unit(std::uint64_t id, std::uint64_t first, std::size_t events) {
  schemas::Unit unit{.unit = {id},
                     .attempt = 1,
                     .client = alice,
                     .gateway = "gw",
                     .peer = "192.0.2.7:5123",
                     .session_version = 4,
                     .session = "old",
                     .uid = "u",
                     .groups = {"g"}};
  for (std::size_t i = 0; i < events; ++i) unit.events.push_back({.seq = first + i, .payload = "m"});
  return unit;
}

// What the next handler sees after `effects` in the one before.
Job after(std::vector<schemas::Effect> effects) {
  Inbox inbox;
  inbox.add(unit(1, 1, 2));
  const auto first = inbox.take(link);
  EXPECT_EQ(inbox.put_back(*first, effects), Inbox::Left::events);
  return *inbox.take(link);
}

}  // namespace

TEST(Inbox, gives_units_in_order_and_events_in_order) {
  Inbox inbox;
  inbox.add(unit(1, 5, 2));
  inbox.add(unit(2, 9, 1));
  std::vector<std::uint64_t> seqs;
  while (auto job = inbox.take(link)) {
    seqs.push_back(job->event.seq);
    inbox.put_back(*job, {});
  }
  EXPECT_EQ(seqs, (std::vector<std::uint64_t>{5, 6, 9}));
  EXPECT_TRUE(inbox.empty());
}

TEST(Inbox, tells_the_handler_who_it_is_about) {
  Inbox inbox;
  inbox.add(unit(3, 1, 1));
  const auto job = inbox.take(link);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->link, link);
  EXPECT_EQ(job->unit, UnitId{3});
  EXPECT_EQ(job->client, alice);
  EXPECT_EQ(job->gateway, "gw");
  EXPECT_EQ(job->peer, "192.0.2.7:5123");
  EXPECT_EQ(job->session_version, 4U);
  EXPECT_EQ(job->session, "old");
  EXPECT_EQ(job->uid, "u");
  EXPECT_EQ(job->groups, std::vector<std::string>{"g"});
}

TEST(Inbox, gives_one_event_at_a_time) {
  Inbox inbox;
  inbox.add(unit(1, 1, 2));
  const auto job = inbox.take(link);
  EXPECT_FALSE(inbox.take(link));
  inbox.put_back(*job, {});
  EXPECT_TRUE(inbox.take(link));
}

TEST(Inbox, carries_what_a_handler_did_to_its_own_client_to_the_next_event) {
  const Job job = after({schemas::SetSession{.client = alice, .session = "new"}, schemas::Bind{alice, "me"},
                         schemas::Join{alice, "h"}, schemas::Leave{alice, "g"}});
  EXPECT_EQ(job.session, "new");
  EXPECT_EQ(job.session_version, 5U);
  EXPECT_EQ(job.uid, "me");
  EXPECT_EQ(job.groups, std::vector<std::string>{"h"});
}

TEST(Inbox, sets_a_session_only_over_the_version_that_was_expected) {
  EXPECT_EQ(after({schemas::SetSession{.client = alice, .expected = 4, .session = "new"}}).session, "new");
  EXPECT_EQ(after({schemas::SetSession{.client = alice, .expected = 3, .session = "new"}}).session, "old");
}

TEST(Inbox, carries_nothing_of_what_was_done_to_others) {
  const Job job = after({schemas::SetSession{.client = bob, .session = "new"}, schemas::Bind{bob, std::nullopt},
                         schemas::Join{bob, "h"}, schemas::Leave{bob, "g"}});
  EXPECT_EQ(job.session, "old");
  EXPECT_EQ(job.uid, "u");
  EXPECT_EQ(job.groups, std::vector<std::string>{"g"});
  EXPECT_TRUE(after({schemas::Ungroup{"g"}}).groups.empty());
}

TEST(Inbox, starts_each_unit_with_what_the_broker_says) {
  Inbox inbox;
  inbox.add(unit(1, 1, 1));
  inbox.add(unit(2, 2, 1));
  inbox.put_back(*inbox.take(link), std::vector<schemas::Effect>{schemas::SetSession{alice, {}, "mine"}});
  EXPECT_EQ(inbox.take(link)->session, "old");
}

TEST(Inbox, drops_the_rest_of_a_unit_after_a_failure) {
  Inbox inbox;
  inbox.add(unit(1, 1, 3));
  inbox.add(unit(2, 9, 1));
  EXPECT_EQ(inbox.put_back_failed(*inbox.take(link)), Inbox::Left::other_units);
  EXPECT_EQ(inbox.take(link)->event.seq, 9U);
}

TEST(Inbox, drops_a_cancelled_unit_wherever_it_stands) {
  Inbox inbox;
  for (std::uint64_t id = 1; id <= 3; ++id) inbox.add(unit(id, 10 * id, 2));
  inbox.cancel({2}, 1);
  inbox.cancel({3}, 2);  // not the attempt that is here
  const auto job = inbox.take(link);
  inbox.cancel({1}, 1);
  EXPECT_EQ(inbox.put_back(*job, {}), Inbox::Left::nothing);
  EXPECT_EQ(inbox.take(link)->event.seq, 30U);
  EXPECT_EQ(inbox.units(), 1U);
}

TEST(Inbox, takes_back_nothing_that_was_cleared) {
  Inbox inbox;
  inbox.add(unit(1, 1, 2));
  const auto job = inbox.take(link);
  inbox.clear();
  EXPECT_EQ(inbox.put_back(*job, {}), Inbox::Left::nothing);
  EXPECT_FALSE(inbox.take(link));
}

}  // namespace fairlead::worker
