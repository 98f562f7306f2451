// Process is a child that the bench started, or any process that it watches: what it has cost, and its end.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bus/result.hpp"
#include "bus/time.hpp"

namespace fairlead::bench {

// What the kernel has booked for one process so far.
struct Usage {
  Duration cpu{};            // of all its threads that are alive, to the nanosecond
  std::uint64_t memory = 0;  // resident bytes
};

Usage usage_of(pid_t pid);  // zeros when it is gone

class Process {
 public:
  // Runs a program; what it says goes to `log`. The kernel stops it when we are gone.
  static Result<Process> start(std::string name, const std::vector<std::string>& command, const std::string& log);
  // Runs `body` in a copy of this process, which must have no threads; the copy ends when it returns.
  static Result<Process> fork(std::string name, const std::function<void()>& body);

  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();  // SIGKILL, unless it has ended

  const std::string& name() const { return name_; }
  pid_t pid() const { return pid_; }

  // What stands behind `word` up to the next blank, in the line of the log that says ready; an error when it ends, or
  // says nothing in time.
  Result<std::string> wait_ready(const std::string& word, Duration patience) const;

  void stop();  // asks it to, and waits for its end; kills it after 5 s
  void signal(int number) const;
  bool has_ended() const;

 private:
  Process(std::string name, pid_t pid, std::string log) : name_(std::move(name)), pid_(pid), log_(std::move(log)) {}

  std::string name_;
  mutable pid_t pid_ = -1;  // -1: it has ended
  std::string log_;
};

}  // namespace fairlead::bench
