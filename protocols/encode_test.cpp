#include "protocols/encode.hpp"

#include <gtest/gtest.h>

#include "bus/random.hpp"
#include "bus/text.hpp"
#include "protocols/utf8.hpp"
#include "protocols/ws_frame.hpp"

namespace fairlead::protocols {
namespace {

std::string framed(Kind kind, Message message) {
  std::string out = "before";
  append_framed(kind, message, out);
  return out.substr(6);
}

TEST(Encode, a_newline_inside_a_line_becomes_a_space) {
  EXPECT_EQ(framed(Kind::line, {"a\nb\r\nc"}), "a b  c\n");
  EXPECT_EQ(framed(Kind::line, {""}), "\n");
}

TEST(Encode, a_frame_carries_its_payload_untouched) {
  EXPECT_EQ(framed(Kind::frame, {"a\nb"}), std::string("\0\0\0\3a\nb", 7));
}

TEST(Encode, a_websocket_text_that_is_not_utf8_goes_out_as_binary) {
  EXPECT_EQ(framed(Kind::ws, {"hi"}), "\x81\x02hi");
  EXPECT_EQ(framed(Kind::ws, {"hi", true}), "\x82\x02hi");
  EXPECT_EQ(framed(Kind::ws, {"\xff"}), "\x82\x01\xff");
}

TEST(Encode, only_websocket_has_pings) {
  std::string out;
  append_ping(Kind::line, "x", out);
  append_ping(Kind::frame, "x", out);
  EXPECT_EQ(out, "");
  append_ping(Kind::ws, "x", out);
  EXPECT_EQ(out, "\x89\x01x");
}

TEST(Encode, http_says_what_its_status_asks_for) {
  EXPECT_EQ(http_response(200, "text/html", "<p>"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\nX-Content-Type-Options: "
            "nosniff\r\nConnection: close\r\n\r\n<p>");
  EXPECT_TRUE(http_response(200, "text/html", "<p>", true).ends_with("\r\n\r\n"));
  EXPECT_NE(http_response(405, "text/plain", "").find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
}

TEST(CloseReason, is_cut_between_characters_where_it_is_too_long) {
  const std::string long_text = std::string(122, 'a') + "ü";
  EXPECT_EQ(ws::close_payload({1000, long_text}), std::string("\x03\xe8") + std::string(122, 'a'));
  EXPECT_EQ(ws::close_payload({1000, "\xff"}), "\x03\xe8");
  EXPECT_EQ(ws::close_payload({close_code::none_given, "x"}), "");
}

TEST(CloseCode, has_words_for_logs) {
  EXPECT_EQ(close_code::text(1009), "message too big");
  EXPECT_EQ(close_code::text(4321), "code 4321");
}

TEST(Mask, goes_on_where_it_stopped) {
  Random random(3);
  for (int round = 0; round < 500; ++round) {
    std::string bytes(random.below(70), 'x');
    const ws::Mask mask = ws::random_mask(random);
    std::string expected = bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) expected[i] = static_cast<char>(expected[i] ^ mask.at(i % 4));
    ws::Mask turning = mask;
    const std::size_t cut = random.below(bytes.size() + 1);
    ws::apply_mask(std::span(bytes).first(cut), turning);
    ws::apply_mask(std::span(bytes).subspan(cut), turning);
    ASSERT_EQ(bytes, expected);
  }
}

TEST(Utf8Check, judges_as_the_plain_check_does_wherever_the_text_is_cut) {
  Random random(5);
  static constexpr std::string_view pool = "abcdefgh\x80\xbf\xc2\xe0\xa0\xed\x9f\xf0\x90\xf4\x8f\xff";
  int good = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text(random.below(24), 'a');
    if (random.one_in(2)) text += "ü€😀";
    for (std::size_t i = 0; i < random.below(4); ++i) text += pool.at(random.below(pool.size()));
    const std::size_t cut = random.below(text.size() + 1);
    Utf8Check check;
    const bool judged = check.feed(std::string_view(text).substr(0, cut)) &&
                        check.feed(std::string_view(text).substr(cut)) && check.is_whole();
    ASSERT_EQ(judged, is_utf8(text)) << printable(text);
    good += judged ? 1 : 0;
  }
  EXPECT_GT(good, 5'000);
  EXPECT_LT(good, 45'000);
}

}  // namespace
}  // namespace fairlead::protocols
