#include "gateway/mirror.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;

constexpr UserId ann{1};
constexpr UserId bob{2};
constexpr UserId eve{3};

TEST(Mirror, a_user_in_several_of_the_groups_is_named_once) {
  Mirror mirror;
  mirror.join(eve, "a");
  mirror.join(ann, "a");
  mirror.join(ann, "b");
  mirror.join(ann, "a");
  EXPECT_THAT(mirror.of_groups({"b", "a", "b", "unknown"}), ElementsAre(ann, eve));
}

TEST(Mirror, a_new_uid_replaces_the_old_one) {
  Mirror mirror;
  mirror.bind(ann, "x");
  mirror.bind(bob, "x");
  mirror.bind(ann, "y");
  EXPECT_THAT(mirror.of_uids({"x"}), ElementsAre(bob));
  EXPECT_THAT(mirror.of_uids({"y", "x"}), ElementsAre(ann, bob));
  mirror.bind(bob, std::nullopt);
  EXPECT_THAT(mirror.of_uids({"x"}), IsEmpty());
}

TEST(Mirror, ungrouping_takes_the_group_from_every_member) {
  Mirror mirror;
  mirror.join(ann, "a");
  mirror.join(bob, "a");
  mirror.join(bob, "b");
  mirror.ungroup("a");
  EXPECT_THAT(mirror.of_groups({"a"}), IsEmpty());
  EXPECT_THAT(mirror.find(bob)->groups, ElementsAre(Key("b")));
}

TEST(Mirror, leaving_a_group_one_is_not_in_changes_nothing) {
  Mirror mirror;
  mirror.join(ann, "a");
  mirror.leave(bob, "a");
  mirror.leave(ann, "b");
  EXPECT_THAT(mirror.of_groups({"a"}), ElementsAre(ann));
  EXPECT_EQ(mirror.find(bob), nullptr);
}

TEST(Mirror, nothing_is_left_of_who_is_forgotten) {
  Mirror mirror;
  mirror.bind(ann, "x");
  mirror.join(ann, "a");
  mirror.set_session(ann, 2, "s");
  EXPECT_EQ(mirror.find(ann)->session, "s");
  mirror.forget(ann);
  EXPECT_EQ(mirror.find(ann), nullptr);
  EXPECT_EQ(mirror.uids(), 0U);
  EXPECT_EQ(mirror.groups(), 0U);
}

}  // namespace
}  // namespace fairlead::gateway
