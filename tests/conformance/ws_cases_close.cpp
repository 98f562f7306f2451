// Section 7: closing. After a close nothing else is read or answered.
#include <initializer_list>

#include "tests/conformance/ws_cases.hpp"

namespace fairlead::conformance {
namespace {

using Codes = std::initializer_list<std::uint16_t>;

constexpr std::uint16_t protocol_error = 1002;

void behaviour(std::vector<Case>& all) {
  Section section("7.1");
  const std::string bye = close_frame(1000);
  section.add("a text, then a close", {{frame(op_text, "last") + bye}}, {{op_text, "last"}}, {1000});
  section.add("two closes", {{bye + frame(op_close)}}, {}, {1000});
  section.add("a close, then a ping", {{bye + frame(op_ping)}}, {}, {1000});
  section.add("a close, then a text", {{bye + frame(op_text, "too late")}}, {}, {1000});
  section.add("a close before the last fragment",
              {{frame(op_text, "to be ", {.fin = false}) + bye + frame(op_continuation, "continued")}}, {}, {1000});
  const std::string much = repeated("0123456789", std::size_t{256} * 1024);
  section.add("256 KiB, a text, a close and a ping in one go",
              {{frame(op_text, much) + frame(op_text, "last") + bye + frame(op_ping)}},
              {{op_text, much}, {op_text, "last"}}, {1000});
  section.move_to(all);
}

void payloads(std::vector<Case>& all) {
  Section section("7.3");
  section.add("without payload", {{frame(op_close)}}, {}, {0, 1000});
  section.add("with half a code", {{frame(op_close, "a")}}, {}, {protocol_error});
  section.add("with a code", {{close_frame(1000)}}, {}, {1000});
  section.add("with a code and a reason", {{close_frame(1000, "That is all.")}}, {}, {1000});
  section.add("with the longest reason", {{close_frame(1000, std::string(123, '*'))}}, {}, {1000});
  section.add("with a reason of one byte more", {{close_frame(1000, std::string(124, '*'))}}, {}, {protocol_error}, 0);
  section.move_to(all);

  Section reason("7.5");
  reason.add("with a reason that is not UTF-8", {{close_frame(1000, "κόσμε\xed\xa0\x80")}}, {}, {1007});
  reason.move_to(all);
}

void codes(std::vector<Case>& all) {
  Section good("7.7");
  for (const std::uint16_t code :
       Codes{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999, 1012, 1013, 1014}) {
    good.add("code " + std::to_string(code) + " is echoed", {{close_frame(code)}}, {}, {code});
  }
  good.move_to(all);

  Section bad("7.9");
  for (const std::uint16_t code : Codes{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 1015}) {
    bad.add("code " + std::to_string(code) + " must not be sent", {{close_frame(code)}}, {}, {protocol_error});
  }
  bad.move_to(all);

  Section outside("7.13");
  for (const std::uint16_t code : Codes{5000, 65535}) {
    outside.add("code " + std::to_string(code) + " has no meaning", {{close_frame(code)}}, {}, {protocol_error});
  }
  outside.move_to(all);
}

}  // namespace

std::vector<Case> close_cases() {
  std::vector<Case> all;
  behaviour(all);
  payloads(all);
  codes(all);
  return all;
}

}  // namespace fairlead::conformance
