// What a codec makes of bytes that come in pieces, written down so that two ways of cutting can be compared.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bus/random.hpp"
#include "protocols/sink.hpp"
#include "tests/fuzz/input.hpp"

namespace fairlead::fuzz {

class Hearing : public protocols::Sink {
 public:
  void on_open(protocols::Handshake&& handshake) override {
    add("open " + handshake.path);
    for (const auto* fields : {&handshake.query, &handshake.headers, &handshake.cookies}) {
      for (const auto& [name, value] : *fields) text_ += name + '=' + value + '\n';
    }
  }
  void on_http(protocols::HttpRequest&& request) override { add("http " + request.method + ' ' + request.target); }
  void on_message(protocols::Message message) override {
    add(message.binary ? "binary " : "text ");
    text_ += message.payload;
    largest = std::max(largest, message.payload.size());
    ++messages;
  }
  void on_reply(std::string_view bytes) override {
    add("reply ");
    text_ += bytes;
  }
  void on_pong(std::string_view payload) override {
    add("pong ");
    text_ += payload;
  }
  void on_close(const protocols::Ending& ending) override {
    FUZZ_DEMAND(!closed, "a conversation ends once");
    closed = true;
    // Of two faults in an opening request either may be the one that is named.
    if (ending.last_words.starts_with("HTTP/")) return add("refused");
    add("close " + std::to_string(ending.reason.code) + (ending.by_peer ? " by peer " : " ") + ending.reason.text);
    text_ += ending.last_words;
  }

  const std::string& text() const { return text_; }

  bool closed = false;
  std::size_t messages = 0;
  std::size_t largest = 0;

 private:
  void add(std::string_view line) {
    FUZZ_DEMAND(!closed || line.starts_with("close") || line == "refused", "nothing comes behind the end");
    text_ += '\n';
    text_ += line;
  }
  std::string text_;
};

// Feeds a copy of `bytes` in pieces: one, for the seed 0; single bytes, for 1; otherwise of chance.
template <class Codec, class After>
void feed_in_pieces(Codec& codec, std::string bytes, std::uint64_t seed, protocols::Sink& sink, After after) {
  Random random(seed);
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t size = bytes.size();
    if (seed == 1) size = 1;
    if (seed > 1) size = random.below(random.one_in(2) ? 8 : 400);
    size = std::min(size, bytes.size() - at);
    codec.feed(std::span(bytes).subspan(at, size), sink);
    at += size;
    after();
  }
}

}  // namespace fairlead::fuzz
