#include "broker/io/journal_files.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace fairlead::broker::io {
namespace {

namespace fs = std::filesystem;

class JournalFilesTest : public testing::Test {
 protected:
  std::string directory;
  static constexpr Lineage fresh{11};

  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "fairlead-journal-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(directory); }

  auto open(Lineage lineage = fresh) { return JournalFiles::open(directory, JournalLevel::process, 0, lineage); }
  static std::string came(std::uint64_t gateway) {
    std::string bytes;
    append_fact(bytes, fresh, GatewayCame{.gateway = {gateway}, .name = "g" + std::to_string(gateway)});
    return bytes;
  }
  std::string only_segment() const {
    std::string found;
    for (const auto& entry : fs::directory_iterator(directory)) {
      if (entry.path().filename().string().starts_with("segment-")) found = entry.path().string();
    }
    return found;
  }
};

}  // namespace

TEST_F(JournalFilesTest, what_was_appended_is_there_after_a_restart) {
  {
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_TRUE(opened->first.append(came(1)));
    ASSERT_TRUE(opened->first.append(came(2)));
  }
  auto again = open({12});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->second.header.lineage, fresh);
  EXPECT_EQ(again->second.state.gateways().size(), 2U);
  EXPECT_EQ(again->second.facts, 2U);
}

TEST_F(JournalFilesTest, two_brokers_cannot_share_one) {
  auto first = open();
  ASSERT_TRUE(first);
  auto second = open();
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("another broker is running"), std::string::npos) << second.error().message;
}

TEST_F(JournalFilesTest, a_checkpoint_begins_a_segment_and_the_older_one_goes) {
  {
    auto opened = open();
    State state;
    state.apply(GatewayCame{.gateway = {9}, .name = "nine"});
    ASSERT_TRUE(opened->first.append(came(9)));
    const JournalHeader next{.lineage = fresh, .shard = 0, .segment = 2};
    ASSERT_TRUE(opened->first.begin_segment(2, broker::begin_segment(next, state)));
    ASSERT_TRUE(opened->first.append(came(10)));
  }
  EXPECT_TRUE(only_segment().ends_with("segment-0000000002"));
  auto again = open();
  EXPECT_EQ(again->second.state.gateways().size(), 2U);
  EXPECT_EQ(again->second.header.segment, 2U);
}

TEST_F(JournalFilesTest, a_torn_tail_is_cut_off_and_writing_goes_on_behind_it) {
  {
    auto opened = open();
    ASSERT_TRUE(opened->first.append(came(1)));
    ASSERT_TRUE(opened->first.append(came(2).substr(0, 11)));
  }
  {
    auto again = open();
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->second.cut_bytes, 11U);
    EXPECT_EQ(again->second.state.gateways().size(), 1U);
    ASSERT_TRUE(again->first.append(came(3)));
  }
  EXPECT_EQ(open()->second.state.gateways().size(), 2U);
}

TEST_F(JournalFilesTest, a_damaged_one_is_put_aside_and_a_new_lineage_begins) {
  {
    auto opened = open();
    ASSERT_TRUE(opened->first.append(came(1) + came(2)));
  }
  {
    std::fstream file(only_segment(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('\x7f');
  }
  auto again = open({12});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_FALSE(again->second.damage.empty());
  EXPECT_EQ(again->second.header.lineage, Lineage{12});
  EXPECT_TRUE(again->second.state.gateways().empty());
  std::size_t kept = 0;
  for (const auto& entry : fs::directory_iterator(directory))
    kept += entry.path().filename().string().starts_with("damaged-") ? 1 : 0;
  EXPECT_EQ(kept, 1U);
}

TEST_F(JournalFilesTest, a_write_that_fails_leaves_nothing_and_can_be_tried_again) {
  auto opened = open();
  ASSERT_TRUE(opened->first.append(came(1)));
  // A file size limit is as good as a full disk: the write stops half way.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = opened->first.size() + 10;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto failed = opened->first.append(came(2));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(failed);
  ASSERT_TRUE(opened->first.append(came(2)));
  { const auto gone = std::move(opened->first); }
  auto again = open();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->second.state.gateways().size(), 2U);
  EXPECT_EQ(again->second.cut_bytes, 0U);
}

}  // namespace fairlead::broker::io
