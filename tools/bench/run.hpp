// Run is the frame of every scenario: users come, the load warms up, is measured, and ends; costs are booked for the time
// that was measured.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/bench/scenario.hpp"

namespace fairlead::bench {

class Run {
 public:
  Run(Rig& rig, const Load& load, const Progress& progress);

  Crowd& crowd() { return crowd_; }
  Status connect();

  // `each_turn` is called between the crowd's turns, `start` sets the plan.
  void warm_up(const std::function<void()>& start);
  void measure(Duration time, const std::function<void()>& each_turn = {});
  // Waits for what is under way, and books everything.
  Measurement finish();

 private:
  std::map<std::string, Usage> usage_of_all() const;
  void tell(std::string_view phase);

  Rig& rig_;
  const Load& load_;
  const Progress& progress_;
  Crowd crowd_;
  std::map<std::string, Usage> empty_;  // before the users came
  std::map<std::string, Usage> before_;
  std::map<std::string, Usage> after_;
  Instant began_{};
  Instant ended_{};
  std::uint64_t received_before_ = 0;
  std::uint64_t received_ = 0;
  Instant told_{};
  std::uint64_t told_received_ = 0;
};

}  // namespace fairlead::bench
