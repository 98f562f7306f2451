// Virtual time. Everything that will happen stands in one queue, by its instant and, where instants are equal, in the
// order in which it was decided: so a run is a function of its seed.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "bus/time.hpp"

namespace fairlead::simulation {

class Schedule {
 public:
  using Task = std::function<void()>;

  Instant now() const { return now_; }
  // Since the run began.
  Duration elapsed() const { return now_ - begin; }

  void at(Instant when, Task task);
  void in(Duration later, Task task) { at(now_ + later, std::move(task)); }

  // Does what is next, at its time. False when nothing is to come.
  bool step();
  std::uint64_t steps() const { return steps_; }

  static constexpr Instant begin{std::chrono::hours(1)};

 private:
  struct Entry {
    Instant when;
    std::uint64_t order;
    Task task;
  };
  static bool later(const Entry& a, const Entry& b) { return a.when != b.when ? a.when > b.when : a.order > b.order; }

  Instant now_ = begin;
  std::uint64_t order_ = 0;
  std::uint64_t steps_ = 0;
  std::vector<Entry> heap_;
};

}  // namespace fairlead::simulation
