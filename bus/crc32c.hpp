// CRC-32C (Castagnoli, as in iSCSI and RFC 3720): what guards the journal's records. Uses the processor's instruction
// where there is one; the result is the same everywhere.
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead {

// The checksum of `bytes`. Give the checksum of what came before as `before` to continue it:
// crc32c(b, crc32c(a)) == crc32c(a + b).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

// The portable implementation alone, so that a test can hold one against the other.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);

}  // namespace fairlead
