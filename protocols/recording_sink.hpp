// RecordingSink, for tests: writes down what a codec found, one line per call, so that a conversation can be compared.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bus/text.hpp"
#include "protocols/sink.hpp"

namespace fairlead::protocols {

class RecordingSink : public Sink {
 public:
  void on_open(Handshake&& handshake) override {
    opened = std::move(handshake);
    calls.push_back("open " + opened.path);
  }
  void on_http(HttpRequest&& request) override { calls.push_back("http " + request.method + " " + request.target); }
  void on_message(Message message) override {
    calls.push_back((message.binary ? "binary " : "text ") + std::string(message.payload));
  }
  void on_reply(std::string_view bytes) override {
    calls.push_back("reply " + printable(bytes, 400));
    replies += bytes;
  }
  void on_pong(std::string_view payload) override { calls.push_back("pong " + std::string(payload)); }
  void on_close(const Ending& ending) override {
    calls.push_back("close " + std::to_string(ending.reason.code) + (ending.by_peer ? " by peer: " : ": ") +
                    ending.reason.text);
    last_words = ending.last_words;
  }

  // What has been recorded since the last call.
  std::vector<std::string> take() { return std::exchange(calls, {}); }

  std::vector<std::string> calls;
  std::string replies;
  std::string last_words;
  Handshake opened;
};

}  // namespace fairlead::protocols
