// The server's side of a WebSocket: an HTTP request that asks for an upgrade, then RFC 6455 frames.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "protocols/http_reader.hpp"
#include "protocols/options.hpp"
#include "protocols/sink.hpp"
#include "protocols/ws_reader.hpp"

namespace fairlead::protocols {

class WsServer {
 public:
  explicit WsServer(const ServerOptions& options);

  void feed(std::span<char> bytes, Sink& sink);
  void close(const CloseReason& reason, Sink& sink);

  bool is_open() const { return frames_.is_open(); }
  bool is_closed() const { return frames_.is_closed(); }
  std::size_t waiting() const;

 private:
  std::size_t feed_opening(std::span<char> bytes, Sink& sink);

  const ServerOptions* options_;
  std::unique_ptr<HttpReader> opening_;  // until the request is complete
  WsReader frames_;
};

}  // namespace fairlead::protocols
