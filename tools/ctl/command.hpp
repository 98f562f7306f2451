// What is typed behind fairlead-ctl, as a request of the admin socket (docs/operating.md, "The admin socket").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bus/result.hpp"

namespace fairlead::ctl {

struct Flags {
  std::string client, uid, group, gateway, last, after;
  bool all = false;
  bool now = false;
  std::int64_t limit = 0;  // 0: what the broker thinks best
};

// The Error says what is wrong and how it is written.
Result<nlohmann::ordered_json> request_of(const std::vector<std::string>& words, const Flags& flags);

// The words of every command and what it does, those included that ask no broker.
struct Named {
  std::string words;
  std::string what;
};
std::vector<Named> commands_by_name();

// The commands, one a line, for --help and for errors.
std::string usage();

}  // namespace fairlead::ctl
