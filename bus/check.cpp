#include "bus/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace fairlead {

void check_failed(const char* file, int line, const char* condition, const char* why) noexcept {
  std::fprintf(stderr, "fairlead: %s:%d: our own mistake: %s (%s does not hold)\n", file, line, why, condition);
  std::abort();
}

}  // namespace fairlead
