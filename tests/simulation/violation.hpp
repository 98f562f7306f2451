// A promise that was broken. Thrown where it is noticed; the run ends and the seed has failed.
#pragma once

#include <stdexcept>
#include <string>

namespace fairlead::simulation {

class Violation : public std::runtime_error {
 public:
  explicit Violation(const std::string& what) : std::runtime_error(what) {}
};

inline void demand(bool holds, const std::string& otherwise) {
  if (!holds) throw Violation(otherwise);
}

}  // namespace fairlead::simulation
