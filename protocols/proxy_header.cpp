#include "protocols/proxy_header.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "bus/text.hpp"

namespace fairlead::protocols {
namespace {

constexpr std::size_t v2_head = 16;

std::uint8_t byte(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
std::uint16_t number16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte(bytes, at) << 8U | byte(bytes, at + 1));
}

bool agree(std::string_view a, std::string_view b) {
  const std::size_t size = std::min(a.size(), b.size());
  return a.substr(0, size) == b.substr(0, size);
}

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t space = line.find(' ');
    out.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return out;
    line.remove_prefix(space + 1);
  }
}

std::optional<Peer> peer_of_words(std::string_view address, std::string_view port, bool v4) {
  const bool written_as_v4 = address.find(':') == std::string_view::npos;
  if (written_as_v4 != v4) return std::nullopt;
  return Peer::parse(v4 ? std::string(address) + ":" + std::string(port)
                        : "[" + std::string(address) + "]:" + std::string(port));
}

}  // namespace

std::size_t ProxyHeader::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !complete_ && fault_.empty()) {
    const std::size_t part = std::min(need(), bytes.size() - used);
    waiting_ += bytes.substr(used, part);
    used += part;
    judge();
  }
  if (complete_) waiting_ = {};
  return used;
}

// Version 1 ends at a newline that is somewhere, so it comes byte by byte; version 2 says its size.
std::size_t ProxyHeader::need() const {
  if (!waiting_.starts_with(v2_begin)) return 1;
  const std::size_t whole = waiting_.size() < v2_head ? v2_head : v2_head + number16(waiting_, 14);
  return whole - waiting_.size();
}

void ProxyHeader::judge() {
  if (agree(waiting_, v1_begin)) return judge_v1();
  if (agree(waiting_, v2_begin)) return judge_v2();
  fail("it begins with '" + printable(waiting_) + "'");
}

void ProxyHeader::judge_v1() {
  if (!waiting_.ends_with('\n')) {
    if (waiting_.size() >= max_v1) fail("its line is longer than 107 bytes");
    return;
  }
  if (!waiting_.ends_with("\r\n")) return fail("its line does not end with \\r\\n");
  const auto line = words(std::string_view(waiting_).substr(v1_begin.size(), waiting_.size() - v1_begin.size() - 2));
  complete_ = true;
  if (line[0] == "UNKNOWN") return;
  const bool v4 = line[0] == "TCP4";
  complete_ = false;
  if (!v4 && line[0] != "TCP6") return fail("'" + printable(line[0]) + "' is not TCP4, TCP6 or UNKNOWN");
  if (line.size() != 5) return fail("it must name two addresses and two ports");
  source_ = peer_of_words(line[1], line[3], v4);
  if (!source_) return fail("'" + printable(line[1]) + "' and '" + printable(line[3]) + "' are no source");
  if (!peer_of_words(line[2], line[4], v4)) {
    source_.reset();
    return fail("'" + printable(line[2]) + "' and '" + printable(line[4]) + "' are no destination");
  }
  complete_ = true;
}

void ProxyHeader::judge_v2() {
  if (waiting_.size() < v2_head) return;
  const std::uint8_t version = byte(waiting_, 12) >> 4U;
  const std::uint8_t command = byte(waiting_, 12) & 15U;
  const std::uint8_t family = byte(waiting_, 13) >> 4U;
  const std::uint8_t transport = byte(waiting_, 13) & 15U;
  const std::size_t size = number16(waiting_, 14);
  if (version != 2) return fail("version " + std::to_string(version) + " is not known");
  if (command > 1) return fail("command " + std::to_string(command) + " is not known");
  if (family > 3 || transport > 2) return fail("its address family is not known");
  const bool for_another = command == 1 && family != 0;
  if (for_another && (family == 3 || transport != 1)) return fail("it is not about a TCP connection");
  const std::size_t addresses = !for_another ? 0 : family == 1 ? 12 : 36;
  if (size < addresses) return fail("it is too short for its addresses");
  if (v2_head + size > max_size) return fail("it is longer than 4096 bytes");
  if (waiting_.size() < v2_head + size) return;
  complete_ = true;
  if (!for_another) return;
  if (family == 1) {
    source_ =
        Peer{.address = IpAddress::v4(byte(waiting_, 16), byte(waiting_, 17), byte(waiting_, 18), byte(waiting_, 19)),
             .port = number16(waiting_, 24)};
    return;
  }
  IpAddress::Bytes bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes.at(i) = byte(waiting_, v2_head + i);
  source_ = Peer{.address = IpAddress(bytes), .port = number16(waiting_, 48)};
}

ProxyHeaderDetector::Verdict ProxyHeaderDetector::feed(std::string_view bytes) {
  bytes = bytes.substr(0, seen_.size() - size_);
  std::ranges::copy(bytes, seen_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += bytes.size();
  const std::string_view seen(seen_.data(), size_);
  if (seen.starts_with(ProxyHeader::v1_begin) || seen.starts_with(ProxyHeader::v2_begin)) return Verdict::yes;
  return agree(seen, ProxyHeader::v1_begin) || agree(seen, ProxyHeader::v2_begin) ? Verdict::perhaps : Verdict::no;
}

}  // namespace fairlead::protocols
