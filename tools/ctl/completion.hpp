// What a shell needs to complete fairlead-ctl, made from the table of its commands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bus/result.hpp"

namespace fairlead::ctl {

struct Completed {
  std::string words;  // as typed: "dead ls"
  std::string what;
};

// `flags` without their dashes. For bash or zsh.
Result<std::string> completion(std::string_view shell, const std::vector<Completed>& commands,
                               const std::vector<std::string>& flags);

}  // namespace fairlead::ctl
