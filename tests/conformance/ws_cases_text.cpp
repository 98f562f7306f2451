// Section 6: text is UTF-8, and a server says so at the first byte that is not. The sequences are made from RFC 3629's
// definition: code points at every border, encoded in every length.
#include <array>
#include <utility>

#include "tests/conformance/ws_cases.hpp"

namespace fairlead::conformance {
namespace {

constexpr std::uint16_t not_utf8 = 1007;
constexpr std::string_view greek = "κόσμε";

// The number in a sequence of that many bytes (1 to 6), right or wrong.
std::string encoded(std::uint32_t number, unsigned length) {
  if (length == 1) return std::string(1, static_cast<char>(number));
  static constexpr std::array<unsigned, 7> lead{0, 0, 0xc0, 0xe0, 0xf0, 0xf8, 0xfc};
  std::string out;
  for (unsigned i = 1; i < length; ++i, number >>= 6U) {
    out.insert(out.begin(), static_cast<char>(0x80U | (number & 0x3fU)));
  }
  out.insert(out.begin(), static_cast<char>(lead.at(length) | number));
  return out;
}

void empty_and_fragmented(std::vector<Case>& all) {
  Section empty("6.1");
  empty.add("an empty text", {{frame(op_text)}}, {{op_text, ""}});
  empty.add(
      "three empty fragments",
      {{frame(op_text, "", {.fin = false}) + frame(op_continuation, "", {.fin = false}) + frame(op_continuation)}},
      {{op_text, ""}});
  empty.add(
      "something between two empty fragments",
      {{frame(op_text, "", {.fin = false}) + frame(op_continuation, greek, {.fin = false}) + frame(op_continuation)}},
      {{op_text, std::string(greek)}});
  empty.move_to(all);

  Section valid("6.2");
  const std::string text = "Grüße, 世界 – ¿qué tal? 😀";
  valid.add("in one frame", {{frame(op_text, text)}}, {{op_text, text}});
  valid.add("in two, cut between characters",
            {{frame(op_text, "Grüße", {.fin = false})}, {frame(op_continuation, text.substr(7))}}, {{op_text, text}});
  valid.add("in frames of one byte", {{fragmented(op_text, text, 1)}}, {{op_text, text}});
  valid.add("Greek in frames of one byte", {{fragmented(op_text, greek, 1)}}, {{op_text, std::string(greek)}});
  valid.move_to(all);

  Section invalid("6.3");
  const std::string surrogate = std::string(greek) + encoded(0xd800, 3) + "edited";
  invalid.add("a surrogate in one frame", {{frame(op_text, surrogate)}}, {}, {not_utf8}, 0);
  invalid.add("a surrogate in frames of one byte", {{fragmented(op_text, surrogate, 1)}}, {}, {not_utf8}, 0);
  invalid.move_to(all);
}

// What comes behind the wrong byte must not be waited for.
void fail_fast(std::vector<Case>& all) {
  Section section("6.4");
  const std::string too_large = encoded(0x110000, 4);
  const std::string text = std::string(greek) + too_large + "edited";
  const std::size_t wrong = greek.size() + 1;  // the sequence's second byte
  const auto part = [](unsigned opcode, std::string_view payload, bool fin) {
    return frame(opcode, payload, {.fin = fin});
  };
  section.add("in the second of three fragments",
              {{part(op_text, greek, false)},
               {part(op_continuation, too_large, false)},
               {part(op_continuation, "edited", true)}},
              {}, {not_utf8}, 1);
  section.add("in a fragment of one byte",
              {{part(op_text, text.substr(0, wrong), false)},
               {part(op_continuation, text.substr(wrong, 1), false)},
               {part(op_continuation, text.substr(wrong + 1), true)}},
              {}, {not_utf8}, 1);
  const std::string whole = frame(op_text, text);
  const std::size_t header = whole.size() - text.size();
  section.add("in the middle of a frame",
              {{whole.substr(0, header + greek.size())},
               {whole.substr(header + greek.size(), 4)},
               {whole.substr(header + greek.size() + 4)}},
              {}, {not_utf8}, 1);
  section.add(
      "in the middle of a frame, at the byte",
      {{whole.substr(0, header + wrong)}, {whole.substr(header + wrong, 1)}, {whole.substr(header + wrong + 1)}}, {},
      {not_utf8}, 1);
  section.move_to(all);
}

class Sequences {
 public:
  Sequences(std::vector<Case>& all, int number) : all_(all), section_("6." + std::to_string(number)) {}
  Sequences(const Sequences&) = delete;
  Sequences& operator=(const Sequences&) = delete;
  ~Sequences() { section_.move_to(all_); }

  void good(const std::string& text) { section_.add("well-formed", {{frame(op_text, text)}}, {{op_text, text}}); }
  void bad(const std::string& text) { section_.add("ill-formed", {{frame(op_text, text)}}, {}, {not_utf8}, 0); }

 private:
  std::vector<Case>& all_;
  Section section_;
};

void sequences(std::vector<Case>& all) {
  {
    Sequences inside(all, 5);
    for (const auto& [number, length] : {std::pair{0x24U, 1U}, {0xa2U, 2U}, {0x20acU, 3U}, {0x24b62U, 4U}}) {
      inside.good("before" + encoded(number, length) + "behind");
    }
    inside.good(std::string(greek));
  }
  {
    Sequences prefixes(all, 6);  // whole only where a character ends
    for (std::size_t i = 1; i <= greek.size(); ++i) {
      const bool whole = i == greek.size() || (static_cast<unsigned char>(greek[i]) & 0xc0U) != 0x80U;
      whole ? prefixes.good(std::string(greek.substr(0, i))) : prefixes.bad(std::string(greek.substr(0, i)));
    }
  }
  const std::array<std::uint32_t, 7> last{0, 0x7f, 0x7ff, 0xffff, 0x10ffff, 0x3ffffff, 0x7fffffff};
  {
    Sequences borders(all, 7);  // the first and the last of each length
    for (unsigned length = 1; length <= 4; ++length) {
      borders.good(encoded(length == 1 ? 0 : last.at(length - 1) + 1, length));
      borders.good(encoded(last.at(length), length));
    }
    for (const std::uint32_t number : {0xd7ffU, 0xe000U, 0xfffdU}) borders.good(encoded(number, 3));
  }
  {
    Sequences beyond(all, 8);
    beyond.bad(encoded(0x110000, 4));
    beyond.bad(encoded(0x140000, 4));
    beyond.bad(encoded(0x1fffff, 4));
    for (unsigned length = 5; length <= 6; ++length) {
      beyond.bad(encoded(length == 5 ? 0x200000 : 0x4000000, length));
      beyond.bad(encoded(last.at(length), length));
    }
  }
  {
    Sequences stray(all, 9);  // continuation bytes of nothing
    for (const char c : {'\x80', '\xbf'}) stray.bad(std::string(1, c));
    for (std::size_t n = 2; n <= 6; ++n) stray.bad(repeated("\x80\xbf", n));
    for (unsigned c = 0x80; c <= 0xbf; ++c) stray.bad("a" + std::string(1, static_cast<char>(c)));
  }
  {
    Sequences lonely(all, 10);  // first bytes with a space behind, and with nothing
    for (unsigned c = 0xc0; c <= 0xff; ++c) {
      lonely.bad(std::string(1, static_cast<char>(c)) + ' ');
      lonely.bad(std::string(1, static_cast<char>(c)));
    }
  }
  {
    Sequences cut(all, 11);  // the last byte is missing
    std::string together;
    for (unsigned length = 2; length <= 6; ++length) {
      for (const std::uint32_t number : {last.at(length - 1) + 1, last.at(length)}) {
        const std::string short_of_one = encoded(number, length).substr(0, length - 1);
        cut.bad(short_of_one);
        cut.bad(short_of_one + "a");
        together += short_of_one;
      }
    }
    cut.bad(together);
  }
  {
    Sequences overlong(all, 12);  // more bytes than the number needs
    for (unsigned length = 2; length <= 6; ++length) {
      for (const std::uint32_t number : {0U, 0x2fU, last.at(length - 1)}) overlong.bad(encoded(number, length));
    }
  }
  {
    Sequences surrogates(all, 13);
    for (const std::uint32_t number : {0xd800U, 0xdb7fU, 0xdb80U, 0xdbffU, 0xdc00U, 0xdf80U, 0xdfffU}) {
      surrogates.bad(encoded(number, 3));
      surrogates.bad(encoded(0xd800, 3) + encoded(number, 3));
    }
  }
  {
    Sequences reserved(all, 14);  // no characters, yet well-formed
    for (std::uint32_t plane = 0; plane <= 0x10; ++plane) {
      for (const std::uint32_t low : {0xfffeU, 0xffffU})
        reserved.good(encoded((plane << 16U) | low, plane == 0 ? 3 : 4));
    }
    for (std::uint32_t special = 0xfff9; special <= 0xfffc; ++special) reserved.good(encoded(special, 3));
  }
}

}  // namespace

std::vector<Case> text_cases() {
  std::vector<Case> all;
  empty_and_fragmented(all);
  fail_fast(all);
  sequences(all);
  return all;
}

}  // namespace fairlead::conformance
