// Connection is one dialed socket with a codec on it. Its owner waits for the descriptor and passes on what is ready;
// it reads what has come, and writes once what a turn produced.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "bus/io/fd.hpp"
#include "protocols/client_codec.hpp"

namespace fairlead::client {

class Connection : private protocols::Sink {
 public:
  // Called from inside on_ready() and flush(); may call send() and close(), must not destroy the connection.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_connected() = 0;
    virtual void on_message(protocols::Message message) = 0;
    // The last call, once.
    virtual void on_disconnected(const std::string& why) = 0;
  };

  Connection(io::Fd dialed, protocols::Kind kind, protocols::ClientOptions options, Random random, Listener& listener);

  int fd() const { return socket_.get(); }
  bool wants_write() const { return !over_ && (dialing_ || written_ < out_.size()); }
  bool is_open() const { return !over_ && !ending_ && !dialing_ && codec_.is_open(); }
  bool is_over() const { return over_; }  // on_disconnected was called; to be destroyed
  std::size_t unsent() const { return out_.size() - written_; }

  // `buffer` is what is read into; it may be shared by all connections of a loop.
  void on_ready(bool readable, bool writable, std::span<char> buffer);

  // Only while is_open(). Goes out with the next flush().
  void send(protocols::Message message) { codec_.encode(message, out_); }
  void flush();

  // Writes what is unsent, says goodbye and waits for the server to close; the deadline is the owner's.
  void close();

 private:
  void on_dialed();
  void read(std::span<char> buffer);
  void end(const std::string& why);

  void on_open(protocols::Handshake&& handshake) override;
  void on_message(protocols::Message message) override { listener_.on_message(message); }
  void on_reply(std::string_view bytes) override { out_ += bytes; }
  void on_close(const protocols::Ending& ending) override;

  io::Fd socket_;
  protocols::ClientCodec codec_;
  Listener& listener_;
  std::string out_;
  std::size_t written_ = 0;  // of out_
  bool dialing_ = true;
  bool shut_ = false;  // our side of the socket
  bool over_ = false;
  std::optional<std::string> ending_;  // why the conversation has ended; the socket has not yet
  bool by_us_ = false;
};

}  // namespace fairlead::client
