// A single-threaded epoll loop, level-triggered. It knows descriptors and callbacks, not time: the shell asks its
// machines for their next deadline, passes it as a timeout, and tells them the time afterwards.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "bus/io/fd.hpp"
#include "bus/result.hpp"
#include "bus/time.hpp"

namespace fairlead::io {

class Loop {
 public:
  struct Interest {
    bool read = false;
    bool write = false;
    bool operator==(const Interest&) const = default;
  };

  struct Ready {
    bool readable = false;  // also at end of stream and on an error, so that a read finds out
    bool writable = false;
    // The other end is gone both ways or the socket has an error. Told whatever the interest is, and again in every
    // turn: whoever is told and does not remove the watch makes the loop spin.
    bool broken = false;
  };

  using Callback = std::function<void(Ready)>;

  // Names one add(), for ever: a watch that was removed stays removed, even when descriptor and slot are used again.
  struct Watch {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  // 0 is no watch
    explicit operator bool() const { return generation != 0; }
    bool operator==(const Watch&) const = default;
  };

  Loop();  // throws std::system_error
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() = default;

  // The descriptor stays the caller's; remove the watch before closing it. A ZMQ_FD may be added for reading (its
  // callback drains the socket, see bus/io/zmq_socket.hpp) and is removed before its Socket is destroyed.
  Result<Watch> add(int fd, Interest interest, Callback callback);
  void modify(Watch watch, Interest interest);  // no system call when nothing changes; nothing for a removed watch
  void remove(Watch watch);  // allowed inside any callback, its own too; its callback is not called again
  std::size_t watches() const { return live_; }

  // Waits up to `timeout` (none: for ever; rounded up to milliseconds) and calls back for what is ready. Returns how
  // many callbacks ran.
  int run_once(std::optional<Duration> timeout);

 private:
  struct Slot {
    int fd = -1;
    std::uint32_t generation = 1;
    Interest interest;
    Callback callback;
    bool live = false;
  };

  Slot* find(Watch watch);
  void free_removed();

  Fd epoll_;
  std::deque<Slot> slots_;  // a deque: a running callback may add, and must not be moved
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> removed_;  // freed at the end of the turn: a callback may remove itself
  std::size_t live_ = 0;
  bool running_ = false;
};

}  // namespace fairlead::io
