#include "store/io/process_mutex.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

namespace fairlead::store {

struct ProcessMutex::Shared {
  pthread_mutex_t mutex;
};

namespace {

Error failed(const std::string& path, const char* what, int code) {
  return Error{path + ": cannot " + what + ": " + std::strerror(code)};
}

Status initialise(pthread_mutex_t& mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  const int code = pthread_mutex_init(&mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  if (code != 0) return Error{std::string("cannot make a mutex: ") + std::strerror(code)};
  return Nothing{};
}

// Waits for a lock on the file that some opener holds for a moment, but not for one that froze in that moment.
bool flock_patiently(int descriptor, int kind, Duration patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (flock(descriptor, kind | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<ProcessMutex>> ProcessMutex::open(const std::string& path, Duration patience) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0660);
  if (descriptor < 0) return failed(path, "open", errno);
  if (ftruncate(descriptor, sizeof(Shared)) != 0) {
    const int code = errno;
    close(descriptor);
    return failed(path, "make room", code);
  }
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) {
    const int code = errno;
    close(descriptor);
    return failed(path, "map", code);
  }
  auto* const shared = static_cast<Shared*>(memory);
  std::unique_ptr<ProcessMutex> opened(new ProcessMutex(descriptor, shared, patience));

  // Whoever is alone with the file makes the mutex afresh: what an earlier boot left in it belongs to nobody that
  // lives. Between giving up the exclusive lock and having the shared one, another opener may do the same; nobody has
  // used the mutex by then.
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
    if (auto made = initialise(shared->mutex); !made) return Error{path + ": " + made.error().message};
    flock(descriptor, LOCK_UN);
  }
  if (!flock_patiently(descriptor, LOCK_SH, patience)) {
    return Error{path + ": another process has been opening this store for too long; is it stopped?"};
  }
  return opened;
}

ProcessMutex::~ProcessMutex() {
  munmap(shared_, sizeof(Shared));
  close(descriptor_);
}

// A waiter may sleep although the mutex is free: when another waiter is killed between being woken and having the mutex,
// its wake-up is lost to all. So nobody sleeps for long without looking again.
Status ProcessMutex::lock() {
  constexpr Duration look_again = 20ms;
  const auto end = std::chrono::steady_clock::now() + patience_;
  int code = ETIMEDOUT;
  for (auto now = end - patience_; code == ETIMEDOUT && now <= end; now = std::chrono::steady_clock::now()) {
    const auto until = std::min(now + look_again, end).time_since_epoch();  // steady_clock is CLOCK_MONOTONIC
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(until);
    const timespec time{.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(until - seconds).count()};
    code = pthread_mutex_clocklock(&shared_->mutex, CLOCK_MONOTONIC, &time);
  }
  if (code == 0) return Nothing{};
  if (code == EOWNERDEAD) {
    // Its holder died. What it was writing was never committed, so there is nothing to mend but the mutex.
    pthread_mutex_consistent(&shared_->mutex);
    return Nothing{};
  }
  if (code == ETIMEDOUT) {
    return Error{"another process has been writing to the store for more than " +
                 std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(patience_).count()) +
                 " ms; is it stopped?"};
  }
  return Error{std::string("cannot lock the store: ") + std::strerror(code)};
}

void ProcessMutex::unlock() { pthread_mutex_unlock(&shared_->mutex); }

}  // namespace fairlead::store
