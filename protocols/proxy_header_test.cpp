#include "protocols/proxy_header.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::protocols {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// What is made of the bytes, fed in pieces of `piece`: the source, "itself", "more", or the fault; and what is left.
std::string read(std::string_view bytes, std::size_t piece = 1000) {
  ProxyHeader header;
  while (!bytes.empty() && !header.complete() && header.fault().empty()) {
    const std::size_t part = std::min(piece, bytes.size());
    bytes.remove_prefix(header.feed(bytes.substr(0, part)));
  }
  if (!header.fault().empty()) return "fault: " + header.fault();
  if (!header.complete()) return "more";
  return (header.source() ? header.source()->text() : "itself") + "|" + std::string(bytes);
}

std::string v2(unsigned version_and_command, unsigned family, const std::string& body, int claimed = -1) {
  std::string out(ProxyHeader::v2_begin);
  out += static_cast<char>(version_and_command);
  out += static_cast<char>(family);
  const auto size = static_cast<unsigned>(claimed < 0 ? static_cast<int>(body.size()) : claimed);
  out += static_cast<char>(size >> 8U);
  out += static_cast<char>(size & 255U);
  return out + body;
}
const std::string v4_body("\xc0\0\2\7\xc0\0\2\1\x14\x03\x1f\x90", 12);
const std::string v6_body =
    std::string("\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 16) + std::string(16, '\1') + std::string("\x14\x03\0\1", 4);

TEST(ProxyHeader, version_1_names_the_source) {
  for (const std::size_t piece : {1, 2, 7, 1000}) {
    EXPECT_EQ(read("PROXY TCP4 192.0.2.7 192.0.2.1 5123 8080\r\nhello\n", piece), "192.0.2.7:5123|hello\n");
    EXPECT_EQ(read("PROXY TCP6 2001:db8::7 ::1 5123 8080\r\n", piece), "[2001:db8::7]:5123|");
    EXPECT_EQ(read("PROXY UNKNOWN\r\nx", piece), "itself|x");
    EXPECT_EQ(read("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\nx", piece), "itself|x");
  }
}

TEST(ProxyHeader, version_2_names_the_source) {
  for (const std::size_t piece : {1, 3, 16, 1000}) {
    EXPECT_EQ(read(v2(0x21, 0x11, v4_body) + "hello\n", piece), "192.0.2.7:5123|hello\n");
    EXPECT_EQ(read(v2(0x21, 0x21, v6_body) + "hello\n", piece), "[2001:db8::7]:5123|hello\n");
    EXPECT_EQ(read(v2(0x21, 0x11, v4_body + std::string("\4\0\3abc", 6)) + "x", piece),
              "192.0.2.7:5123|x");  // further fields
    EXPECT_EQ(read(v2(0x20, 0x00, "") + "x", piece), "itself|x");
    EXPECT_EQ(read(v2(0x20, 0x11, v4_body) + "x", piece), "itself|x");  // LOCAL: whatever it names
    EXPECT_EQ(read(v2(0x21, 0x00, "skipped") + "x", piece), "itself|x");
  }
}

TEST(ProxyHeader, waits_for_its_end) {
  const std::string one = "PROXY TCP4 192.0.2.7 192.0.2.1 5123 8080\r\n";
  for (std::size_t size = 0; size < one.size(); ++size) EXPECT_EQ(read(one.substr(0, size)), "more") << size;
  const std::string two = v2(0x21, 0x11, v4_body);
  for (std::size_t size = 0; size < two.size(); ++size) EXPECT_EQ(read(two.substr(0, size)), "more") << size;
}

TEST(ProxyHeader, every_malformed_line_is_a_fault) {
  const auto line = [](const std::string& rest) { return read("PROXY " + rest + "\r\n"); };
  EXPECT_THAT(line(""), StartsWith("fault: '' is not TCP4"));
  EXPECT_THAT(line("TCP5 192.0.2.7 192.0.2.1 1 2"), HasSubstr("'TCP5'"));
  EXPECT_THAT(line("tcp4 192.0.2.7 192.0.2.1 1 2"), HasSubstr("'tcp4'"));
  EXPECT_THAT(line(" TCP4 192.0.2.7 192.0.2.1 1 2"), HasSubstr("fault"));
  EXPECT_THAT(line("TCP4"), HasSubstr("two addresses"));
  EXPECT_THAT(line("TCP4 192.0.2.7 192.0.2.1 1"), HasSubstr("two addresses"));
  EXPECT_THAT(line("TCP4 192.0.2.7 192.0.2.1 1 2 3"), HasSubstr("two addresses"));
  EXPECT_THAT(line("TCP4 192.0.2.7 192.0.2.1 1 2 "), HasSubstr("two addresses"));
  EXPECT_THAT(line("TCP4 192.0.2.7  192.0.2.1 1"), HasSubstr("no source"));
  EXPECT_THAT(line("TCP4 192.0.2.256 192.0.2.1 1 2"), HasSubstr("no source"));
  EXPECT_THAT(line("TCP4 ::1 192.0.2.1 1 2"), HasSubstr("no source"));
  EXPECT_THAT(line("TCP6 192.0.2.7 ::1 1 2"), HasSubstr("no source"));
  EXPECT_THAT(line("TCP4 192.0.2.7 ::1 1 2"), HasSubstr("no destination"));
  EXPECT_THAT(line("TCP4 192.0.2.7 192.0.2.1 65536 2"), HasSubstr("no source"));
  EXPECT_THAT(line("TCP4 192.0.2.7 192.0.2.1 -1 2"), HasSubstr("no source"));
  EXPECT_THAT(line("TCP4 192.0.2.7 192.0.2.1 01 2"), HasSubstr("no source"));
  EXPECT_THAT(line("TCP4 192.0.2.7 192.0.2.1 1 x"), HasSubstr("no destination"));
  EXPECT_THAT(line("TCP4 192.0.2.7:9 192.0.2.1 1 2"), HasSubstr("no source"));
  EXPECT_THAT(line("TCP6 [::1] ::1 1 2"), HasSubstr("no source"));
  EXPECT_THAT(read("PROXY UNKNOWN\n"), HasSubstr("\\r\\n"));
  EXPECT_THAT(read("PROXY UNKNOWN " + std::string(93, 'x')), HasSubstr("longer than 107"));
  EXPECT_THAT(read("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\r\n"), HasSubstr("no destination"));
}

TEST(ProxyHeader, every_malformed_binary_head_is_a_fault) {
  EXPECT_THAT(read(v2(0x11, 0x11, v4_body)), HasSubstr("version 1"));
  EXPECT_THAT(read(v2(0x31, 0x11, v4_body)), HasSubstr("version 3"));
  EXPECT_THAT(read(v2(0x22, 0x11, v4_body)), HasSubstr("command 2"));
  EXPECT_THAT(read(v2(0x21, 0x41, v4_body)), HasSubstr("family"));
  EXPECT_THAT(read(v2(0x21, 0x13, v4_body)), HasSubstr("family"));
  EXPECT_THAT(read(v2(0x21, 0x12, v4_body)), HasSubstr("TCP"));
  EXPECT_THAT(read(v2(0x21, 0x10, v4_body)), HasSubstr("TCP"));
  EXPECT_THAT(read(v2(0x21, 0x31, std::string(216, '/'))), HasSubstr("TCP"));
  EXPECT_THAT(read(v2(0x21, 0x11, v4_body, 11)), HasSubstr("too short"));
  EXPECT_THAT(read(v2(0x21, 0x21, v4_body)), HasSubstr("too short"));
  EXPECT_THAT(read(v2(0x21, 0x11, v4_body, 4081)), HasSubstr("longer than 4096"));
  EXPECT_THAT(read(v2(0x20, 0x00, "", 65535)), HasSubstr("longer than 4096"));
}

TEST(ProxyHeader, whatever_else_comes_is_a_fault_at_its_first_wrong_byte) {
  EXPECT_EQ(read("GET / HTTP/1.1\r\n"), "fault: it begins with 'G'");
  EXPECT_EQ(read("PROXIES"), "fault: it begins with 'PROXI'");
  EXPECT_EQ(read("\r\n\r\nhello"), "fault: it begins with '\\x0d\\x0a\\x0d\\x0ah'");
  EXPECT_THAT(read("hello"), StartsWith("fault"));
}

TEST(ProxyHeaderDetector, knows_a_header_in_any_pieces) {
  using Verdict = ProxyHeaderDetector::Verdict;
  for (const std::string_view header : {ProxyHeader::v1_begin, ProxyHeader::v2_begin}) {
    ProxyHeaderDetector detector;
    for (std::size_t i = 0; i + 1 < header.size(); ++i) EXPECT_EQ(detector.feed(header.substr(i, 1)), Verdict::perhaps);
    EXPECT_EQ(detector.feed(header.substr(header.size() - 1)), Verdict::yes);
    EXPECT_EQ(ProxyHeaderDetector().feed(std::string(header) + "and more, longer than any header's beginning"),
              Verdict::yes);
  }
  EXPECT_EQ(ProxyHeaderDetector().feed("PROXIES"), Verdict::no);
  EXPECT_EQ(ProxyHeaderDetector().feed("hello"), Verdict::no);
  EXPECT_EQ(ProxyHeaderDetector().feed("\r\nhello"), Verdict::no);
}

}  // namespace
}  // namespace fairlead::protocols
