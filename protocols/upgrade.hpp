// The opening handshake of RFC 6455 section 4, both sides: what is asked, what is answered, what is refused and how.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "bus/random.hpp"
#include "bus/result.hpp"
#include "protocols/http_reader.hpp"
#include "protocols/message.hpp"
#include "protocols/options.hpp"

namespace fairlead::protocols {

struct Upgrade {
  Handshake handshake;
  std::string reply;  // the 101
};

struct Refusal {
  CloseReason reason;
  std::string reply;  // a complete HTTP error response
};

// An upgrade that we take, a GET or HEAD that asks for none, or something we refuse.
using Verdict = std::variant<Upgrade, HttpRequest, Refusal>;

Verdict judge_request(HttpHead&& head, const ServerOptions& options);

Refusal refuse(int status, const std::string& why);

// A client's key: 16 random bytes in base64.
std::string make_key(Random& random);

// What the server must make of the key.
std::string accept_key(std::string_view key);

std::string upgrade_request(const ClientOptions& options, std::string_view key);

// The error says what the server answered instead.
Result<Handshake> judge_response(HttpHead&& head, std::string_view key);

// "a=1&b=x%20y" and "a=1; b=2".
Fields parse_query(std::string_view query);
Fields parse_cookies(std::string_view cookies);

}  // namespace fairlead::protocols
