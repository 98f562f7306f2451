// WsReader takes RFC 6455 frames apart, strictly and at once: a broken rule ends the connection at the byte that broke
// it, a wrong byte in a text at that byte. It answers pings and closes by itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "bus/random.hpp"
#include "protocols/sink.hpp"
#include "protocols/utf8.hpp"
#include "protocols/ws_frame.hpp"

namespace fairlead::protocols {

class WsReader {
 public:
  explicit WsReader(std::size_t max_message) : max_message_(max_message) {}

  // The handshake is done.
  void open() { phase_ = Phase::open; }

  // Everything is over, without a word.
  void shut() { phase_ = Phase::closed; }

  // `masks` is null at a server, whose peer masks; at a client it makes the masks of what the client answers.
  void feed(std::span<char> bytes, Sink& sink, Random* masks);
  void close(const CloseReason& reason, Sink& sink, Random* masks);

  bool is_open() const { return phase_ == Phase::open; }
  bool is_closed() const { return phase_ == Phase::closed; }
  std::size_t waiting() const { return waiting_.size() + header_size_; }

 private:
  enum class Phase : std::uint8_t { opening, open, closing, closed };

  std::size_t feed_header(std::span<char> bytes, Sink& sink, Random* masks);
  std::size_t feed_payload(std::span<char> bytes, Sink& sink, Random* masks);
  bool judge_header(Sink& sink, Random* masks);
  void on_data(std::span<char> bytes, Sink& sink, Random* masks);
  void on_control(std::span<char> bytes, Sink& sink, Random* masks);
  void on_peer_close(std::string_view payload, Sink& sink, Random* masks);
  void fail(std::uint16_t code, std::string_view why, Sink& sink, Random* masks);
  void end(const Ending& ending, Sink& sink);

  std::size_t max_message_;
  // The message begun, unmasked, and behind it the beginning of a control frame that came between its fragments.
  std::string waiting_;
  std::size_t message_size_ = 0;  // how much of waiting_ is the message
  std::uint64_t left_ = 0;        // payload bytes of the current frame still to come
  std::array<char, ws::max_header> header_{};
  std::uint8_t header_size_ = 0;
  Phase phase_ = Phase::opening;
  bool in_frame_ = false;    // the header is complete, payload is coming
  bool in_message_ = false;  // a fragment has come, its last one has not
  bool binary_ = false;
  ws::Header frame_;
  Utf8Check text_;
};

}  // namespace fairlead::protocols
