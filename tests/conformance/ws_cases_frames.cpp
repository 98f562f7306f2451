// Sections 1 to 5 and 20: sizes, pings, reserved bits and opcodes, fragments, and our own about lengths and masks.
#include <utility>

#include "tests/conformance/ws_cases.hpp"

namespace fairlead::conformance {
namespace {

constexpr std::string_view greeting = "Good morning!";
constexpr std::uint16_t protocol_error = 1002;

// A good message, then something forbidden, then a ping that must stay without its pong.
std::vector<Step> good_bad_ping(std::string bad, std::size_t chop) {
  return {{frame(op_text, greeting), chop}, {std::move(bad), chop}, {frame(op_ping), chop}};
}

std::vector<Answer> greeted() { return {{op_text, std::string(greeting)}}; }

}  // namespace

std::vector<Case> echo_cases() {
  std::vector<Case> all;
  struct Flavour {
    std::string prefix;
    unsigned opcode;
    std::string_view pattern;
  };
  for (const Flavour& flavour : {Flavour{"1.1", op_text, "*"}, Flavour{"1.2", op_binary, "\xfe"}}) {
    Section section(flavour.prefix);
    const auto echo = [&](std::size_t size, std::size_t chop) {
      const std::string payload = repeated(flavour.pattern, size);
      section.add("a message of " + std::to_string(size) + " bytes, sent in pieces of " + std::to_string(chop),
                  {{frame(flavour.opcode, payload), chop}}, {{flavour.opcode, payload}});
    };
    for (const std::size_t size : {0U, 125U, 126U, 127U, 128U, 65535U, 65536U}) echo(size, 0);
    echo(65536, 997);
    section.move_to(all);
  }
  return all;
}

std::vector<Case> ping_cases() {
  Section section("2");
  const std::string octets("\0\xff\xfe\xfd\xfc\xfb\0\xff", 8);
  const std::string longest(125, '\xfe');
  section.add("an empty ping", {{frame(op_ping)}}, {{op_pong, ""}});
  section.add("a ping with text", {{frame(op_ping, greeting)}}, {{op_pong, std::string(greeting)}});
  section.add("a ping with bytes that are no text", {{frame(op_ping, octets)}}, {{op_pong, octets}});
  section.add("a ping of 125 bytes", {{frame(op_ping, longest)}}, {{op_pong, longest}});
  section.add("a ping of 126 bytes is one too many", {{frame(op_ping, longest + 'x')}}, {}, {protocol_error}, 0);
  section.add("a ping of 125 bytes, byte by byte", {{frame(op_ping, longest), 1}}, {{op_pong, longest}});
  section.add("an empty pong that nobody asked for", {{frame(op_pong) + close_frame(1000)}}, {}, {1000});
  section.add("a pong that nobody asked for", {{frame(op_pong, greeting) + close_frame(1000)}}, {}, {1000});
  section.add("such a pong, and then a ping", {{frame(op_pong, "unasked")}, {frame(op_ping, "asked")}},
              {{op_pong, "asked"}});
  for (const std::size_t chop : {0U, 1U}) {
    std::vector<Step> pings;
    std::vector<Answer> pongs;
    for (int i = 0; i < 10; ++i) {
      pings.push_back({frame(op_ping, "ping " + std::to_string(i)), chop});
      pongs.push_back({op_pong, "ping " + std::to_string(i)});
    }
    section.add("ten pings in pieces of " + std::to_string(chop), std::move(pings), std::move(pongs));
  }
  return section.take();
}

std::vector<Case> reserved_bit_cases() {
  Section section("3");
  const auto bad = [](unsigned opcode, unsigned rsv) { return frame(opcode, "never read", {.rsv = rsv}); };
  section.add("a text with bit 1", {{bad(op_text, 1)}}, {}, {protocol_error}, 0);
  section.add("a good text, then bit 2, then a ping", good_bad_ping(bad(op_text, 2), 0), greeted(), {protocol_error},
              1);
  section.add("the same with bits 3 in frames of their own",
              {{frame(op_text, greeting), 0, 1}, {bad(op_text, 3)}, {frame(op_ping)}}, greeted(), {protocol_error}, 1);
  section.add("the same with bit 4, byte by byte", good_bad_ping(bad(op_text, 4), 1), greeted(), {protocol_error}, 1);
  section.add("a binary with bits 5", {{bad(op_binary, 5)}}, {}, {protocol_error}, 0);
  section.add("a ping with bits 6", {{bad(op_ping, 6)}}, {}, {protocol_error}, 0);
  section.add("a close with bits 7", {{frame(op_close, {}, {.rsv = 7})}}, {}, {protocol_error}, 0);
  return section.take();
}

std::vector<Case> opcode_cases() {
  std::vector<Case> all;
  for (const auto& [prefix, first] : {std::pair{"4.1", 3U}, std::pair{"4.2", 11U}}) {
    Section section(prefix);
    const auto named = [](unsigned opcode) { return "opcode " + std::to_string(opcode); };
    section.add(named(first) + " empty", {{frame(first)}}, {}, {protocol_error}, 0);
    section.add(named(first + 1) + " with payload", {{frame(first + 1, "what?")}}, {}, {protocol_error}, 0);
    section.add(named(first + 2) + " empty behind a good text", good_bad_ping(frame(first + 2), 0), greeted(),
                {protocol_error}, 1);
    section.add(named(first + 3) + " behind a good text", good_bad_ping(frame(first + 3, "what?"), 0), greeted(),
                {protocol_error}, 1);
    section.add(named(first + 4) + " behind a good text, byte by byte", good_bad_ping(frame(first + 4, "what?"), 1),
                greeted(), {protocol_error}, 1);
    section.move_to(all);
  }
  return all;
}

std::vector<Case> fragment_cases() {
  Section section("5");
  const std::string begin = frame(op_text, "to be ", {.fin = false});
  const std::string end = frame(op_continuation, "continued");
  const std::vector<Answer> joined{{op_text, "to be continued"}};
  const std::string ping = frame(op_ping, "between");
  const std::vector<Answer> pinged{{op_pong, "between"}, {op_text, "to be continued"}};

  section.add("a ping in two fragments", {{frame(op_ping, "to be ", {.fin = false})}, {end}}, {}, {protocol_error}, 0);
  section.add("a pong in two fragments", {{frame(op_pong, "to be ", {.fin = false})}, {end}}, {}, {protocol_error}, 0);
  section.add("a text in two fragments sent together", {{begin + end}}, joined);
  section.add("a text in two fragments sent apart", {{begin}, {end}}, joined);
  section.add("a text in two fragments, byte by byte", {{begin + end, 1}}, joined);
  section.add("a ping between two fragments sent together", {{begin + ping + end}}, pinged);
  section.add("a ping between two fragments is answered before the rest comes", {{begin}, {ping, 0, 1}, {end}}, pinged);
  section.add("a ping between two fragments, byte by byte", {{begin + ping + end, 1}}, pinged);
  for (const bool fin : {true, false}) {
    const std::string stray = frame(op_continuation, "of what?", {.fin = fin});
    const std::string kind = fin ? "the last" : "a middle";
    section.add(kind + " fragment of nothing, with a text behind it", {{stray + frame(op_text, greeting)}}, {},
                {protocol_error}, 0);
    section.add(kind + " fragment of nothing, sent apart", {{stray}, {frame(op_text, greeting)}}, {}, {protocol_error},
                0);
    section.add(kind + " fragment of nothing, byte by byte", {{stray, 1}, {frame(op_text, greeting), 1}}, {},
                {protocol_error}, 0);
  }
  section.add("a whole message, then a fragment of nothing",
              {{begin + end}, {frame(op_continuation, "x", {.fin = false})}, {frame(op_text, greeting)}}, joined,
              {protocol_error}, 1);
  for (const bool fin : {false, true}) {
    section.add("a fragment of nothing, again and again", {{frame(op_continuation, "a", {.fin = fin})}, {begin}, {end}},
                {}, {protocol_error}, 0);
  }
  section.add("a second text before the first has ended", {{begin}, {frame(op_text, greeting)}}, {}, {protocol_error},
              1);
  for (const std::size_t chop : {0U, 1U}) {
    section.add("five fragments with pings between them, answered at once",
                {{frame(op_text, "a", {.fin = false}) + frame(op_continuation, "b", {.fin = false}), chop},
                 {frame(op_ping, "one"), chop, 1},
                 {frame(op_continuation, "c", {.fin = false}) + frame(op_continuation, "d", {.fin = false}), chop},
                 {frame(op_ping, "two"), chop, 2},
                 {frame(op_continuation, "e"), chop}},
                {{op_pong, "one"}, {op_pong, "two"}, {op_text, "abcde"}});
  }
  return section.take();
}

std::vector<Case> own_cases() {
  Section section("20");
  const std::string impossible("\x81\xff\x80\0\0\0\0\0\0\0abcd", 14);
  const std::string enormous(
      "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
      "abcd",
      14);
  section.add("an unmasked text", {{frame(op_text, greeting, {.masked = false})}}, {}, {protocol_error}, 0);
  section.add("an unmasked ping", {{frame(op_ping, {}, {.masked = false})}}, {}, {protocol_error}, 0);
  section.add("125 as a 16 bit length", {{frame(op_text, std::string(125, 'x'), {.length_bytes = 2})}}, {},
              {protocol_error}, 0);
  section.add("65535 as a 64 bit length", {{frame(op_text, std::string(65535, 'x'), {.length_bytes = 8})}}, {},
              {protocol_error}, 0);
  section.add("a length of 2^63", {{impossible}}, {}, {protocol_error}, 0);
  section.add("a length of 2^63 - 1", {{enormous}}, {}, {1009}, 0);
  section.add("a message that fragments make too long",
              {{frame(op_binary, "x", {.fin = false})}, {std::string("\0\xff\0\0\0\0\x01\0\0\0abcd", 14)}}, {}, {1009},
              1);
  section.add("a close between two fragments", {{frame(op_text, "a", {.fin = false}) + close_frame(1001)}}, {}, {1001});
  section.add("a ping of 125 bytes inside a fragmented message, byte by byte",
              {{frame(op_binary, "\xff", {.fin = false}) + frame(op_ping, std::string(125, 'p')) +
                    frame(op_continuation, "\xfe"),
                1}},
              {{op_pong, std::string(125, 'p')}, {op_binary, "\xff\xfe"}});
  return section.take();
}

}  // namespace fairlead::conformance
