#include "gateway/session.hpp"

#include <gtest/gtest.h>

namespace fairlead::gateway {
namespace {

ClientId client(std::uint64_t counter) { return {.shard = 0, .gateway = {7}, .counter = counter}; }

TEST(Sessions, are_found_by_user_and_stay_where_they_are) {
  Sessions sessions;
  Session& first = sessions.add(client(1), "peer");
  for (std::uint64_t i = 2; i < 100; ++i) sessions.add(client(i), "peer");
  EXPECT_EQ(sessions.find({1}), &first);
  EXPECT_EQ(sessions.find({50})->client, client(50));
  EXPECT_EQ(sessions.find({100}), nullptr);
}

TEST(Sessions, the_list_has_no_holes_after_removals) {
  Sessions sessions;
  for (std::uint64_t i = 1; i <= 5; ++i) sessions.add(client(i), "peer");
  sessions.remove({1});
  sessions.remove({5});
  sessions.remove({3});
  sessions.remove({3});
  ASSERT_EQ(sessions.size(), 2U);
  for (std::size_t place = 0; place < 2; ++place) {
    EXPECT_EQ(sessions.list()[place]->place, place);
    EXPECT_EQ(sessions.find(sessions.list()[place]->user()), sessions.list()[place]);
  }
}

}  // namespace
}  // namespace fairlead::gateway
