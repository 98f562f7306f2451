#include "bus/io/keys.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace fairlead::io {
namespace {

namespace fs = std::filesystem;

class KeyFiles : public ::testing::Test {
 protected:
  KeyFiles()
      : folder(fs::path(::testing::TempDir()) /
               ("keys-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
                ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder);
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string path(const std::string& name) const { return folder / name; }
  void write(const std::string& name, const std::string& text, fs::perms perms = fs::perms::owner_all) const {
    std::ofstream(path(name)) << text;
    fs::permissions(path(name), perms);
  }

  fs::path folder;
};

TEST_F(KeyFiles, hold_what_was_made_and_are_not_written_over) {
  const KeyPair made = make_key_pair();
  ASSERT_TRUE(save(made, path("gateway.key")));
  EXPECT_EQ(fs::status(path("gateway.key")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const auto loaded = load_key_pair(path("gateway.key")).value();
  EXPECT_EQ(loaded.secret_key, made.secret_key);
  EXPECT_EQ(loaded.public_key, made.public_key);
  EXPECT_EQ(load_public_key(path("gateway.key.pub")).value(), made.public_key);
  EXPECT_NE(make_key_pair().secret_key, made.secret_key);

  const auto again = save(make_key_pair(), path("gateway.key"));
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("is there already"), std::string::npos);
  EXPECT_EQ(load_key_pair(path("gateway.key")).value().secret_key, made.secret_key);
}

TEST_F(KeyFiles, what_is_wrong_with_one_is_told_with_its_name) {
  EXPECT_EQ(load_key_pair(path("none")).error().message, path("none") + ": No such file or directory");
  write("empty", "");
  EXPECT_FALSE(load_key_pair(path("empty")));
  write("short", "abc\n");
  EXPECT_EQ(load_public_key(path("short")).error().message, path("short") + ": a key has 40 characters, not 3");
}

TEST_F(KeyFiles, a_secret_that_everybody_can_read_is_none) {
  ASSERT_TRUE(save(make_key_pair(), path("a.key")));
  fs::permissions(path("a.key"), fs::perms::others_read, fs::perm_options::add);
  const auto loaded = load_key_pair(path("a.key"));
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("chmod 600"), std::string::npos);
}

TEST_F(KeyFiles, whoever_connects_needs_both_or_none) {
  ASSERT_TRUE(save(make_key_pair(), path("own.key")));
  ASSERT_TRUE(save(make_key_pair(), path("broker.key")));
  EXPECT_TRUE(load_keys("", "").value().own.secret_key.empty());
  EXPECT_FALSE(load_keys(path("own.key"), ""));
  EXPECT_FALSE(load_keys("", path("broker.key.pub")));
  EXPECT_EQ(load_keys(path("own.key"), path("broker.key.pub")).value().broker,
            load_public_key(path("broker.key.pub")).value());
  EXPECT_FALSE(load_keys(path("own.key"), path("own.key")));
}

}  // namespace
}  // namespace fairlead::io
