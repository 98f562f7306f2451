#include "client/io/connection.hpp"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "client/io/dial.hpp"

namespace fairlead::client {

Connection::Connection(io::Fd dialed, protocols::Kind kind, protocols::ClientOptions options, Random random,
                       Listener& listener)
    : socket_(std::move(dialed)), codec_(kind, std::move(options), random), listener_(listener) {}

void Connection::on_ready(bool readable, bool writable, std::span<char> buffer) {
  if (over_) return;
  if (dialing_) {
    if (!writable && !readable) return;
    on_dialed();
  }
  if (readable && !over_) read(buffer);
  if (!over_) flush();
}

void Connection::on_dialed() {
  if (const auto error = dial_error(socket_.get()); !error.empty()) return end(error);
  dialing_ = false;
  codec_.start(*this);
  if (codec_.kind() != protocols::Kind::ws) listener_.on_connected();
}

void Connection::read(std::span<char> buffer) {
  // Bounded, so that one busy connection leaves room for the others of its loop.
  for (int turn = 0; turn < 4 && !over_; ++turn) {
    const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      return end(ending_ ? *ending_ : error_text(errno));
    }
    if (got == 0) return end(ending_ ? *ending_ : std::string("the server closed the connection"));
    const auto size = static_cast<std::size_t>(got);
    if (!ending_) codec_.feed(buffer.first(size), *this);
    if (ending_ && !by_us_) {  // the server said goodbye, or broke a rule: tell it what we still owe, wait for nothing
      flush();
      return end(*ending_);
    }
    if (size < buffer.size()) return;
  }
}

void Connection::flush() {
  while (!over_ && !dialing_ && written_ < out_.size()) {
    const auto sent = ::send(socket_.get(), out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) end(ending_ ? *ending_ : error_text(errno));
      break;
    }
    written_ += static_cast<std::size_t>(sent);
  }
  if (written_ == out_.size()) {
    out_.clear();
    written_ = 0;
    if (ending_ && !over_ && !shut_) {
      shut_ = true;
      ::shutdown(socket_.get(), SHUT_WR);
    }
  } else if (written_ > std::size_t{1024} * 1024) {
    out_.erase(0, written_);
    written_ = 0;
  }
}

void Connection::close() {
  if (over_ || by_us_) return;
  by_us_ = true;
  if (dialing_) return end("closed");
  codec_.close({.code = protocols::close_code::normal, .text = {}}, *this);
}

void Connection::on_open(protocols::Handshake&&) { listener_.on_connected(); }

void Connection::on_close(const protocols::Ending& ending) {
  out_ += ending.last_words;
  if (by_us_) {
    ending_ = "closed";
  } else if (!ending.reason.text.empty()) {
    ending_ = ending.reason.text;
  } else if (ending.by_peer) {
    ending_ = "the server said goodbye (" + protocols::close_code::text(ending.reason.code) + ")";
  } else {
    ending_ = protocols::close_code::text(ending.reason.code);
  }
}

void Connection::end(const std::string& why) {
  if (over_) return;
  over_ = true;
  listener_.on_disconnected(why);
}

}  // namespace fairlead::client
