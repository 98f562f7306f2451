#include "protocols/ws_client.hpp"

#include <string_view>
#include <utility>

#include "bus/check.hpp"
#include "protocols/upgrade.hpp"

namespace fairlead::protocols {

WsClient::WsClient(ClientOptions options) : options_(std::move(options)), frames_(options_.max_message) {}

void WsClient::start(Sink& sink, Random& random) {
  FAIRLEAD_CHECK(key_.empty(), "a client started twice");
  key_ = make_key(random);
  sink.on_reply(upgrade_request(options_, key_));
}

void WsClient::feed(std::span<char> bytes, Sink& sink, Random& random) {
  if (frames_.is_opening()) bytes = bytes.subspan(feed_opening(bytes, sink));
  frames_.feed(bytes, sink, &random);
}

std::size_t WsClient::feed_opening(std::span<char> bytes, Sink& sink) {
  // What a server may say before it agrees: as much as we would listen to ourselves.
  static constexpr HttpLimits limits{.max_head = 8192, .max_target = 0, .max_headers = 64};
  if (bytes.empty()) return 0;
  if (!opening_) opening_ = std::make_unique<HttpReader>(HttpReader::Side::response, limits);
  const std::size_t used = opening_->feed({bytes.data(), bytes.size()});
  if (!opening_->fault() && !opening_->is_complete()) return used;

  const auto opening = std::move(opening_);
  auto handshake = opening->fault() ? Result<Handshake>(Error{"the server's answer is " + opening->fault()->why})
                                    : judge_response(std::move(opening->head()), key_);
  if (handshake) {
    frames_.open();
    sink.on_open(std::move(*handshake));
  } else {
    frames_.shut();
    sink.on_close({.reason = {close_code::abnormal, handshake.error().message}, .by_peer = false, .last_words = {}});
  }
  return used;
}

void WsClient::close(const CloseReason& reason, Sink& sink, Random& random) {
  if (frames_.is_opening()) {
    frames_.shut();
    opening_.reset();
    return sink.on_close({.reason = reason, .by_peer = false, .last_words = {}});
  }
  frames_.close(reason, sink, &random);
}

}  // namespace fairlead::protocols
