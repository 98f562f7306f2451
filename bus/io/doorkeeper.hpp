// Decides who gets in, for the sockets of one Context that have keys: libzmq asks about everybody who has proved to
// have a key (ZAP, ZeroMQ RFC 27), and lets nobody pass before the answer.
#pragma once

#include <functional>
#include <string>

#include "bus/io/zmq_socket.hpp"

namespace fairlead::io {

class Doorkeeper {
 public:
  struct Visitor {
    std::string key;      // public, as text
    std::string domain;   // of the socket
    std::string address;  // of the peer; empty for ipc
  };

  // Before the first of the sockets is bound; closed before the context ends. Throws std::runtime_error.
  explicit Doorkeeper(Context& context);
  ~Doorkeeper();
  Doorkeeper(const Doorkeeper&) = delete;
  Doorkeeper& operator=(const Doorkeeper&) = delete;

  // Readable when somebody may be at the door. Edge-triggered: sleep on it only after answer().
  int fd() const { return fd_; }
  // Asks `admit` about each who waits. Whoever is refused is disconnected without a word, and may try again.
  void answer(const std::function<bool(const Visitor&)>& admit);

 private:
  void* handle_;
  int fd_ = -1;
};

}  // namespace fairlead::io
