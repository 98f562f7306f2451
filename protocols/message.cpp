#include "protocols/message.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::protocols {

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::line:
      return "line";
    case Kind::frame:
      return "frame";
    case Kind::ws:
      return "ws";
  }
  return "?";
}

namespace close_code {

std::string text(std::uint16_t code) {
  static constexpr std::array<std::pair<std::uint16_t, std::string_view>, 15> names{
      {{normal, "normal"},
       {going_away, "going away"},
       {protocol_error, "protocol error"},
       {unsupported_data, "unsupported data"},
       {none_given, "no code given"},
       {abnormal, "no close frame"},
       {not_utf8, "not UTF-8"},
       {policy, "policy"},
       {too_big, "message too big"},
       {1010, "extension missing"},
       {internal_error, "internal error"},
       {service_restart, "service restart"},
       {try_again_later, "try again later"},
       {1014, "bad gateway"},
       {1015, "TLS failed"}}};
  const auto* found = std::ranges::find(names, code, &std::pair<std::uint16_t, std::string_view>::first);
  return found == names.end() ? "code " + std::to_string(code) : std::string(found->second);
}

bool may_be_sent(std::uint16_t code) {
  if (code >= 3000 && code <= 4999) return true;  // registered by libraries, or private
  return code >= 1000 && code <= 1014 && code != 1004 && code != none_given && code != abnormal;
}

}  // namespace close_code
}  // namespace fairlead::protocols
