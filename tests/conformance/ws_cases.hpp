// The sections, each made where its subject is. cases() in ws_case.hpp is the way in.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/ws_case.hpp"

namespace fairlead::conformance {

std::vector<Case> echo_cases();
std::vector<Case> ping_cases();
std::vector<Case> reserved_bit_cases();
std::vector<Case> opcode_cases();
std::vector<Case> fragment_cases();
std::vector<Case> text_cases();
std::vector<Case> close_cases();
std::vector<Case> bulk_cases();
std::vector<Case> auto_fragment_cases();
std::vector<Case> own_cases();

// Collects the cases of one subsection and numbers them.
class Section {
 public:
  explicit Section(std::string prefix) : prefix_(std::move(prefix)) {}

  void add(std::string what, std::vector<Step> steps, std::vector<Answer> answers,
           std::vector<std::uint16_t> closes_with = {}, std::size_t fails_at = Case::npos) {
    cases_.push_back({.id = prefix_ + "." + std::to_string(cases_.size() + 1),
                      .what = std::move(what),
                      .steps = std::move(steps),
                      .answers = std::move(answers),
                      .closes_with = std::move(closes_with),
                      .fails_at = fails_at});
  }

  void move_to(std::vector<Case>& all) {
    for (Case& one : cases_) all.push_back(std::move(one));
    cases_.clear();
  }

  std::vector<Case> take() { return std::move(cases_); }

 private:
  std::string prefix_;
  std::vector<Case> cases_;
};

}  // namespace fairlead::conformance
