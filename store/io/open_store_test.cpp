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
  const std::string kinds = "': it is of no known kind; there are lmdb:DIR, redis://HOST, memcached://HOST and memory:";
  EXPECT_EQ(error_of("sqlite:x"), "store 'sqlite:x" + kinds);
  EXPECT_EQ(error_of("memory"), "store 'memory" + kinds);
  EXPECT_EQ(error_of(""), "store '" + kinds);
  EXPECT_EQ(error_of("redis://"),
            "store 'redis://': the host is missing; an address looks like redis://:password@host:6379/0?prefix=chat:");
  EXPECT_EQ(error_of("memcached:a"),
            "store 'memcached:a': 'memcached' is to be followed by ://; an address looks like "
            "memcached://host:11211?prefix=chat:");
  EXPECT_EQ(error_of("memory:x"), "store 'memory:x': nothing may follow memory:");
  EXPECT_EQ(error_of("lmdb:"), "store 'lmdb:': lmdb: needs a directory, as in lmdb:/var/lib/fairlead/store");
  EXPECT_EQ(error_of("lmdb:d?sync=never"), "store 'lmdb:d?sync=never': sync=never is neither sync=process nor sync=os");
  EXPECT_EQ(error_of("lmdb:d?map=12"), "store 'lmdb:d?map=12': map=12 is not between 1M and 1024G");
  EXPECT_EQ(error_of("lmdb:d?maps=1G"),
            "store 'lmdb:d?maps=1G': 'maps' is no setting of an lmdb store; there are sync and map");
}

TEST(OpenStore, judges_a_name_without_opening_it) {
  const TempDirectory directory;
  EXPECT_TRUE(check_store("lmdb:" + directory.path() + "/none"));
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/none"));
  EXPECT_TRUE(check_store("redis://u:p@host/1?prefix=x"));
  EXPECT_EQ(check_store("redis://host/x").error().message, error_of("redis://host/x"));
}

TEST(OpenStore, shows_no_password) {
  for (const char* spec :
       {"redis://:secret", "redis://secret@h", "redis://:secret@h:x", "rediss://:secret@h?ca=/no/file",
        "redis//:secret@h", "redit://u:secret@h", "memcached://u:secret@h"}) {
    const std::string told = error_of(spec);
    EXPECT_NE(told, "opened") << spec;
    EXPECT_EQ(told.find("secret"), std::string::npos) << told;
  }
}

TEST(OpenStore, says_where_it_could_not_write) {
  const TempDirectory directory;
  std::ofstream(directory.path() + "/file") << "x";
  EXPECT_THAT(error_of("lmdb:" + directory.path() + "/file/store"),
              testing::HasSubstr("cannot make the store's directory"));
}

}  // namespace
}  // namespace fairlead::store
