// What a handler gets to do: one event of one client, and what the bus knows about that client at this very moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bus/ids.hpp"
#include "schemas/records.hpp"

namespace fairlead::worker {

struct Job {
  LinkId link;  // that its unit came on; the outcome counts on no other
  UnitId unit;
  std::uint64_t attempt = 0;
  ClientId client;
  std::string gateway;  // its name
  std::string peer;     // the user's address
  std::uint64_t session_version = 0;
  std::string session;
  std::optional<std::string> uid;
  std::vector<std::string> groups;
  schemas::UnitEvent event;
};

}  // namespace fairlead::worker
