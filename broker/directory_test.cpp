#include "broker/directory.hpp"

#include <gtest/gtest.h>

namespace fairlead::broker {
namespace {

constexpr Incarnation here{1};
constexpr Incarnation there{2};
constexpr ClientId ann{.gateway = here, .counter = 1};
constexpr ClientId bob{.gateway = here, .counter = 2};
constexpr ClientId cid{.gateway = there, .counter = 1};

class DirectoryTest : public testing::Test {
 protected:
  Directory directory;

  void SetUp() override {
    for (const auto& id : {ann, bob, cid}) directory.add(id, {});
  }
};

}  // namespace

TEST_F(DirectoryTest, a_uid_reaches_every_client_bound_to_it) {
  EXPECT_TRUE(directory.bind(ann, "7"));
  EXPECT_TRUE(directory.bind(cid, "7"));
  EXPECT_EQ(directory.uid("7")->clients, (std::set<ClientId>{ann, cid}));
  EXPECT_EQ(directory.uid("7")->gateways, (Directory::Gateways{{here, 1}, {there, 1}}));
}

TEST_F(DirectoryTest, binding_again_replaces_and_a_uid_without_clients_vanishes) {
  directory.bind(ann, "7");
  EXPECT_FALSE(directory.bind(ann, "7"));
  EXPECT_TRUE(directory.bind(ann, "8"));
  EXPECT_EQ(directory.uid("7"), nullptr);
  EXPECT_TRUE(directory.bind(ann, std::nullopt));
  EXPECT_TRUE(directory.uids().empty());
}

TEST_F(DirectoryTest, joining_and_leaving_are_idempotent_and_an_empty_group_vanishes) {
  EXPECT_TRUE(directory.join(ann, "room"));
  EXPECT_FALSE(directory.join(ann, "room"));
  EXPECT_TRUE(directory.leave(ann, "room"));
  EXPECT_FALSE(directory.leave(ann, "room"));
  EXPECT_TRUE(directory.groups().empty());
}

TEST_F(DirectoryTest, ungroup_sends_every_member_away_and_tells_who_held_them) {
  for (const auto& id : {ann, bob, cid}) directory.join(id, "room");
  EXPECT_EQ(directory.ungroup("room"), (Directory::Gateways{{here, 2}, {there, 1}}));
  EXPECT_TRUE(directory.find(ann)->groups.empty());
  EXPECT_TRUE(directory.ungroup("room").empty());
}

TEST_F(DirectoryTest, a_client_that_goes_leaves_nothing_behind) {
  directory.bind(cid, "9");
  directory.join(cid, "room");
  directory.remove(cid);
  EXPECT_EQ(directory.find(cid), nullptr);
  EXPECT_EQ(directory.uid("9"), nullptr);
  EXPECT_EQ(directory.group("room"), nullptr);
  EXPECT_FALSE(directory.gateways().contains(there));
}

TEST_F(DirectoryTest, pages_are_in_order_whatever_order_the_clients_came_in) {
  EXPECT_EQ(directory.page(std::nullopt, 2), (std::vector<ClientId>{ann, bob}));
  EXPECT_EQ(directory.page(bob, 2), (std::vector<ClientId>{cid}));
  EXPECT_EQ(directory.clients_of(here), (std::vector<ClientId>{ann, bob}));
}

}  // namespace fairlead::broker
