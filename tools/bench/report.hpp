// What several rounds of a load against several contenders come to: medians, their ratios, and both as text or JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/bench/scenario.hpp"

namespace fairlead::bench {

double median(std::vector<double> values);  // 0 of nothing

struct Contender {
  std::string name;
  std::vector<Measurement> rounds;

  double median_of(double Measurement::*figure) const;
  Tally tally() const;  // of all rounds
};

// The ratio of medians, first / other: above 1 means that the first is more. 0 when there is nothing to divide by.
double ratio(const Contender& first, const Contender& other, double Measurement::*figure);

struct Report {
  std::string scenario;
  std::vector<std::pair<std::string, std::string>> conditions;  // what was asked for
  std::vector<Contender> contenders;                            // the first is compared with each of the others

  // Of those that promise something: all but the rivals must have lost, doubled, reordered and hung up on nothing.
  bool is_clean() const;
  std::string table() const;
  nlohmann::ordered_json json() const;
};

}  // namespace fairlead::bench
