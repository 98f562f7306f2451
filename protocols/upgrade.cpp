#include "protocols/upgrade.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include <openssl/evp.h>

#include "bus/check.hpp"
#include "bus/text.hpp"
#include "protocols/encode.hpp"

namespace fairlead::protocols {
namespace {

std::string base64(std::span<const unsigned char> bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL writes a final NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(), static_cast<int>(bytes.size()));
  out.pop_back();
  return out;
}

// Base64 of 16 bytes: 22 digits and two pads.
bool is_key(std::string_view key) {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.ends_with("==") &&
         key.substr(0, 22).find_first_not_of(digits) == std::string_view::npos;
}

// '%41' is 'A', '+' a space; a '%' that introduces nothing stands for itself.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && text.size() - i > 2) {
      if (const auto byte = from_hex(text.substr(i + 1, 2))) {
        out += *byte;
        i += 2;
        continue;
      }
    }
    out += text[i] == '+' ? ' ' : text[i];
  }
  return out;
}

std::string_view without_spaces(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// Calls f(name, value) for each pair.
template <class F>
void for_each_pair(std::string_view text, char separator, F&& f) {
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    f(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  }
}

}  // namespace

Fields parse_query(std::string_view query) {
  Fields out;
  for_each_pair(query, '&', [&](std::string_view name, std::string_view value) {
    if (!name.empty()) out.insert_or_assign(decoded(name), decoded(value));
  });
  return out;
}

Fields parse_cookies(std::string_view cookies) {
  Fields out;
  for_each_pair(cookies, ';', [&](std::string_view name, std::string_view value) {
    name = without_spaces(name);
    value = without_spaces(value);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) value = value.substr(1, value.size() - 2);
    if (!name.empty()) out.emplace(name, value);
  });
  return out;
}

Refusal refuse(int status, const std::string& why) {
  const std::uint16_t code = status == 403                    ? close_code::policy
                             : status == 429 || status == 503 ? close_code::try_again_later
                                                              : close_code::protocol_error;
  return {.reason = {code, "HTTP " + std::to_string(status) + ": " + why},
          .reply = http_response(status, "text/plain; charset=utf-8", why + "\n")};
}

Verdict judge_request(HttpHead&& head, const ServerOptions& options) {
  if (head.method != "GET" && head.method != "HEAD") return refuse(405, "only GET and HEAD are answered here");
  if (!head.has_token("upgrade", "websocket")) {
    return HttpRequest{std::move(head.method), std::move(head.target), std::move(head.headers)};
  }
  if (head.method != "GET") return refuse(405, "a WebSocket is opened with GET");
  if (!head.http_1_1) return refuse(400, "a WebSocket needs HTTP/1.1");
  const std::string_view host = head.header("host");
  if (host.empty() || host.find(',') != std::string_view::npos) return refuse(400, "one Host header is needed");
  if (!head.has_token("connection", "upgrade")) return refuse(400, "Connection: Upgrade is missing");
  if (head.header("sec-websocket-version") != "13")
    return refuse(426, "only version 13 of the protocol is spoken here");
  if (!is_key(head.header("sec-websocket-key"))) return refuse(400, "Sec-WebSocket-Key is missing or is not 16 bytes");
  if (!head.target.starts_with('/')) return refuse(400, "the target must be a path");

  const std::string_view target = head.target;
  const std::string_view path = target.substr(0, target.find('?'));
  if (!options.path.empty() && path != options.path) return refuse(404, "no WebSocket is served at this path");
  if (!options.origins.empty() && std::ranges::find(options.origins, head.header("origin")) == options.origins.end()) {
    return refuse(403, "this origin is not let in");
  }

  Upgrade out;
  out.reply =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
      accept_key(head.header("sec-websocket-key")) + "\r\n\r\n";
  out.handshake.path = path;
  out.handshake.query = parse_query(target.substr(std::min(path.size() + 1, target.size())));
  out.handshake.cookies = parse_cookies(head.header("cookie"));
  out.handshake.headers = std::move(head.headers);
  return out;
}

std::string make_key(Random& random) {
  std::array<unsigned char, 16> bytes{};
  const std::array<std::uint64_t, 2> drawn{random.next(), random.next()};
  std::memcpy(bytes.data(), drawn.data(), bytes.size());
  return base64(bytes);
}

std::string accept_key(std::string_view key) {
  const std::string salted = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const int done = EVP_Digest(salted.data(), salted.size(), digest.data(), &size, EVP_sha1(), nullptr);
  FAIRLEAD_CHECK(done == 1, "OpenSSL has no SHA-1");
  return base64(std::span(digest).first(size));
}

std::string upgrade_request(const ClientOptions& options, std::string_view key) {
  std::string out = "GET " + options.target + " HTTP/1.1\r\nHost: " + options.host +
                    "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + std::string(key) +
                    "\r\nSec-WebSocket-Version: 13\r\n";
  for (const auto& [header, value] : options.headers) out.append(header).append(": ").append(value).append("\r\n");
  return out += "\r\n";
}

Result<Handshake> judge_response(HttpHead&& head, std::string_view key) {
  if (head.status != 101) {
    return Error{"the server answered " + std::to_string(head.status) + " " + printable(head.reason)};
  }
  if (!head.has_token("upgrade", "websocket") || !head.has_token("connection", "upgrade")) {
    return Error{"the server's answer is not an upgrade to a WebSocket"};
  }
  if (head.header("sec-websocket-accept") != accept_key(key)) return Error{"the server's accept key is wrong"};
  if (!head.header("sec-websocket-extensions").empty() || !head.header("sec-websocket-protocol").empty()) {
    return Error{"the server chose an extension or subprotocol that was not offered"};
  }
  Handshake out;
  out.headers = std::move(head.headers);
  return out;
}

}  // namespace fairlead::protocols
