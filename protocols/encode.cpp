#include "protocols/encode.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "bus/check.hpp"
#include "protocols/ws_frame.hpp"

namespace fairlead::protocols {
namespace {

void append_line(std::string_view payload, std::string& out) {
  const std::size_t begin = out.size();
  out += payload;
  for (const char ending : {'\n', '\r'}) {
    for (std::size_t at = out.find(ending, begin); at != std::string::npos; at = out.find(ending, at + 1))
      out[at] = ' ';
  }
  out += '\n';
}

void append_length_frame(std::string_view payload, std::string& out) {
  FAIRLEAD_CHECK(payload.size() <= std::numeric_limits<std::uint32_t>::max(), "a payload of 4 GiB or more");
  for (unsigned shift = 32; shift > 0; shift -= 8) out += static_cast<char>((payload.size() >> (shift - 8)) & 0xffU);
  out += payload;
}

}  // namespace

void append_framed(Kind kind, Message message, std::string& out) {
  out.reserve(std::max(out.size() + framed_size(kind, message.payload.size()), out.capacity()));
  switch (kind) {
    case Kind::line:
      return append_line(message.payload, out);
    case Kind::frame:
      return append_length_frame(message.payload, out);
    case Kind::ws:
      return ws::append_frame(ws::opcode_of(message), message.payload, {}, out);
  }
}

std::size_t framed_size(Kind kind, std::size_t payload) {
  switch (kind) {
    case Kind::line:
      return payload + 1;
    case Kind::frame:
      return payload + 4;
    case Kind::ws:
      return payload + (payload < 126 ? 2U : payload <= 0xffff ? 4U : 10U);
  }
  return payload;
}

void append_ping(Kind kind, std::string_view payload, std::string& out) {
  if (kind == Kind::ws) ws::append_frame(ws::Opcode::ping, payload, {}, out);
}

std::string http_response(int status, std::string_view content_type, std::string_view body, bool head_only) {
  const auto reason = [status]() -> std::string_view {
    switch (status) {
      case 200:
        return "OK";
      case 400:
        return "Bad Request";
      case 403:
        return "Forbidden";
      case 404:
        return "Not Found";
      case 405:
        return "Method Not Allowed";
      case 414:
        return "URI Too Long";
      case 426:
        return "Upgrade Required";
      case 429:
        return "Too Many Requests";
      case 431:
        return "Request Header Fields Too Large";
      case 503:
        return "Service Unavailable";
      default:
        return "Other";
    }
  };
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out.append(reason()).append("\r\nContent-Type: ").append(content_type);
  out += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nX-Content-Type-Options: nosniff\r\n";
  if (status == 405) out += "Allow: GET, HEAD\r\n";
  if (status == 426) out += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
  out += status == 426 ? "Connection: Upgrade, close\r\n\r\n" : "Connection: close\r\n\r\n";
  if (!head_only) out += body;
  return out;
}

}  // namespace fairlead::protocols
