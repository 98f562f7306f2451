#include "store/io/lmdb_store.hpp"

#include <array>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/io/test_places.hpp"

namespace fairlead::store {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t mebibyte = 1U << 20U;

// In a child, with bare LMDB: begins a transaction and never ends it.
void begin_and_stay(const std::string& directory, unsigned flags, unsigned max_readers = 0) {
  MDB_env* environment = nullptr;
  MDB_txn* transaction = nullptr;
  MDB_dbi table = 0;
  mdb_env_create(&environment);
  if (max_readers != 0) mdb_env_set_maxreaders(environment, max_readers);
  if (mdb_env_open(environment, directory.c_str(), 0, 0660) != 0) _exit(2);
  if (mdb_txn_begin(environment, nullptr, flags, &transaction) != 0) _exit(3);
  if (mdb_dbi_open(transaction, nullptr, 0, &table) != 0) _exit(4);
  if ((flags & MDB_RDONLY) == 0) {
    MDB_val key{1, const_cast<char*>("k")};
    MDB_val value{12, const_cast<char*>("\0\0\0\0\0\0\0\0half")};
    if (mdb_put(transaction, table, &key, &value, 0) != 0) _exit(5);
  }
}

class LmdbStoreTest : public testing::Test {
 protected:
  std::shared_ptr<LmdbStore> open(LmdbOptions options = {}) {
    options.directory = directory_.path();
    return LmdbStore::open(std::move(options), clock_.reader()).value();
  }

  TempDirectory directory_;
  HandClock clock_;
};

TEST_F(LmdbStoreTest, keeps_its_entries_when_it_is_closed) {
  ASSERT_TRUE(open()->set("k", "v"));
  EXPECT_EQ(open({.sync = Sync::os})->get("k").value(), "v");
}

TEST_F(LmdbStoreTest, opened_twice_in_a_process_is_one) {
  auto first = open();
  auto second = open();
  EXPECT_EQ(first, second);
}

TEST_F(LmdbStoreTest, a_process_killed_while_it_writes_leaves_nothing_behind) {
  Stranger writer([&] { begin_and_stay(directory_.path(), 0); });
  ASSERT_TRUE(writer.is_done());
  writer.die();
  auto store = open();
  EXPECT_EQ(store->get("k").value(), std::nullopt);
  EXPECT_TRUE(store->set("k", "v"));
  EXPECT_EQ(store->get("k").value(), "v");
}

TEST_F(LmdbStoreTest, a_write_waits_only_so_long_for_a_process_that_stopped_in_one_and_a_read_not_at_all) {
  auto wait = [&](int ready, int go) {
    char byte = 0;
    if (write(ready, "x", 1) != 1 || ::read(go, &byte, 1) != 1) _exit(1);
  };
  std::array<int, 2> ready{};
  std::array<int, 2> go{};
  ASSERT_EQ(pipe(ready.data()), 0);
  ASSERT_EQ(pipe(go.data()), 0);
  Stranger writer([&] {
    wait(ready[1], go[0]);  // until the parent has opened the store
    auto mutex = ProcessMutex::open(directory_.path() + "/writers.lock", 1s).value();
    if (!mutex->lock()) _exit(1);
    [[maybe_unused]] const auto* const kept = mutex.release();
  });
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  auto store = open({.patience = 50ms});
  ASSERT_TRUE(store->set("k", "v"));
  ASSERT_EQ(write(go[1], "x", 1), 1);
  ASSERT_TRUE(writer.is_done());
  EXPECT_THAT(store->set("k", "w").error().message, HasSubstr("more than 50 ms"));
  EXPECT_EQ(store->get("k").value(), "v");
  writer.die();
  EXPECT_TRUE(store->set("k", "w"));
  for (const int descriptor : {ready[0], ready[1], go[0], go[1]}) close(descriptor);
}

TEST_F(LmdbStoreTest, a_process_killed_while_it_reads_holds_on_to_no_pages) {
  const LmdbOptions small{.map_size = mebibyte, .max_map_size = mebibyte};
  ASSERT_TRUE(open(small)->set("k", "v"));
  Stranger reader([&] { begin_and_stay(directory_.path(), MDB_RDONLY); });
  ASSERT_TRUE(reader.is_done());
  auto store = open(small);
  const std::string value(100'000, 'x');
  // While it lives, its view keeps every page that it can see, and the room runs out.
  Status last = Nothing{};
  for (int i = 0; i < 20 && last; ++i) last = store->set("k", value);
  ASSERT_FALSE(last);
  EXPECT_THAT(last.error().message, HasSubstr("is full"));
  reader.die();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store->set("k", value));
}

TEST_F(LmdbStoreTest, killed_readers_do_not_use_up_the_reader_table) {
  const auto read = [&] { begin_and_stay(directory_.path(), MDB_RDONLY, 2); };
  Stranger one(read);
  ASSERT_TRUE(one.is_done());
  Stranger two(read);
  ASSERT_TRUE(two.is_done());
  auto store = open({.max_readers = 2});
  EXPECT_FALSE(store->get("k"));
  one.die();
  EXPECT_TRUE(store->get("k"));
}

TEST_F(LmdbStoreTest, grows_and_follows_another_process_that_made_it_grow) {
  const LmdbOptions small{.map_size = mebibyte, .max_map_size = 16 * mebibyte};
  std::array<int, 2> go{};
  ASSERT_EQ(pipe(go.data()), 0);
  Stranger writer([&] {
    char byte = 0;
    if (::read(go[0], &byte, 1) != 1) _exit(1);
    auto store = open(small);
    for (int i = 0; i < 6; ++i) {
      if (!store->set("large" + std::to_string(i), std::string(Store::max_value, 'x'))) _exit(1);
    }
  });
  auto store = open(small);
  ASSERT_TRUE(store->set("k", "v"));
  ASSERT_EQ(write(go[1], "x", 1), 1);
  ASSERT_TRUE(writer.is_done());
  EXPECT_EQ(store->get("large5").value()->size(), Store::max_value);
  EXPECT_TRUE(store->set("k", "w"));
  close(go[0]);
  close(go[1]);
}

TEST_F(LmdbStoreTest, full_is_an_error_and_what_is_there_stays) {
  auto store = open({.map_size = mebibyte, .max_map_size = 2 * mebibyte});
  ASSERT_TRUE(store->set("k", "v"));
  Status last = Nothing{};
  for (int i = 0; i < 8 && last; ++i) last = store->set("large" + std::to_string(i), std::string(500'000, 'x'));
  ASSERT_FALSE(last);
  EXPECT_THAT(last.error().message, HasSubstr("is full: it has reached its limit of 2 MiB"));
  EXPECT_EQ(store->get("k").value(), "v");
  // Room comes back with the write after the next: a reader may still look at what was erased.
  EXPECT_TRUE(store->erase("large0").value());
  EXPECT_TRUE(store->incr("n"));
  EXPECT_TRUE(store->set("again", std::string(400'000, 'x')));
}

TEST_F(LmdbStoreTest, forgets_what_is_over_though_nobody_asks_for_it) {
  auto store = open();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store->set("old" + std::to_string(i), "v", std::chrono::seconds(1)));
  clock_.let_pass(std::chrono::seconds(2));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store->incr("n"));
  EXPECT_EQ(store->entries().value(), 1U);
}

TEST_F(LmdbStoreTest, in_a_child_of_fork_is_an_error_until_it_is_opened_there) {
  auto store = open();
  ASSERT_TRUE(store->set("k", "v"));
  const pid_t child = fork();
  if (child == 0) {
    if (store->get("k") || store->set("k", "w")) _exit(1);
    auto own = open();
    _exit(own->get("k").value() == "v" ? 0 : 2);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(store->set("k", "w"));
}

TEST_F(LmdbStoreTest, damage_is_an_error_when_it_is_opened) {
  std::ofstream(directory_.path() + "/data.mdb") << std::string(8192, 'x');
  auto opened = LmdbStore::open({.directory = directory_.path()}, clock_.reader());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr(directory_.path()));
}

}  // namespace
}  // namespace fairlead::store
