// What passes between a user's connection and us, whatever protocol it speaks: messages, the opening handshake, and the
// reason for an end. Values only; the codecs (server_codec.hpp, client_codec.hpp) make them from bytes and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace fairlead::protocols {

// line: newline-terminated. frame: u32 big-endian length, payload. ws: RFC 6455.
enum class Kind : std::uint8_t { line, frame, ws };

std::string_view name(Kind kind);

// One whole message. `binary` means something to WebSocket only: there a message that is not binary is UTF-8.
struct Message {
  std::string_view payload;
  bool binary = false;

  bool operator==(const Message&) const = default;
};

// Name → value in the names' order. Header names are lower-case; a header given twice is joined with ", ".
using Fields = std::map<std::string, std::string, std::less<>>;

// What the opening request of a WebSocket said (at a client: what the response said, in `headers`).
struct Handshake {
  std::string path;  // as sent, before the '?'
  Fields query;      // percent-decoded, '+' is a space; of a name given twice the last counts
  Fields headers;
  Fields cookies;  // of a name given twice the first counts

  bool operator==(const Handshake&) const = default;
};

// A GET or HEAD at a WebSocket port that does not ask for an upgrade.
struct HttpRequest {
  std::string method;
  std::string target;  // as sent, query included
  Fields headers;

  bool operator==(const HttpRequest&) const = default;
};

// A request that is refused, as the HTTP status and the sentence that say so.
struct HttpRefusal {
  int status = 503;
  std::string why;

  bool operator==(const HttpRefusal&) const = default;
};

// Why a connection ends, with the codes of RFC 6455 section 7.4 whatever the protocol. line and frame have no way to
// say it on the wire: there the reason is for our own side only.
struct CloseReason {
  std::uint16_t code = 1000;
  std::string text;  // UTF-8; at most 123 bytes of it reach the peer

  bool operator==(const CloseReason&) const = default;
};

namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported_data = 1003;
inline constexpr std::uint16_t none_given = 1005;  // never on the wire: the peer's close frame was empty
inline constexpr std::uint16_t abnormal = 1006;    // never on the wire: the connection ended without a close frame
inline constexpr std::uint16_t not_utf8 = 1007;
inline constexpr std::uint16_t policy = 1008;
inline constexpr std::uint16_t too_big = 1009;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t service_restart = 1012;
inline constexpr std::uint16_t try_again_later = 1013;
inline constexpr std::uint16_t unauthorized = 3000;  // registered with IANA, as is the next
inline constexpr std::uint16_t timeout = 3008;

// Words for logs: "protocol error"; "code 4000" for those without a name.
std::string text(std::uint16_t code);

// Whether RFC 6455 and the IANA registry let a peer put this code into a close frame.
bool may_be_sent(std::uint16_t code);
}  // namespace close_code

}  // namespace fairlead::protocols
