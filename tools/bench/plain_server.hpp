// PlainServer holds users' connections for the rivals: epoll, one read and one write for each connection and turn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bus/endpoints.hpp"
#include "bus/io/loop.hpp"
#include "protocols/message.hpp"
#include "protocols/options.hpp"

namespace fairlead::bench {

protocols::Kind kind_of(UserEndpoint::Protocol protocol);

class PlainServer {
 public:
  using Id = std::uint32_t;
  using OnMessage = std::function<void(Id, std::string_view)>;

  PlainServer(io::Loop& loop, int listener, protocols::Kind kind, OnMessage on_message);
  ~PlainServer();
  PlainServer(const PlainServer&) = delete;
  PlainServer& operator=(const PlainServer&) = delete;

  void start();  // accepting

  protocols::Kind kind() const { return kind_; }
  void send(Id to, std::string_view payload);
  void send_framed(Id to, std::string_view bytes);
  // Writes each connection that has something to say; once in a turn.
  void flush();

  // line and frame are echoed as the bytes they are, no message is looked at, until a message that starts with + or @
  // comes.
  void echo_bytes() { echo_bytes_ = true; }

 private:
  struct Connection;

  void accept_all();
  void read(Connection& from);
  void write(Connection& to);
  void drop(Connection& gone);
  void touch(Connection& one);

  io::Loop& loop_;
  int listener_;
  protocols::Kind kind_;
  OnMessage on_message_;
  protocols::ServerOptions options_;
  std::vector<char> buffer_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by id
  std::vector<Id> dirty_;
  bool echo_bytes_ = false;
};

}  // namespace fairlead::bench
