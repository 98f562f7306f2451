// Signals and wake-ups as descriptors, for epoll and zmq_poll alike.
#pragma once

#include <csignal>
#include <optional>

#include "bus/io/fd.hpp"

namespace fairlead::io {

enum class Signal { terminate, interrupt, hangup, child };  // SIGTERM, SIGINT, SIGHUP, SIGCHLD
const char* name(Signal signal);

// Blocks the three signals and turns them into a readable descriptor; ignores SIGPIPE. Create it before any thread, the
// threads of a zmq Context included, or the signal may end the process through a thread that does not block it.
class Signals {
 public:
  // With SIGCHLD it is four: for whoever has children.
  enum class Children { none, some };
  explicit Signals(Children children = Children::none);  // throws std::system_error
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int fd() const { return fd_.get(); }
  std::optional<Signal> next();  // none: nothing has come
  // In a child between fork and exec: signals are as they were before.
  void restore() const noexcept;

 private:
  Fd fd_;
  sigset_t before_{};
};

// Lets another thread wake the one that sleeps on fd().
class Wakeup {
 public:
  Wakeup();  // throws std::system_error
  int fd() const { return fd_.get(); }
  void wake() const noexcept;   // from any thread, and from a signal handler
  bool clear() const noexcept;  // by the woken; whether there was a wake-up. Clear first, look for work second

 private:
  Fd fd_;
};

}  // namespace fairlead::io
