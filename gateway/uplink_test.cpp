#include "gateway/uplink.hpp"

#include <gtest/gtest.h>

namespace fairlead::gateway {
namespace {

using Change = Uplink::Change;

TEST(Uplink, a_client_is_paused_at_its_limit_and_resumed_at_half_of_it) {
  Uplink uplink({.events_per_client = 4});
  Session session;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(uplink.keep(session, "x"), Change::none);
  EXPECT_EQ(uplink.keep(session, "x"), Change::pause);
  EXPECT_EQ(uplink.keep(session, "a close cannot be refused"), Change::none);
  Change change{};
  EXPECT_EQ(uplink.commit(session, 2, change), 2U);
  EXPECT_EQ(change, Change::none);
  EXPECT_EQ(uplink.commit(session, 3, change), 1U);
  EXPECT_EQ(change, Change::resume);
  EXPECT_EQ(session.pending.front().seq, 4U);
}

TEST(Uplink, a_commit_that_comes_again_changes_nothing) {
  Uplink uplink({});
  Session session;
  for (int i = 0; i < 3; ++i) uplink.keep(session, "x");
  Change change{};
  uplink.commit(session, 2, change);
  EXPECT_EQ(uplink.commit(session, 1, change), 0U);
  EXPECT_EQ(session.committed, 2U);
  EXPECT_EQ(session.pending.size(), 1U);
}

TEST(Uplink, everybody_is_paused_by_bytes_too_and_resumed_with_a_quarter_free) {
  Uplink uplink({.bytes = 4000});
  Session session;
  uplink.keep(session, std::string(3000, 'x'));
  EXPECT_EQ(uplink.change_of_all(), Change::none);
  uplink.keep(session, std::string(1000, 'x'));
  EXPECT_EQ(uplink.change_of_all(), Change::pause);
  EXPECT_EQ(uplink.change_of_all(), Change::none);
  Change change{};
  uplink.commit(session, 1, change);
  EXPECT_EQ(uplink.change_of_all(), Change::resume);
  EXPECT_EQ(uplink.change_of_all(), Change::none);
}

TEST(Uplink, counts_nothing_of_who_is_forgotten) {
  Uplink uplink({});
  Session one;
  Session two;
  uplink.keep(one, "x");
  uplink.keep(two, "y");
  uplink.forget(one);
  Change change{};
  uplink.commit(two, 1, change);
  EXPECT_EQ(uplink.events(), 0U);
  EXPECT_EQ(uplink.bytes(), 0U);
}

}  // namespace
}  // namespace fairlead::gateway
