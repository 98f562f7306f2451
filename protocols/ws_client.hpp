// The client's side of a WebSocket: asks for the upgrade, checks that the server understood it, then RFC 6455 frames.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "bus/random.hpp"
#include "protocols/http_reader.hpp"
#include "protocols/options.hpp"
#include "protocols/sink.hpp"
#include "protocols/ws_reader.hpp"

namespace fairlead::protocols {

class WsClient {
 public:
  explicit WsClient(ClientOptions options);

  void start(Sink& sink, Random& random);
  void feed(std::span<char> bytes, Sink& sink, Random& random);
  void close(const CloseReason& reason, Sink& sink, Random& random);

  bool is_open() const { return frames_.is_open(); }
  bool is_closed() const { return frames_.is_closed(); }

 private:
  std::size_t feed_opening(std::span<char> bytes, Sink& sink);

  ClientOptions options_;
  std::string key_;
  std::unique_ptr<HttpReader> opening_;  // until the response is complete
  WsReader frames_;
};

}  // namespace fairlead::protocols
