#include "protocols/ws_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "bus/check.hpp"

namespace fairlead::protocols {
namespace {

using ws::Opcode;

unsigned byte_at(const std::array<char, ws::max_header>& header, std::size_t i) {
  return static_cast<unsigned char>(header[i]);
}

bool is_known(unsigned opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

std::string frame_of(Opcode opcode, std::string_view payload, Random* masks) {
  std::string out;
  std::optional<ws::Mask> mask;
  if (masks != nullptr) mask = ws::random_mask(*masks);
  ws::append_frame(opcode, payload, mask, out);
  return out;
}

CloseReason broken(std::string_view rule) { return {close_code::protocol_error, std::string(rule)}; }

}  // namespace

void WsReader::feed(std::span<char> bytes, Sink& sink, Random* masks) {
  while (!bytes.empty() && (phase_ == Phase::open || phase_ == Phase::closing)) {
    bytes = bytes.subspan(in_frame_ ? feed_payload(bytes, sink, masks) : feed_header(bytes, sink, masks));
  }
}

std::size_t WsReader::header_need() const {
  if (header_size_ < 2) return 2;
  const unsigned second = byte_at(header_, 1);
  const unsigned length = second & 0x7fU;
  return 2U + (length == 127 ? 8U : length == 126 ? 2U : 0U) + ((second & 0x80U) != 0 ? 4U : 0U);
}

std::size_t WsReader::feed_header(std::span<const char> bytes, Sink& sink, Random* masks) {
  std::size_t used = 0;
  while (header_size_ < header_need()) {
    const std::size_t more = std::min(header_need() - header_size_, bytes.size() - used);
    if (more == 0) return used;
    std::memcpy(header_.data() + header_size_, bytes.data() + used, more);
    header_size_ = static_cast<std::uint8_t>(header_size_ + more);
    used += more;
    if (auto fault = header_fault(masks == nullptr)) return fail(std::move(*fault), sink, masks), used;
  }

  const auto opcode = static_cast<Opcode>(byte_at(header_, 0) & 0x0fU);
  left_ = payload_size();
  if ((byte_at(header_, 1) & 0x80U) != 0) std::memcpy(mask_.data(), header_.data() + header_size_ - 4, 4);
  in_frame_ = true;
  header_size_ = 0;
  if (opcode == Opcode::text || opcode == Opcode::binary) {
    in_message_ = true;
    binary_ = opcode == Opcode::binary;
    text_ = {};
  }
  // A frame without payload is complete here; no byte may follow that would bring us back.
  if (left_ == 0) feed_payload({}, sink, masks);
  return used;
}

std::optional<CloseReason> WsReader::header_fault(bool masked_peer) const {
  const unsigned first = byte_at(header_, 0);
  const unsigned opcode = first & 0x0fU;
  const bool fin = (first & 0x80U) != 0;
  if ((first & 0x70U) != 0) return broken("a reserved bit is set");
  if (!is_known(opcode)) return broken("a reserved opcode");
  const bool control = ws::is_control(static_cast<Opcode>(opcode));
  if (control && !fin) return broken("a fragmented control frame");
  if (opcode == 0 && !in_message_) return broken("a continuation of nothing");
  if (!control && opcode != 0 && in_message_) return broken("a new message inside a fragmented one");
  if (header_size_ < 2) return {};

  const unsigned second = byte_at(header_, 1);
  if (((second & 0x80U) != 0) != masked_peer) return broken(masked_peer ? "an unmasked frame" : "a masked frame");
  if (control && (second & 0x7fU) > ws::max_control) return broken("a control frame with more than 125 bytes");
  if (header_size_ < header_need()) return {};

  const std::uint64_t size = payload_size();
  const std::uint64_t least = (second & 0x7fU) == 127 ? 0x10000 : (second & 0x7fU) == 126 ? 126 : 0;
  if (size < least) return broken("a length longer than it need be");
  if ((size >> 63U) != 0) return broken("a length with the highest bit set");
  if (!control && size > max_message_ - message_size_) {
    return CloseReason{close_code::too_big, "a message of more than " + std::to_string(max_message_) + " bytes"};
  }
  return {};
}

std::uint64_t WsReader::payload_size() const {
  const unsigned length = byte_at(header_, 1) & 0x7fU;
  if (length < 126) return length;
  std::uint64_t size = 0;
  for (std::size_t i = 2; i < (length == 126 ? 4U : 10U); ++i) size = (size << 8U) | byte_at(header_, i);
  return size;
}

std::size_t WsReader::feed_payload(std::span<char> bytes, Sink& sink, Random* masks) {
  const auto used = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  const auto part = bytes.first(used);
  if (masks == nullptr) ws::apply_mask(part, mask_);
  left_ -= used;
  in_frame_ = left_ > 0;
  const auto opcode = static_cast<Opcode>(byte_at(header_, 0) & 0x0fU);
  const std::string_view text(part.data(), part.size());
  if (ws::is_control(opcode)) {
    on_control(text, sink, masks);
  } else {
    on_data(text, sink, masks);
  }
  return used;
}

void WsReader::on_data(std::string_view part, Sink& sink, Random* masks) {
  const bool last = !in_frame_ && (byte_at(header_, 0) & 0x80U) != 0;
  if (last) in_message_ = false;
  if (phase_ == Phase::closing) return;
  if (!binary_ && (!text_.feed(part) || (last && !text_.is_whole()))) {
    return fail({close_code::not_utf8, "a text message that is not UTF-8"}, sink, masks);
  }
  if (last && message_size_ == 0) return sink.on_message({.payload = part, .binary = binary_});
  waiting_ += part;
  message_size_ = waiting_.size();
  if (!last) return;
  message_size_ = 0;
  const std::string whole = std::exchange(waiting_, {});
  sink.on_message({.payload = whole, .binary = binary_});
}

void WsReader::on_control(std::string_view part, Sink& sink, Random* masks) {
  if (!in_frame_ && waiting_.size() == message_size_) return on_whole_control(part, sink, masks);
  waiting_ += part;
  if (in_frame_) return;
  const std::string payload = waiting_.substr(message_size_);
  waiting_.resize(message_size_);
  if (waiting_.empty()) waiting_ = {};
  on_whole_control(payload, sink, masks);
}

void WsReader::on_whole_control(std::string_view payload, Sink& sink, Random* masks) {
  switch (static_cast<Opcode>(byte_at(header_, 0) & 0x0fU)) {
    case Opcode::ping:
      if (phase_ == Phase::open) sink.on_reply(frame_of(Opcode::pong, payload, masks));
      return;
    case Opcode::pong:
      return sink.on_pong(payload);
    default:
      return on_peer_close(payload, sink, masks);
  }
}

void WsReader::on_peer_close(std::string_view payload, Sink& sink, Random* masks) {
  CloseReason theirs{close_code::none_given, {}};
  if (payload.size() == 1) return fail(broken("half a close code"), sink, masks);
  if (payload.size() >= 2) {
    theirs.code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) * 256U +
                                             static_cast<unsigned char>(payload[1]));
    theirs.text = payload.substr(2);
    if (!close_code::may_be_sent(theirs.code)) return fail(broken("a close code that must not be sent"), sink, masks);
    Utf8Check check;
    if (!check.feed(theirs.text) || !check.is_whole()) {
      return fail({close_code::not_utf8, "a close reason that is not UTF-8"}, sink, masks);
    }
  }
  if (phase_ == Phase::closing) {
    const auto ours = std::move(ours_);
    return end({.reason = *ours, .by_peer = false, .last_words = {}}, sink);
  }
  const std::string echo = frame_of(Opcode::close, payload.substr(0, std::min<std::size_t>(payload.size(), 2)), masks);
  end({.reason = std::move(theirs), .by_peer = true, .last_words = echo}, sink);
}

void WsReader::close(const CloseReason& reason, Sink& sink, Random* masks) {
  FAIRLEAD_CHECK(phase_ != Phase::opening, "a WebSocket closed before its handshake");
  if (phase_ != Phase::open) return;
  phase_ = Phase::closing;
  waiting_.erase(0, message_size_);  // a control frame half way in may be the peer's own close
  message_size_ = 0;
  ours_ = std::make_unique<CloseReason>(reason);
  sink.on_reply(frame_of(Opcode::close, ws::close_payload(reason), masks));
}

void WsReader::fail(CloseReason reason, Sink& sink, Random* masks) {
  // Only one close frame may be sent.
  std::string last_words;
  if (phase_ == Phase::open) last_words = frame_of(Opcode::close, ws::close_payload(reason), masks);
  end({.reason = std::move(reason), .by_peer = false, .last_words = last_words}, sink);
}

void WsReader::end(const Ending& ending, Sink& sink) {
  phase_ = Phase::closed;
  waiting_ = {};
  header_size_ = 0;
  ours_.reset();
  sink.on_close(ending);
}

}  // namespace fairlead::protocols
