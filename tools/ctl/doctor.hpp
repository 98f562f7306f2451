// What is amiss with a bus, or soon may be, and what to do about it: judged from what the broker's admin socket says.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace fairlead::ctl {

// The broker's replies to these asks.
struct Symptoms {
  nlohmann::ordered_json machine, status, gateways, workers;
};

struct Finding {
  bool good = true;
  std::string subject;
  std::string what;
  std::string advice;  // empty when all is well
};

std::vector<Finding> examine(const Symptoms& symptoms);

std::string show(const std::vector<Finding>& findings);
nlohmann::ordered_json to_json(const std::vector<Finding>& findings);

}  // namespace fairlead::ctl
