#include "protocols/server_codec.hpp"

#include "bus/check.hpp"

namespace fairlead::protocols {
namespace {

using Reader = std::variant<LineReader, FrameReader, WsServer>;

Reader make_reader(Kind kind, const ServerOptions& options) {
  switch (kind) {
    case Kind::line:
      return LineReader(options.max_message);
    case Kind::frame:
      return FrameReader(options.max_message);
    case Kind::ws:
      return WsServer(options);
  }
  FAIRLEAD_CHECK(false, "no such kind of connection");
}

}  // namespace

ServerCodec::ServerCodec(Kind kind, const ServerOptions& options) : reader_(make_reader(kind, options)) {}

void ServerCodec::feed(std::span<char> bytes, Sink& sink) {
  std::visit([&](auto& reader) { reader.feed(bytes, sink); }, reader_);
}

void ServerCodec::close(const CloseReason& reason, Sink& sink) {
  std::visit([&](auto& reader) { reader.close(reason, sink); }, reader_);
}

bool ServerCodec::is_open() const {
  return std::visit([](const auto& reader) { return reader.is_open(); }, reader_);
}

bool ServerCodec::is_closed() const {
  return std::visit([](const auto& reader) { return reader.is_closed(); }, reader_);
}

std::size_t ServerCodec::waiting() const {
  return std::visit([](const auto& reader) { return reader.waiting(); }, reader_);
}

Kind ServerCodec::kind() const { return static_cast<Kind>(reader_.index()); }

}  // namespace fairlead::protocols
