#include "protocols/server_codec.hpp"

#include "bus/check.hpp"

namespace fairlead::protocols {
namespace {

using Reader = std::variant<LineReader, FrameReader, std::unique_ptr<WsServer>>;

Reader make_reader(Kind kind, const ServerOptions& options) {
  switch (kind) {
    case Kind::line:
      return LineReader(options.max_message);
    case Kind::frame:
      return FrameReader(options.max_message);
    case Kind::ws:
      return std::make_unique<WsServer>(options);
  }
  FAIRLEAD_CHECK(false, "no such kind of connection");
}

template <class Readers, class F>
auto visit(Readers& readers, F&& f) {
  return std::visit(
      [&](auto& reader) {
        if constexpr (requires { *reader; }) {
          return f(*reader);
        } else {
          return f(reader);
        }
      },
      readers);
}

}  // namespace

ServerCodec::ServerCodec(Kind kind, const ServerOptions& options) : reader_(make_reader(kind, options)) {}

void ServerCodec::feed(std::span<char> bytes, Sink& sink) {
  visit(reader_, [&](auto& reader) { reader.feed(bytes, sink); });
}

void ServerCodec::close(const CloseReason& reason, Sink& sink) {
  visit(reader_, [&](auto& reader) { reader.close(reason, sink); });
}

bool ServerCodec::is_open() const {
  return visit(reader_, [](const auto& reader) { return reader.is_open(); });
}

bool ServerCodec::is_closed() const {
  return visit(reader_, [](const auto& reader) { return reader.is_closed(); });
}

std::size_t ServerCodec::waiting() const {
  return visit(reader_, [](const auto& reader) { return reader.waiting(); });
}

Kind ServerCodec::kind() const { return static_cast<Kind>(reader_.index()); }

}  // namespace fairlead::protocols
