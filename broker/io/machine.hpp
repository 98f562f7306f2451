// The broker's surroundings, for whoever asks whether all is well (fairlead-ctl doctor).
#pragma once

#include <cstdint>
#include <string>

namespace fairlead::broker::io {

struct Machine {
  std::uint64_t descriptors = 0;  // that this process may open
  std::uint64_t somaxconn = 0;    // connections that may wait to be accepted
  bool journal_in_memory = false;
  std::uint64_t journal_free_bytes = 0;
};
Machine look_at_machine(const std::string& journal);

}  // namespace fairlead::broker::io
