#include "apps/echo.hpp"

#include <gtest/gtest.h>

#include "fairlead/rehearsal.hpp"

#include "store/memory_store.hpp"

namespace fairlead::apps {

TEST(Echo, replies_with_the_same_bytes_in_the_same_kind) {
  Echo echo;
  Rehearsal bus(echo, std::make_shared<store::MemoryStore>([] { return WallTime{}; }));
  const ClientId ann = bus.open();
  const std::string bytes("\0\xff{}\n", 5);
  bus.say(ann, bytes);
  EXPECT_FALSE(bus.last_was_binary(ann));
  bus.say_binary(ann, "");
  EXPECT_TRUE(bus.last_was_binary(ann));
  EXPECT_EQ(bus.heard(ann), (std::vector<std::string>{bytes, ""}));
}

}  // namespace fairlead::apps
