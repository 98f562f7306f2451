// A server's messages as bytes. They are framed once, and all connections of a kind may share the result: nothing in it
// depends on the connection.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocols/message.hpp"

namespace fairlead::protocols {

// Appends `message` as a server sends it on a connection of that kind.
//   line   payload, newline. A \n or \r inside the payload becomes a space: it would end the line.
//   frame  length, payload, untouched.
//   ws     one unfragmented frame. A text message that is not UTF-8 goes out as a binary one, with the same bytes: as
//          text it would make every browser that gets it hang up.
void append_framed(Kind kind, Message message, std::string& out);

// How many bytes append_framed would append for a payload of that size.
std::size_t framed_size(Kind kind, std::size_t payload);

// Appends a ping with at most 125 bytes; line and frame have none, nothing is appended.
void append_ping(Kind kind, std::string_view payload, std::string& out);

// A complete HTTP/1.1 response with Content-Length and Connection: close. `head_only` answers HEAD.
std::string http_response(int status, std::string_view content_type, std::string_view body, bool head_only = false);

}  // namespace fairlead::protocols
