#include "protocols/ws_server.hpp"

#include <string_view>
#include <utility>
#include <variant>

#include "protocols/upgrade.hpp"

namespace fairlead::protocols {

WsServer::WsServer(const ServerOptions& options) : options_(&options), frames_(options.max_message) {}

void WsServer::feed(std::span<char> bytes, Sink& sink) {
  if (frames_.is_opening()) bytes = bytes.subspan(feed_opening(bytes, sink));
  frames_.feed(bytes, sink, nullptr);
}

std::size_t WsServer::feed_opening(std::span<char> bytes, Sink& sink) {
  if (bytes.empty()) return 0;
  if (!opening_) {
    opening_ =
        std::make_unique<HttpReader>(HttpReader::Side::request, HttpLimits{.max_head = options_->max_head,
                                                                           .max_target = options_->max_target,
                                                                           .max_headers = options_->max_headers});
  }
  const std::size_t used = opening_->feed({bytes.data(), bytes.size()});
  if (!opening_->fault() && !opening_->is_complete()) return used;

  const auto opening = std::move(opening_);
  Verdict verdict = opening->fault() ? refuse(opening->fault()->status, opening->fault()->why)
                                     : judge_request(std::move(opening->head()), *options_);
  if (const auto* upgrade = std::get_if<Upgrade>(&verdict)) {
    if (const auto refusal = sink.on_upgrade(upgrade->handshake)) verdict = refuse(refusal->status, refusal->why);
  }
  if (auto* upgrade = std::get_if<Upgrade>(&verdict)) {
    frames_.open();
    sink.on_reply(upgrade->reply);
    sink.on_open(std::move(upgrade->handshake));
  } else if (auto* request = std::get_if<HttpRequest>(&verdict)) {
    frames_.shut();
    sink.on_http(std::move(*request));
  } else if (auto* refusal = std::get_if<Refusal>(&verdict)) {
    frames_.shut();
    sink.on_close({.reason = refusal->reason, .by_peer = false, .last_words = refusal->reply});
  }
  return used;
}

void WsServer::close(const CloseReason& reason, Sink& sink) {
  if (frames_.is_opening()) {
    frames_.shut();
    opening_.reset();
    const Refusal refusal = refuse(503, reason.text);
    return sink.on_close({.reason = reason, .by_peer = false, .last_words = refusal.reply});
  }
  frames_.close(reason, sink, nullptr);
}

std::size_t WsServer::waiting() const { return opening_ ? opening_->seen() : frames_.waiting(); }

}  // namespace fairlead::protocols
