// Runs every file of tests/scenarios/broker/ against the broker's machine.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/scenarios/broker_stage.hpp"
#include "tests/scenarios/scenario.hpp"

namespace fairlead::scenarios {
namespace {

std::vector<std::string> files() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(FAIRLEAD_SCENARIOS))
    found.push_back(entry.path().string());
  std::sort(found.begin(), found.end());
  return found;
}

class BrokerScenario : public testing::TestWithParam<std::string> {};

TEST_P(BrokerScenario, goes_as_recorded) {
  const std::string recorded = read_file(GetParam());
  BrokerStage stage;
  const std::string played = replay(recorded, [&](const auto& inputs) { return stage.play(inputs); });
  if (std::getenv("FAIRLEAD_REWRITE") != nullptr) return write_file(GetParam(), played);
  EXPECT_EQ(played, recorded) << "to record what the machine does now: FAIRLEAD_REWRITE=1, then read the diff";
}

INSTANTIATE_TEST_SUITE_P(Files, BrokerScenario, testing::ValuesIn(files()), [](const auto& about) {
  std::string name = std::filesystem::path(about.param).stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace fairlead::scenarios
