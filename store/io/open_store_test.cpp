#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fairlead/store.hpp"

#include "store/io/test_places.hpp"

namespace fairlead::store {
namespace {

std::string error_of(std::string_view spec) {
  auto opened = open_store(spec);
  return opened ? "opened" : opened.error().message;
}

TEST(OpenStore, opens_what_the_command_line_names) {
  const TempDirectory directory;
  auto disk = open_store("lmdb:" + directory.path() + "?sync=os&map=16M").value();
  EXPECT_EQ(disk->incr("n").value(), 1);
  EXPECT_TRUE(std::filesystem::exists(directory.path() + "/data.mdb"));
  EXPECT_EQ(open_store("memory:").value()->incr("n").value(), 1);
}

TEST(OpenStore, says_what_is_wrong_with_a_name) {
  EXPECT_EQ(error_of("redis://localhost"),
            "store 'redis://localhost': redis is not in this build; this build has lmdb:DIR and memory:");
  EXPECT_EQ(error_of("memcached://a"),
            "store 'memcached://a': memcached is not in this build; this build has lmdb:DIR and memory:");
  EXPECT_EQ(error_of("sqlite:x"), "store 'sqlite:x' is of no known kind; this build has lmdb:DIR and memory:");
  EXPECT_EQ(error_of("memory"), "store 'memory' is of no known kind; this build has lmdb:DIR and memory:");
  EXPECT_EQ(error_of(""), "store '' is of no known kind; this build has lmdb:DIR and memory:");
  EXPECT_EQ(error_of("memory:x"), "store 'memory:x': nothing may follow memory:");
  EXPECT_EQ(error_of("lmdb:"), "store 'lmdb:': lmdb: needs a directory, as in lmdb:/var/lib/fairlead/store");
  EXPECT_EQ(error_of("lmdb:d?sync=never"), "store 'lmdb:d?sync=never': sync=never is neither sync=process nor sync=os");
  EXPECT_EQ(error_of("lmdb:d?map=12"), "store 'lmdb:d?map=12': map=12 is not between 1M and 1024G");
  EXPECT_EQ(error_of("lmdb:d?maps=1G"),
            "store 'lmdb:d?maps=1G': 'maps' is no setting of an lmdb store; there are sync and map");
}

TEST(OpenStore, says_where_it_could_not_write) {
  const TempDirectory directory;
  std::ofstream(directory.path() + "/file") << "x";
  EXPECT_THAT(error_of("lmdb:" + directory.path() + "/file/store"),
              testing::HasSubstr("cannot make the store's directory"));
}

}  // namespace
}  // namespace fairlead::store
