#include "bus/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace fairlead {
namespace {

// Eight tables, one for each byte of a 64-bit word: tables[n][b] is what b followed by n zero bytes adds to the
// checksum.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  constexpr std::uint32_t polynomial = 0x82f63b78;  // 0x1edc6f41 with its bits reversed
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? polynomial : 0U);
    tables[0][byte] = crc;
  }
  for (std::size_t n = 1; n < tables.size(); ++n) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t shorter = tables[n - 1][byte];
      tables[n][byte] = (shorter >> 8U) ^ tables[0][shorter & 0xffU];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

std::uint32_t by_table(const unsigned char* at, std::size_t size, std::uint32_t crc) {
  for (; size >= 8; at += 8, size -= 8) {
    crc ^=
        std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8U | std::uint32_t{at[2]} << 16U | std::uint32_t{at[3]} << 24U;
    crc = tables[7][crc & 0xffU] ^ tables[6][(crc >> 8U) & 0xffU] ^ tables[5][(crc >> 16U) & 0xffU] ^
          tables[4][crc >> 24U] ^ tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
  }
  for (; size > 0; ++at, --size) crc = (crc >> 8U) ^ tables[0][(crc ^ *at) & 0xffU];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(const unsigned char* at, std::size_t size,
                                                               std::uint32_t crc) {
  std::uint64_t wide = crc;
  for (; size >= 8; at += 8, size -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++at, --size) crc = _mm_crc32_u8(crc, *at);
  return crc;
}
#endif

using Implementation = std::uint32_t (*)(const unsigned char*, std::size_t, std::uint32_t);

Implementation choose() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.2")) return by_instruction;
#endif
  return by_table;
}

std::uint32_t run(Implementation implementation, std::string_view bytes, std::uint32_t before) {
  return ~implementation(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), ~before);
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
  static const Implementation chosen = choose();
  return run(chosen, bytes, before);
}

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before) { return run(by_table, bytes, before); }

}  // namespace fairlead
