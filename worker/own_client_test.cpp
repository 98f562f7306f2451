#include "worker/own_client.hpp"

#include <gtest/gtest.h>

namespace fairlead::worker {
namespace {

const ClientId me{.gateway = {1}, .counter = 1};
const ClientId other{.gateway = {1}, .counter = 2};

TEST(OwnClient, begins_as_its_unit_says) {
  const schemas::Unit unit{.client = me, .session_version = 7, .session = "s", .uid = "u", .groups = {"g"}};
  const OwnClient own = OwnClient::of(unit);
  EXPECT_EQ(own.id, me);
  EXPECT_EQ(own.session_version, 7U);
  EXPECT_EQ(own.session, "s");
  EXPECT_EQ(own.uid, "u");
  EXPECT_TRUE(own.is_in("g"));
}

TEST(OwnClient, takes_over_what_is_done_to_it_and_nothing_else) {
  OwnClient own{.id = me};
  own.apply(schemas::Bind{me, "7"});
  own.apply(schemas::Bind{other, "8"});
  own.apply(schemas::Join{me, "a"});
  own.apply(schemas::Join{me, "a"});
  own.apply(schemas::Join{me, "b"});
  own.apply(schemas::Join{other, "c"});
  EXPECT_EQ(own.uid, "7");
  EXPECT_EQ(own.groups, (std::vector<std::string>{"a", "b"}));
  own.apply(schemas::Leave{other, "a"});
  own.apply(schemas::Ungroup{"b"});
  EXPECT_EQ(own.groups, std::vector<std::string>{"a"});
  own.apply(schemas::Leave{me, "a"});
  own.apply(schemas::Bind{me, std::nullopt});
  EXPECT_TRUE(own.groups.empty());
  EXPECT_EQ(own.uid, std::nullopt);
}

TEST(OwnClient, compares_before_it_sets_when_asked_to) {
  OwnClient own{.id = me, .session_version = 3, .session = "old"};
  own.apply(schemas::SetSession{me, 2, "late"});
  EXPECT_EQ(own.session, "old");
  own.apply(schemas::SetSession{me, 3, "new"});
  EXPECT_EQ(own.session, "new");
  EXPECT_EQ(own.session_version, 4U);
  own.apply(schemas::SetSession{other, std::nullopt, "theirs"});
  own.apply(schemas::SetSession{me, std::nullopt, "newest"});
  EXPECT_EQ(own.session, "newest");
  EXPECT_EQ(own.session_version, 5U);
}

}  // namespace
}  // namespace fairlead::worker
