// Runs every file below tests/scenarios/ against the machine that its folder names.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/scenarios/broker_stage.hpp"
#include "tests/scenarios/gateway_stage.hpp"
#include "tests/scenarios/scenario.hpp"
#include "tests/scenarios/worker_stage.hpp"

namespace fairlead::scenarios {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> files(const std::string& machine) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(fs::path(FAIRLEAD_SCENARIOS) / machine))
    found.push_back(entry.path().string());
  std::sort(found.begin(), found.end());
  return found;
}

std::string named(const testing::TestParamInfo<std::string>& about) {
  std::string name = fs::path(about.param).stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

template <class Machine>
void goes_as_recorded(const std::string& file) {
  const std::string recorded = read_file(file);
  Machine stage;
  const std::string played = replay(recorded, [&](const auto& inputs) { return stage.play(inputs); });
  if (std::getenv("FAIRLEAD_REWRITE") != nullptr) return write_file(file, played);
  EXPECT_EQ(played, recorded) << "to record what the machine does now: FAIRLEAD_REWRITE=1, then read the diff";
}

class BrokerScenario : public testing::TestWithParam<std::string> {};
class GatewayScenario : public testing::TestWithParam<std::string> {};
class WorkerScenario : public testing::TestWithParam<std::string> {};

TEST_P(BrokerScenario, goes_as_recorded) { goes_as_recorded<BrokerStage>(GetParam()); }
TEST_P(GatewayScenario, goes_as_recorded) { goes_as_recorded<GatewayStage>(GetParam()); }
TEST_P(WorkerScenario, goes_as_recorded) { goes_as_recorded<WorkerStage>(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Files, BrokerScenario, testing::ValuesIn(files("broker")), named);
INSTANTIATE_TEST_SUITE_P(Files, GatewayScenario, testing::ValuesIn(files("gateway")), named);
INSTANTIATE_TEST_SUITE_P(Files, WorkerScenario, testing::ValuesIn(files("worker")), named);

}  // namespace
}  // namespace fairlead::scenarios
