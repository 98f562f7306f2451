#include "tools/bench/plain_server.hpp"

#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "bus/io/fd.hpp"
#include "protocols/encode.hpp"
#include "protocols/server_codec.hpp"

namespace fairlead::bench {

protocols::Kind kind_of(UserEndpoint::Protocol protocol) {
  if (protocol == UserEndpoint::Protocol::ws) return protocols::Kind::ws;
  return protocol == UserEndpoint::Protocol::frame ? protocols::Kind::frame : protocols::Kind::line;
}

struct PlainServer::Connection final : protocols::Sink {
  Connection(PlainServer& its, Id number, io::Fd fd)
      : server(its), id(number), socket(std::move(fd)), codec(its.kind_, its.options_) {}

  void on_message(protocols::Message message) override { server.on_message_(id, message.payload); }
  void on_reply(std::string_view bytes) override { server.send_framed(id, bytes); }
  void on_close(const protocols::Ending&) override {}

  PlainServer& server;
  Id id;
  io::Fd socket;
  protocols::ServerCodec codec;
  io::Loop::Watch watch;
  std::string out;
  std::size_t written = 0;
  bool dirty = false;
  bool gone = false;
};

PlainServer::PlainServer(io::Loop& loop, int listener, protocols::Kind kind, OnMessage on_message)
    : loop_(loop),
      listener_(listener),
      kind_(kind),
      on_message_(std::move(on_message)),
      buffer_(std::size_t{64} * 1024) {}

PlainServer::~PlainServer() = default;

void PlainServer::start() {
  static_cast<void>(loop_.add(listener_, {.read = true, .write = false}, [this](auto) { accept_all(); }));
}

void PlainServer::accept_all() {
  while (true) {
    io::Fd socket{::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!socket) return;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto id = static_cast<Id>(connections_.size());
    connections_.push_back(std::make_unique<Connection>(*this, id, std::move(socket)));
    Connection* added = connections_.back().get();
    auto watch = loop_.add(added->socket.get(), {.read = true, .write = false}, [this, added](io::Loop::Ready ready) {
      if (ready.readable) read(*added);
      if (ready.writable && !added->gone) touch(*added);
    });
    if (watch) added->watch = *watch;
  }
}

void PlainServer::read(Connection& from) {
  const auto got = ::recv(from.socket.get(), buffer_.data(), buffer_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return drop(from);
  const auto size = static_cast<std::size_t>(got);
  const std::size_t header = kind_ == protocols::Kind::frame ? 4 : 0;
  const bool plain = size <= header || (buffer_[header] != '+' && buffer_[header] != '@');
  if (echo_bytes_ && kind_ != protocols::Kind::ws && plain) {
    send_framed(from.id, std::string_view(buffer_.data(), size));
  } else {
    from.codec.feed(std::span(buffer_).first(size), from);
  }
}

void PlainServer::touch(Connection& one) {
  if (one.dirty) return;
  one.dirty = true;
  dirty_.push_back(one.id);
}

void PlainServer::send(Id to, std::string_view payload) {
  if (to >= connections_.size() || connections_[to]->gone) return;
  protocols::append_framed(kind_, {.payload = payload, .binary = false}, connections_[to]->out);
  touch(*connections_[to]);
}

void PlainServer::send_framed(Id to, std::string_view bytes) {
  if (to >= connections_.size() || connections_[to]->gone) return;
  connections_[to]->out += bytes;
  touch(*connections_[to]);
}

void PlainServer::flush() {
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    Connection& one = *connections_[dirty_[i]];
    one.dirty = false;
    if (!one.gone) write(one);
  }
  dirty_.clear();
}

void PlainServer::write(Connection& to) {
  const auto sent =
      ::send(to.socket.get(), to.out.data() + to.written, to.out.size() - to.written, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return drop(to);
  if (sent > 0) to.written += static_cast<std::size_t>(sent);
  const bool done = to.written == to.out.size();
  if (done) {
    to.out.clear();
    to.written = 0;
  }
  loop_.modify(to.watch, {.read = true, .write = !done});
}

void PlainServer::drop(Connection& gone) {
  if (gone.gone) return;
  gone.gone = true;
  loop_.remove(gone.watch);
  gone.socket.reset();
  gone.out = {};
}

}  // namespace fairlead::bench
