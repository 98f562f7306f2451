#include "apps/bench.hpp"

#include <gtest/gtest.h>

#include "fairlead/rehearsal.hpp"

#include "store/memory_store.hpp"

namespace fairlead::apps {
namespace {

TEST(Bench, a_group_hears_what_is_said_to_it_and_nobody_else_does) {
  Bench bench;
  Rehearsal bus(bench, std::make_shared<store::MemoryStore>([] { return WallTime{}; }));
  const ClientId ann = bus.open();
  const ClientId bob = bus.open();
  bus.say(bob, "+room");
  bus.say(ann, "@room hello all");
  EXPECT_EQ(bus.heard(bob), (std::vector<std::string>{"+room", "hello all"}));
  EXPECT_TRUE(bus.heard(ann).empty());
}

TEST(Bench, everything_else_comes_back) {
  Bench bench;
  Rehearsal bus(bench, std::make_shared<store::MemoryStore>([] { return WallTime{}; }));
  const ClientId ann = bus.open();
  for (const auto* text : {"c1-1...", "", "+", "@", "@room"}) bus.say(ann, text);
  EXPECT_EQ(bus.heard(ann), (std::vector<std::string>{"c1-1...", "", "+", "@", "@room"}));
}

}  // namespace
}  // namespace fairlead::apps
