// Chance from the kernel: for incarnations, lineages, link ids and the seed of a Random.
#pragma once

#include <cstdint>

namespace fairlead::io {

std::uint64_t random_nonzero();  // 0 is nobody's id

}  // namespace fairlead::io
