// The conformance cases against the server's codec alone, and every way of cutting their bytes. The peer here echoes as
// a gateway must: what is owed goes out before the last words do.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "protocols/encode.hpp"
#include "protocols/server_codec.hpp"
#include "tests/conformance/ws_case.hpp"

namespace fairlead::conformance {
namespace {

using protocols::Kind;

constexpr std::string_view upgrade =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

class EchoCodec : public Peer, private protocols::Sink {
 public:
  EchoCodec() {
    send(upgrade);
    out_.clear();  // the 101
  }

  void send(std::string_view bytes) override {
    std::string copy(bytes);
    codec_.feed(copy, *this);
  }
  std::string receive() override { return std::exchange(out_, {}); }

 private:
  void on_message(protocols::Message message) override { protocols::append_framed(Kind::ws, message, out_); }
  void on_reply(std::string_view bytes) override { out_ += bytes; }
  void on_close(const protocols::Ending& ending) override { out_ += ending.last_words; }

  protocols::ServerOptions options_{.max_message = needed_max_message};
  protocols::ServerCodec codec_{Kind::ws, options_};
  std::string out_;
};

class WsCodec : public ::testing::TestWithParam<int> {};

TEST_P(WsCodec, answers_every_case_strictly) {
  for (const Case& wanted : cases(GetParam())) {
    EchoCodec peer;
    EXPECT_EQ(run(wanted, peer), "") << wanted.id << ": " << wanted.what;
  }
}

TEST_P(WsCodec, gives_the_same_answers_however_the_bytes_are_cut) {
  if (GetParam() == 9) return;  // its cases are the same bytes, cut differently
  for (const Case& wanted : cases(GetParam())) {
    for (const Cut cut : {Cut::byte_by_byte, Cut::all_at_once}) {
      EchoCodec peer;
      EXPECT_EQ(run(wanted, peer, cut), "") << wanted.id << ": " << wanted.what;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Section, WsCodec, ::testing::ValuesIn(sections()),
                         [](const auto& section) { return std::to_string(section.param); });

TEST(WsCases, are_as_many_as_the_suite_they_follow_and_have_names_of_their_own) {
  std::size_t count = 0;
  std::vector<std::string> ids;
  for (const int section : sections()) {
    for (const Case& one : cases(section)) {
      ++count;
      ids.push_back(one.id);
    }
  }
  EXPECT_GE(count, 301U);
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

// A peer that does everything wrong shows that the runner can say so.
class Scripted : public Peer {
 public:
  explicit Scripted(std::string says) : says_(std::move(says)) {}
  void send(std::string_view) override {}
  std::string receive() override { return std::exchange(says_, {}); }

 private:
  std::string says_;
};

TEST(WsCases, find_a_server_that_is_wrong) {
  const Case echo{.id = "x", .what = "", .steps = {{frame(op_text, "hi")}}, .answers = {{op_text, "hi"}}};
  const auto verdict = [&](std::string_view says) {
    Scripted peer{std::string(says)};
    return run(echo, peer);
  };
  EXPECT_EQ(verdict({"\x81\x02hi\x88\x02\x03\xe8", 8}), "the server closed with 1000");
  EXPECT_EQ(verdict({"\x81\x02hi", 4}), "the server did not close");
  EXPECT_NE(verdict({"\x82\x02hi\x88\0", 6}), "");
  EXPECT_EQ(verdict({"\x81\x82hi", 4}), "the server masked a frame");
  EXPECT_EQ(verdict({"\x01\x02hi", 4}), "the server fragmented a message or set a reserved bit");
}

}  // namespace
}  // namespace fairlead::conformance
