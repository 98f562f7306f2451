#include "store/io/process_mutex.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
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

// Of two who wait, one is woken by the holder that leaves. If it is killed before it has the mutex, and somebody else had
// it meanwhile, nobody wakes the other: the mutex is free, and one sleeps on it. Here that state is made by hand.
TEST(ProcessMutex, that_is_free_is_found_by_whom_nobody_has_woken) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/writers.lock";
  Stranger holder([&] {
    auto mutex = ProcessMutex::open(path, 1s).value();
    if (!mutex->lock()) _exit(1);
    [[maybe_unused]] const auto* const kept = mutex.release();
  });
  ASSERT_TRUE(holder.is_done());
  auto mutex = ProcessMutex::open(path, 2s).value();
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  void* const memory = mmap(nullptr, sizeof(std::uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const std::atomic_ref<std::uint32_t> word(*static_cast<std::uint32_t*>(memory));

  std::thread waits([&] {
    EXPECT_TRUE(mutex->lock());
    mutex->unlock();
  });
  constexpr std::uint32_t somebody_waits = 0x80000000U;  // as of futex(2)
  const auto deadline = std::chrono::steady_clock::now() + 1s;
  while ((word.load() & somebody_waits) == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_NE(word.load() & somebody_waits, 0U);
  word.store(0);
  waits.join();
  munmap(memory, sizeof(std::uint32_t));
  close(file);
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
