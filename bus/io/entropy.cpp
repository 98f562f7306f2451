#include "bus/io/entropy.hpp"

#include <sys/random.h>

#include "bus/check.hpp"

namespace fairlead::io {

std::uint64_t random_nonzero() {
  std::uint64_t value = 0;
  while (value == 0) {
    // Up to 256 bytes are never cut short; it fails only where there is no such system call.
    const ssize_t got = ::getrandom(&value, sizeof value, 0);
    FAIRLEAD_CHECK(got == static_cast<ssize_t>(sizeof value), "the kernel gives no random numbers");
  }
  return value;
}

}  // namespace fairlead::io
