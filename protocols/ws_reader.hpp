// WsReader takes RFC 6455 frames apart, strictly and at once: a broken rule ends the connection at the byte that broke
// it, a wrong byte in a text at that byte. It answers pings and closes by itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

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

  // There will be no conversation.
  void shut() { phase_ = Phase::closed; }

  // `masks` is null at a server, whose peer masks; at a client it makes the masks of what the client answers.
  void feed(std::span<char> bytes, Sink& sink, Random* masks);

  // Only after open().
  void close(const CloseReason& reason, Sink& sink, Random* masks);

  bool is_opening() const { return phase_ == Phase::opening; }
  bool is_open() const { return phase_ == Phase::open; }
  bool is_closed() const { return phase_ == Phase::closed; }
  std::size_t waiting() const { return waiting_.size() + header_size_; }

 private:
  enum class Phase : std::uint8_t { opening, open, closing, closed };

  std::size_t feed_header(std::span<const char> bytes, Sink& sink, Random* masks);
  std::size_t feed_payload(std::span<char> bytes, Sink& sink, Random* masks);
  std::size_t header_need() const;
  // What is wrong with the header as far as it has come.
  std::optional<CloseReason> header_fault(bool masked_peer) const;
  std::uint64_t payload_size() const;

  void on_data(std::string_view part, Sink& sink, Random* masks);
  void on_control(std::string_view part, Sink& sink, Random* masks);
  void on_whole_control(std::string_view payload, Sink& sink, Random* masks);
  void on_peer_close(std::string_view payload, Sink& sink, Random* masks);
  void fail(CloseReason reason, Sink& sink, Random* masks);
  void end(const Ending& ending, Sink& sink);

  std::size_t max_message_;
  std::unique_ptr<CloseReason> ours_;  // while closing: what we said
  // The message begun, unmasked, and behind it the beginning of a control frame that came between its fragments.
  std::string waiting_;
  std::size_t message_size_ = 0;  // how much of waiting_ is the message
  std::uint64_t left_ = 0;        // payload bytes of the current frame still to come
  std::array<char, ws::max_header> header_{};
  std::uint8_t header_size_ = 0;
  Phase phase_ = Phase::opening;
  bool in_frame_ = false;    // the header is complete, payload is coming
  bool in_message_ = false;  // a message has begun, its last frame has not ended
  bool binary_ = false;
  ws::Mask mask_{};
  Utf8Check text_;
};

}  // namespace fairlead::protocols
