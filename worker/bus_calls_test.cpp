// Calls without an event: what a publication is made of. The rest is called by context_test.cpp, through the Context.
#include "worker/bus_calls.hpp"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/limits.hpp"
#include "worker/test_context.hpp"

namespace fairlead::worker {
namespace {

using schemas::Effect;
using testing::ElementsAre;

struct Publication {
  ScriptedQueries queries;
  store::MemoryStore store{[] { return WallTime{}; }};
  PublicationBus bus{queries, store};
};

TEST(BusCalls, become_effects_in_their_order_and_are_taken_once) {
  Publication p;
  p.bus.send_to_group("news", "hello");
  p.bus.set_session(TestContext::me, "s");
  EXPECT_THAT(p.bus.take_effects(),
              ElementsAre(Effect(schemas::Send{.scope = schemas::Scope::groups, .names = {"news"}, .payload = "hello"}),
                          Effect(schemas::SetSession{.client = TestContext::me, .session = "s"})))
      << "nobody's session was read, so none is expected";
  EXPECT_TRUE(p.bus.take_effects().empty());
}

TEST(BusCalls, keep_the_limits_of_an_outcome) {
  Publication p;
  EXPECT_THROW(p.bus.ungroup(""), std::invalid_argument);
  EXPECT_THROW(p.bus.ungroup(std::string(schemas::max_name + 1, 'g')), std::length_error);
  EXPECT_THROW(p.bus.send_to_all(std::string(schemas::max_payload + 1, 'x'), {}), std::length_error);
  for (std::size_t i = 0; i < schemas::max_effects; ++i) p.bus.ungroup("g");
  EXPECT_THROW(p.bus.ungroup("one more"), std::length_error);
  EXPECT_EQ(p.bus.take_effects().size(), schemas::max_effects);
}

TEST(BusCalls, ask_the_broker) {
  Publication p;
  p.queries.answers = {{.complete = true, .items = {"3"}}};
  EXPECT_EQ(p.bus.client_count("room")->value, 3U);
  EXPECT_FALSE(p.bus.client_count("room")) << "nobody answers";
}

}  // namespace
}  // namespace fairlead::worker
