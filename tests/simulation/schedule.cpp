#include "tests/simulation/schedule.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::simulation {

void Schedule::at(Instant when, Task task) {
  heap_.push_back({std::max(when, now_), ++order_, std::move(task)});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

bool Schedule::step() {
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Entry entry = std::move(heap_.back());
  heap_.pop_back();
  now_ = entry.when;
  ++steps_;
  entry.task();
  return true;
}

}  // namespace fairlead::simulation
