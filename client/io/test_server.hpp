// A gateway for tests that runs in the test's own thread: it echoes, on a port of its choice, while step() is called.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/check.hpp"
#include "bus/io/fd.hpp"
#include "protocols/encode.hpp"
#include "protocols/server_codec.hpp"

namespace fairlead::client {

class TestServer {
 public:
  // Port 0 picks one.
  explicit TestServer(protocols::Kind kind, std::uint16_t port = 0)
      : kind_(kind), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const bytes = reinterpret_cast<sockaddr*>(&address);
    FAIRLEAD_CHECK(::bind(listener_.get(), bytes, sizeof address) == 0, "bind");
    FAIRLEAD_CHECK(::listen(listener_.get(), 16) == 0, "listen");
    socklen_t size = sizeof address;
    ::getsockname(listener_.get(), bytes, &size);
    port_ = ntohs(address.sin_port);
  }

  std::uint16_t port() const { return port_; }
  std::string address() const {
    return std::string(protocols::name(kind_)) + "://127.0.0.1:" + std::to_string(port_) +
           (kind_ == protocols::Kind::ws ? "/ws" : "");
  }

  // Takes who comes, echoes what was said.
  void step() {
    if (const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); fd >= 0) {
      peers_.push_back(std::make_unique<Peer>(io::Fd(fd), kind_, options_, heard));
    }
    for (auto& peer : peers_) peer->step();
  }

  void say(std::string_view text) {
    for (auto& peer : peers_) peer->say(text);
  }
  void say_goodbye(const protocols::CloseReason& reason) {
    for (auto& peer : peers_) peer->say_goodbye(reason);
  }
  void hang_up() { peers_.clear(); }
  std::size_t peers() const { return peers_.size(); }

  std::vector<std::string> heard;

 private:
  struct Peer : protocols::Sink {
    Peer(io::Fd fd, protocols::Kind kind, const protocols::ServerOptions& options, std::vector<std::string>& all)
        : socket(std::move(fd)), codec(kind, options), heard(all) {}

    void step() {
      std::array<char, 4096> buffer{};
      while (true) {
        const auto got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (got == 0) socket.reset();
        if (got <= 0) break;
        codec.feed(std::span(buffer).first(static_cast<std::size_t>(got)), *this);
      }
      flush();
    }
    void flush() {
      if (!socket) return;
      const auto sent = ::send(socket.get(), out.data(), out.size(), MSG_NOSIGNAL);
      if (sent > 0) out.erase(0, static_cast<std::size_t>(sent));
    }
    void say(std::string_view text) {
      protocols::append_framed(codec.kind(), {.payload = text}, out);
      flush();
    }
    void say_goodbye(const protocols::CloseReason& reason) {
      codec.close(reason, *this);
      flush();
    }

    void on_message(protocols::Message message) override {
      heard.emplace_back(message.payload);
      protocols::append_framed(codec.kind(), message, out);
    }
    void on_reply(std::string_view bytes) override { out += bytes; }
    void on_close(const protocols::Ending& ending) override { out += ending.last_words; }

    io::Fd socket;
    protocols::ServerCodec codec;
    std::vector<std::string>& heard;
    std::string out;
  };

  protocols::Kind kind_;
  protocols::ServerOptions options_;
  io::Fd listener_;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace fairlead::client
