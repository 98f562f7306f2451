#include "tools/ctl/doctor.hpp"

#include <algorithm>

#include <gmock/gmock.h>

namespace fairlead::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Symptoms healthy() {
  return {.machine = {{"descriptors", 65536U},
                      {"somaxconn", 4096U},
                      {"journal", "/var/lib/fairlead/journal"},
                      {"journal_level", "process"},
                      {"journal_in_memory", false},
                      {"journal_free_bytes", std::uint64_t{5} << 30U}},
          .status = {{"listen", "tcp://127.0.0.1:7700"}, {"dead_letters", 0U}},
          .gateways = {{"gateways", {{{"gateway", "gw1"}, {"state", "live"}}}}},
          .workers = {{"workers", {{{"worker", "w1"}, {"app", "chat"}, {"version", "1"}, {"state", "idle"}}}}}};
}

// What is amiss, each with its advice.
std::vector<std::string> amiss(const Symptoms& symptoms) {
  std::vector<std::string> all;
  for (const auto& finding : examine(symptoms)) {
    EXPECT_EQ(finding.good, finding.advice.empty()) << finding.what;
    if (!finding.good) all.push_back(finding.subject + ": " + finding.what);
  }
  return all;
}

}  // namespace

TEST(Doctor, finds_nothing_amiss_with_a_healthy_bus) {
  EXPECT_THAT(amiss(healthy()), IsEmpty());
  EXPECT_GE(examine(healthy()).size(), 6U);
}

TEST(Doctor, looks_at_the_machine) {
  Symptoms symptoms = healthy();
  symptoms.machine["descriptors"] = 1024U;
  symptoms.machine["somaxconn"] = 128U;
  EXPECT_THAT(amiss(symptoms),
              ElementsAre("descriptors: the broker may open 1024 descriptors", "somaxconn: net.core.somaxconn is 128"));
}

TEST(Doctor, looks_at_the_journal) {
  Symptoms symptoms = healthy();
  symptoms.machine["journal_free_bytes"] = 10U << 20U;
  EXPECT_THAT(amiss(symptoms), ElementsAre(HasSubstr("10 MiB free")));
  symptoms.machine["journal_in_memory"] = true;
  EXPECT_THAT(amiss(symptoms), ElementsAre(HasSubstr("tmpfs")));
  symptoms.machine["journal_level"] = "none";
  EXPECT_THAT(amiss(symptoms), ElementsAre(HasSubstr("there is none")));
}

TEST(Doctor, warns_of_ports_that_others_can_reach) {
  Symptoms symptoms = healthy();
  symptoms.status["listen"] = "tcp://*:7700";
  EXPECT_THAT(amiss(symptoms), ElementsAre(HasSubstr("can be reached from other machines")));
  symptoms.machine["keys"] = true;
  EXPECT_THAT(amiss(symptoms), IsEmpty());
  symptoms.machine["keys"] = false;
  symptoms.status["listen"] = "ipc:///run/fairlead/bus";
  EXPECT_THAT(amiss(symptoms), IsEmpty());
}

TEST(Doctor, misses_gateways_and_workers) {
  Symptoms symptoms = healthy();
  symptoms.gateways["gateways"].push_back({{"gateway", "gw2"}, {"state", "away"}, {"away", 11.6}, {"clients", 3U}});
  symptoms.gateways["gateways"].push_back({{"gateway", "gw3"}, {"state", "lagging"}, {"kept_bytes", 20U << 20U}});
  symptoms.workers["workers"].clear();
  EXPECT_THAT(amiss(symptoms),
              ElementsAre("gateways: gw2 has been away for 12 s, with 3 clients",
                          "gateways: gw3 has 20 MiB of deliveries to catch up with", HasSubstr("workers: none")));
}

TEST(Doctor, sees_a_mix_of_versions_within_one_application) {
  Symptoms symptoms = healthy();
  symptoms.workers["workers"].push_back({{"worker", "w2"}, {"app", "chat"}, {"version", "2"}, {"state", "busy"}});
  symptoms.workers["workers"].push_back({{"worker", "e1"}, {"app", "echo"}, {"version", "9"}, {"state", "idle"}});
  EXPECT_THAT(amiss(symptoms), ElementsAre("versions: workers of 'chat' have 2 versions: '1', '2'"));
}

TEST(Doctor, counts_dead_letters) {
  Symptoms symptoms = healthy();
  symptoms.status["dead_letters"] = 2U;
  EXPECT_THAT(amiss(symptoms), ElementsAre("dead letters: 2 events could not be handled"));
  EXPECT_THAT(show(examine(symptoms)),
              HasSubstr("LOOK  dead letters  2 events could not be handled\n                    -> "));
}

}  // namespace fairlead::ctl
