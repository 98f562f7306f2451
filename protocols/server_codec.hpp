// ServerCodec turns the bytes of one user's connection into messages. It is pure: it knows no socket and no clock, and
// what it finds depends on the bytes alone, not on how they were cut into reads.
//
// One feed() handles every complete frame in the bytes and cannot be stopped half-way: bound the work by the size of
// the reads. A message that lies wholly in the bytes is not copied. Only an unfinished one is kept, in memory that
// grows with what has really arrived, never with what a header announces, and that is freed when it is complete.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <variant>

#include "protocols/frame_reader.hpp"
#include "protocols/line_reader.hpp"
#include "protocols/sink.hpp"
#include "protocols/ws_server.hpp"

namespace fairlead::protocols {

class ServerCodec {
 public:
  // `options` belong to the listener, are shared by all its connections and must outlive them.
  ServerCodec(Kind kind, const ServerOptions& options);

  // Unmasks in place: the bytes are not what they were afterwards.
  void feed(std::span<char> bytes, Sink& sink);

  // We end it. line and frame: on_close comes at once. ws: the close frame goes to on_reply, incoming messages are
  // dropped from now on, and on_close comes when the peer has answered (the caller has the deadline for that). Before
  // the handshake is done the peer gets a 503. Does nothing when it has ended already.
  void close(const CloseReason& reason, Sink& sink);

  bool is_open() const;    // messages may be sent
  bool is_closed() const;  // on_close or on_http has been called
  Kind kind() const;

  // Bytes kept of an unfinished message or handshake.
  std::size_t waiting() const;

 private:
  // A WebSocket needs much more than a line, and line connections should not pay for it.
  std::variant<LineReader, FrameReader, std::unique_ptr<WsServer>> reader_;
};

}  // namespace fairlead::protocols
