// ClientCodec is the other end of ServerCodec's conversation: what fairlead-chat, the bench and our tests speak.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "bus/random.hpp"
#include "protocols/frame_reader.hpp"
#include "protocols/line_reader.hpp"
#include "protocols/sink.hpp"
#include "protocols/ws_client.hpp"

namespace fairlead::protocols {

class ClientCodec {
 public:
  // `random` makes the masks and the key. They keep proxies from being fooled, they keep no secret.
  ClientCodec(Kind kind, ClientOptions options, Random random);

  // Once, when connected. ws: the upgrade request goes to on_reply, on_open follows when the server has agreed. line
  // and frame: nothing; they are open.
  void start(Sink& sink);

  // As ServerCodec::feed. A server that refuses the upgrade ends it with 1006 and what it answered.
  void feed(std::span<char> bytes, Sink& sink);

  // Appends the message as it goes onto the wire (ws: masked). Only while is_open().
  void encode(Message message, std::string& out);

  // ws: appends a ping with at most 125 bytes. line and frame: nothing.
  void ping(std::string_view payload, std::string& out);

  // As ServerCodec::close.
  void close(const CloseReason& reason, Sink& sink);

  bool is_open() const;
  bool is_closed() const;
  Kind kind() const;

 private:
  std::variant<LineReader, FrameReader, WsClient> reader_;
  Random random_;
};

}  // namespace fairlead::protocols
