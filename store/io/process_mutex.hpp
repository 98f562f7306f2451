// ProcessMutex lets one thread of one process at a time write to a store, and never hangs: a holder that dies gives it
// up at once, and a holder that is merely frozen (a stopped process, a stalled disk) is waited for only so long. The
// mutex inside LMDB has the first property but not the second, so this one stands in front of it.
#pragma once

#include <memory>
#include <string>

#include "bus/result.hpp"
#include "bus/time.hpp"

namespace fairlead::store {

class ProcessMutex {
 public:
  // All processes that name the same file share the mutex. The file must be on a local file system.
  static Result<std::unique_ptr<ProcessMutex>> open(const std::string& path, Duration patience);

  ProcessMutex(const ProcessMutex&) = delete;
  ProcessMutex& operator=(const ProcessMutex&) = delete;
  ~ProcessMutex();

  Status lock();
  void unlock();

 private:
  struct Shared;
  ProcessMutex(int descriptor, Shared* shared, Duration patience)
      : descriptor_(descriptor), shared_(shared), patience_(patience) {}

  int descriptor_;  // held with a shared flock as long as we live, which tells openers that the mutex is in use
  Shared* shared_;
  Duration patience_;
};

}  // namespace fairlead::store
