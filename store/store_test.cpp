#include "fairlead/store.hpp"

#include <gtest/gtest.h>

#include "store/memory_store.hpp"

namespace fairlead::store {

// That every call keeps to them is the conformance suite's business (io/conformance_test.cpp); these are the words.
TEST(Store, says_which_limit_a_call_breaks) {
  MemoryStore store([] { return WallTime{}; });
  EXPECT_EQ(store.get("").error().message, "a store key is empty");
  EXPECT_EQ(store.get("a b").error().message,
            "a store key may hold only printable ASCII without spaces (escape anything else): 'a b'");
  EXPECT_EQ(store.get(std::string(251, 'k')).error().message,
            "a store key has 251 bytes; at most 250 are allowed: " + std::string(40, 'k') + "…");
  EXPECT_EQ(store.set("k", "v", std::chrono::milliseconds(-1)).error().message,
            "the ttl for 'k' must be between 0 (for ever) and a hundred years");
}

}  // namespace fairlead::store
