#include "store/io/process_mutex.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "store/io/test_places.hpp"

namespace fairlead::store {
namespace {

using testing::HasSubstr;

TEST(ProcessMutex, of_a_process_that_died_is_free_at_once_and_of_one_that_stopped_is_not_waited_for) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/writers.lock";
  Stranger holder([&] {
    auto mutex = ProcessMutex::open(path, 1s).value();
    if (!mutex->lock()) _exit(1);
    [[maybe_unused]] const auto* const kept = mutex.release();
  });
  ASSERT_TRUE(holder.is_done());
  auto mutex = ProcessMutex::open(path, 50ms).value();
  EXPECT_THAT(mutex->lock().error().message, HasSubstr("is it stopped?"));
  holder.die();
  EXPECT_TRUE(mutex->lock());
  mutex->unlock();
  EXPECT_TRUE(mutex->lock());
  mutex->unlock();
}

TEST(ProcessMutex, that_an_earlier_boot_left_behind_is_made_afresh) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/writers.lock";
  std::ofstream(path) << std::string(4096, '\xff');
  auto mutex = ProcessMutex::open(path, 50ms).value();
  EXPECT_TRUE(mutex->lock());
  mutex->unlock();
}

TEST(ProcessMutex, is_one_for_all_who_open_it) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/writers.lock";
  auto first = ProcessMutex::open(path, 50ms).value();
  ASSERT_TRUE(first->lock());
  auto second = ProcessMutex::open(path, 50ms).value();
  EXPECT_FALSE(second->lock());
  first->unlock();
  EXPECT_TRUE(second->lock());
  second->unlock();
}

TEST(ProcessMutex, needs_a_place_to_be) {
  EXPECT_THAT(ProcessMutex::open("/nowhere/writers.lock", 50ms).error().message,
              HasSubstr("/nowhere/writers.lock: cannot open: No such file"));
}

}  // namespace
}  // namespace fairlead::store
