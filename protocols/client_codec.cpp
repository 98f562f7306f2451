#include "protocols/client_codec.hpp"

#include <utility>

#include "bus/check.hpp"
#include "protocols/encode.hpp"
#include "protocols/ws_frame.hpp"

namespace fairlead::protocols {
namespace {

using Reader = std::variant<LineReader, FrameReader, WsClient>;

Reader make_reader(Kind kind, ClientOptions&& options) {
  switch (kind) {
    case Kind::line:
      return LineReader(options.max_message);
    case Kind::frame:
      return FrameReader(options.max_message);
    case Kind::ws:
      return WsClient(std::move(options));
  }
  FAIRLEAD_CHECK(false, "no such kind of connection");
}

}  // namespace

ClientCodec::ClientCodec(Kind kind, ClientOptions options, Random random)
    : reader_(make_reader(kind, std::move(options))), random_(random) {}

void ClientCodec::start(Sink& sink) {
  if (auto* ws = std::get_if<WsClient>(&reader_)) ws->start(sink, random_);
}

void ClientCodec::feed(std::span<char> bytes, Sink& sink) {
  if (auto* ws = std::get_if<WsClient>(&reader_)) return ws->feed(bytes, sink, random_);
  if (auto* line = std::get_if<LineReader>(&reader_)) return line->feed(bytes, sink);
  std::get<FrameReader>(reader_).feed(bytes, sink);
}

void ClientCodec::encode(Message message, std::string& out) {
  FAIRLEAD_CHECK(is_open(), "a message encoded for a connection that is not open");
  if (kind() != Kind::ws) return append_framed(kind(), message, out);
  ws::append_frame(ws::opcode_of(message), message.payload, ws::random_mask(random_), out);
}

void ClientCodec::ping(std::string_view payload, std::string& out) {
  if (kind() == Kind::ws) ws::append_frame(ws::Opcode::ping, payload, ws::random_mask(random_), out);
}

void ClientCodec::close(const CloseReason& reason, Sink& sink) {
  if (auto* ws = std::get_if<WsClient>(&reader_)) return ws->close(reason, sink, random_);
  if (auto* line = std::get_if<LineReader>(&reader_)) return line->close(reason, sink);
  std::get<FrameReader>(reader_).close(reason, sink);
}

bool ClientCodec::is_open() const {
  return std::visit([](const auto& reader) { return reader.is_open(); }, reader_);
}

bool ClientCodec::is_closed() const {
  return std::visit([](const auto& reader) { return reader.is_closed(); }, reader_);
}

Kind ClientCodec::kind() const { return static_cast<Kind>(reader_.index()); }

}  // namespace fairlead::protocols
