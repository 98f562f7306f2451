// Where a codec puts what it found in the bytes it was fed. The calls come in the order of the bytes.
#pragma once

#include <optional>
#include <string_view>

#include "protocols/message.hpp"

namespace fairlead::protocols {

// The end of a conversation, as the codec sees it.
struct Ending {
  CloseReason reason;
  bool by_peer = false;  // the peer asked for it; otherwise the peer broke a rule, or we asked
  std::string_view
      last_words;  // a close frame or an HTTP error, to be written after all that is still owed; may be empty
};

// Views are valid during the call only. A sink may call close() of the codec that is calling it, but not feed() and it
// must not destroy it.
class Sink {
 public:
  virtual ~Sink() = default;

  // Server, ws only: the handshake is in order. Whoever does not want it says why, and on_close follows with that answer.
  virtual std::optional<HttpRefusal> on_upgrade(const Handshake&) { return std::nullopt; }

  // ws only: the handshake is done (its 101 has gone to on_reply before). line and frame are open from the start.
  virtual void on_open(Handshake&&) {}

  // Server only: answer it (http_response() helps) and close; the codec ignores all further input, no on_close follows.
  virtual void on_http(HttpRequest&&) {}

  virtual void on_message(Message) = 0;

  // Bytes to write to the peer now, ahead of nothing: pongs and the handshake's 101 (at a client, the request).
  virtual void on_reply(std::string_view bytes) = 0;

  // ws only: the answer to a ping. (Any byte that arrives is a sign of life too.)
  virtual void on_pong(std::string_view) {}

  // At most once, and the last call: from now on the codec ignores input. Write what is still owed to this peer, then
  // `last_words`, then shut down the sending side and read until the peer closes too or patience ends: closing a socket
  // with unread input would destroy the last words on their way.
  virtual void on_close(const Ending&) = 0;
};

}  // namespace fairlead::protocols
