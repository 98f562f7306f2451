// Sections 9 and 10: megabytes, in one frame, in many, in small pieces; a thousand round trips; automatic
// fragmentation.
#include <array>
#include <tuple>

#include "tests/conformance/ws_cases.hpp"

namespace fairlead::conformance {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

struct Flavour {
  unsigned opcode;
  std::string_view pattern;
};
constexpr std::array<Flavour, 2> flavours{{{op_text, "0123456789"}, {op_binary, "\xff\x01\xfe\x80"}}};

std::string subsection(unsigned number) { return "9." + std::to_string(number); }

}  // namespace

std::vector<Case> bulk_cases() {
  std::vector<Case> all;
  for (unsigned f = 0; f < flavours.size(); ++f) {
    const auto& [opcode, pattern] = flavours.at(f);
    Section sizes(subsection(1 + f));
    for (const std::size_t size : {64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib}) {
      const std::string payload = repeated(pattern, size);
      sizes.add("one frame of " + std::to_string(size / kib) + " KiB", {{frame(opcode, payload)}}, {{opcode, payload}});
    }
    sizes.move_to(all);

    Section fragments(subsection(3 + f));
    const std::string four = repeated(pattern, 4 * mib);
    for (const std::size_t size :
         {std::size_t{64}, std::size_t{256}, kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, mib, 4 * mib}) {
      fragments.add("4 MiB in fragments of " + std::to_string(size), {{fragmented(opcode, four, size)}},
                    {{opcode, four}});
    }
    fragments.move_to(all);

    Section pieces(subsection(5 + f));
    const std::string one = repeated(pattern, mib);
    for (const std::size_t chop : {64U, 128U, 256U, 512U, 1024U, 2048U}) {
      pieces.add("1 MiB in pieces of " + std::to_string(chop), {{frame(opcode, one), chop}}, {{opcode, one}});
    }
    pieces.move_to(all);

    Section trips(subsection(7 + f));
    for (const std::size_t size : {std::size_t{0}, std::size_t{16}, std::size_t{64}, std::size_t{256}, kib, 4 * kib}) {
      const std::string payload = repeated(pattern, size);
      std::vector<Step> steps;
      for (std::size_t i = 1; i <= 1000; ++i) steps.push_back({frame(opcode, payload), 0, i});
      trips.add("a thousand round trips with " + std::to_string(size) + " bytes", std::move(steps),
                std::vector<Answer>(1000, {opcode, payload}));
    }
    trips.move_to(all);
  }
  return all;
}

std::vector<Case> auto_fragment_cases() {
  Section section("10.1");
  const std::string payload(65536, '*');
  section.add("64 KiB in fragments of 1300", {{fragmented(op_text, payload, 1300)}}, {{op_text, payload}});
  return section.take();
}

std::vector<int> sections() { return {1, 2, 3, 4, 5, 6, 7, 9, 10, 20}; }

std::vector<Case> cases(int section) {
  switch (section) {
    case 1:
      return echo_cases();
    case 2:
      return ping_cases();
    case 3:
      return reserved_bit_cases();
    case 4:
      return opcode_cases();
    case 5:
      return fragment_cases();
    case 6:
      return text_cases();
    case 7:
      return close_cases();
    case 9:
      return bulk_cases();
    case 10:
      return auto_fragment_cases();
    case 20:
      return own_cases();
    default:
      return {};
  }
}

}  // namespace fairlead::conformance
