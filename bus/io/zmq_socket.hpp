// The only door to libzmq. A Socket here is configured the one way that was measured to be safe on libzmq 4.3.4, sends
// and receives single frames, and never blocks.
//
// What to know before using it:
//  - One thread per socket at a time; one Context per process, created after Signals (bus/io/signals.hpp) so that libzmq's
//    threads inherit the signal mask. Context's destructor waits for its sockets: destroy them first.
//  - `sent` means "handed to libzmq", nothing more. A peer that dies takes with it what was sent to it.
//  - One connecting socket is one connection is one link: it never reconnects by itself (RECONNECT_IVL -1). When a link is
//    lost, close the socket and open a new one.
//  - RCVHWM is 0 and no HEARTBEAT option is set, because the other combinations can be made to abort the process. So memory
//    is bounded by our windows, not by libzmq. A stranger's message of endless parts grows inside libzmq before we see any.
//  - fd() is edge-triggered. Sleep on it only if the last call on this socket was a receive that said `nothing`, a send that
//    said `would_block`, or an events() that showed nothing wanted. drain() below keeps that rule.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bus/keys.hpp"
#include "bus/result.hpp"
#include "bus/time.hpp"

namespace fairlead::io {

// libzmq's I/O thread, and the keys of all sockets that are opened with it. Throws std::runtime_error when there is no
// thread to be had.
//
// With keys every connection is encrypted (CURVE), and each side has proved who it is before a message passes. Whoever
// connects needs the broker's public key; whoever binds needs a Doorkeeper (bus/io/doorkeeper.hpp) and a `domain` for
// each socket, or nobody gets in.
class Context {
 public:
  explicit Context(Keys keys = {});
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

 private:
  friend class Socket;
  friend class Doorkeeper;
  const Keys keys_;
  void* handle_;
};

// One frame, received or to be sent. Copies of the handle share the bytes, and so do sends: keeping what was sent until
// it is acknowledged costs no copy. The bytes must not change once the frame was shared.
class Frame {
 public:
  Frame();
  static Frame copy_of(std::string_view bytes);
  static Frame adopt(std::string bytes);  // no copy: the string lives until the last handle and libzmq are done with it
  Frame(const Frame& other);
  Frame(Frame&& other) noexcept;
  Frame& operator=(const Frame& other);
  Frame& operator=(Frame&& other) noexcept;
  ~Frame();

  // Valid until this frame is received into, assigned to, moved from or destroyed.
  std::string_view bytes() const;
  std::size_t size() const { return bytes().size(); }

 private:
  friend class Socket;
  // A zmq_msg_t, whose layout libzmq promises to keep at 64 bytes. Mutable: sharing marks the source as shared.
  alignas(8) mutable std::array<std::byte, 64> message_;
};

// The name a ROUTER gives to a connection, and takes back when that is gone. A stranger that brings a name of another
// shape is malformed.
struct RoutingId {
  std::uint32_t value = 0;
  auto operator<=>(const RoutingId&) const = default;
};

enum class Sent {
  sent,
  would_block,  // the peer's window is full, or (DEALER) there is no live connection: reset the link
  unreachable,  // ROUTER: that connection is gone
  failed,       // anything else; Socket::last_error() says what. The socket is of no further use
};

enum class Received {
  message,
  malformed,  // a stranger's message was read and thrown away: count it, and go on
  nothing,    // the socket is empty: it is safe to sleep
  failed,     // anything else; Socket::last_error() says what. The socket is of no further use
};

// What an XPUB hears.
struct Subscription {
  bool wanted = false;
  std::string topic;
};

struct SocketOptions {
  // Messages that may wait in libzmq for one peer before sends say would_block. Twice the link's window; 0 = no bound.
  int send_high_water = 0;
  std::int64_t max_message = std::int64_t{20} << 20U;  // both ends alike; a bigger one costs its sender the connection
  // A host name is looked up as IPv4, unless this says otherwise: "localhost" may be ::1 while the broker is on
  // 127.0.0.1. Whoever connects again and again can alternate. Addresses written as numbers are what they are.
  bool names_are_ipv6 = false;
  // What a doorkeeper is told that somebody with a key has come to. For those who bind, in a context with keys.
  std::string domain{};
};

class Socket {
 public:
  // The error tells what was attempted: "cannot bind tcp://127.0.0.1:7700: Address already in use".
  static Result<Socket> router(Context& context, const std::string& bind, const SocketOptions& options = {});
  static Result<Socket> dealer(Context& context, const std::string& connect, const SocketOptions& options = {});
  static Result<Socket> pub(Context& context, const std::string& connect, const SocketOptions& options = {});
  static Result<Socket> sub(Context& context, const std::string& connect, std::string_view topic,
                            const SocketOptions& options = {});
  // `prefix` is what the publishers' frames begin with; "" for everything.
  static Result<Socket> xsub(Context& context, const std::string& bind, std::string_view prefix,
                             const SocketOptions& options = {});
  static Result<Socket> xpub(Context& context, const std::string& bind, const SocketOptions& options = {});
  // An XPUB for taps: one that does not keep up loses frames beyond send_high_water, which must not be 0.
  static Result<Socket> tap(Context& context, const std::string& bind, const SocketOptions& options);

  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();  // drops what libzmq has not written yet (LINGER 0): drain in the protocol

  // DEALER, PUB, XPUB. On PUB and XPUB the frame begins with its topic, and `sent` may have reached nobody.
  Sent send(std::string_view frame);
  Sent send(const Frame& frame);
  // ROUTER.
  Sent send(RoutingId to, std::string_view frame);
  Sent send(RoutingId to, const Frame& frame);

  // DEALER, SUB, XSUB.
  Received receive(Frame& frame);
  // ROUTER.
  Received receive(RoutingId& from, Frame& frame);
  // XPUB. By default libzmq tells only the first subscription to a topic and the last cancellation.
  Received receive(Subscription& subscription);

  struct Events {
    bool readable = false;
    bool writable = false;
  };
  // Also digests what libzmq's threads have reported, which makes it safe to sleep on fd() if nothing is wanted.
  Events events();

  // Whether a send would be accepted now. A DEALER has a live connection exactly while this is true (unless its window
  // is full): false until the peer has accepted, false soon after the peer closed or died.
  bool can_send() { return events().writable; }

  int fd() const { return fd_; }
  // Where it is bound, with the port that the kernel chose for port 0.
  std::string last_endpoint() const;
  const std::string& last_error() const { return last_error_; }

 private:
  friend struct Polling;
  explicit Socket(void* handle) : handle_(handle) {}
  static Result<Socket> open(Context& context, int type, bool binds, const std::string& endpoint,
                             const SocketOptions& options, std::string_view topic);
  Sent sent(int result);
  Sent address(RoutingId to);
  Received receive_part(Frame& part);
  bool discard_rest(Frame& part);

  void* handle_ = nullptr;
  int fd_ = -1;
  std::string last_error_;
};

// A descriptor that is waited for beside sockets, such as Signals::fd() or Wakeup::fd().
struct WatchedFd {
  int fd = -1;
  bool readable = false;  // out
};

// Sleeps until one of `sockets` has something to receive, one of `fds` is readable, or `timeout` has passed (none: for
// ever; rounded up to milliseconds). Call it only when a receive on every one of the sockets has just said `nothing`:
// asking libzmq about four sockets costs as much as receiving ten messages, so receive first and sleep when all are
// empty.
void wait(std::span<Socket* const> sockets, std::span<WatchedFd> fds, std::optional<Duration> timeout);

// Hands up to `budget` messages to `on_frame`. `empty` when the socket was drained (it is safe to sleep); otherwise the
// budget was spent (come back without sleeping) or the socket failed.
struct Drained {
  int messages = 0;
  int malformed = 0;
  bool empty = false;
  bool failed = false;
};

template <class OnFrame>  // on_frame(std::string_view); DEALER, SUB, XSUB
Drained drain(Socket& socket, int budget, OnFrame&& on_frame) {
  Drained done;
  Frame frame;
  while (done.messages + done.malformed < budget) {
    switch (socket.receive(frame)) {
      case Received::message:
        ++done.messages;
        on_frame(frame.bytes());
        break;
      case Received::malformed:
        ++done.malformed;
        break;
      case Received::nothing:
        done.empty = true;
        return done;
      case Received::failed:
        done.failed = true;
        return done;
    }
  }
  return done;
}

template <class OnFrame>  // on_frame(RoutingId, std::string_view); ROUTER
Drained drain_router(Socket& socket, int budget, OnFrame&& on_frame) {
  Drained done;
  Frame frame;
  RoutingId from;
  while (done.messages + done.malformed < budget) {
    switch (socket.receive(from, frame)) {
      case Received::message:
        ++done.messages;
        on_frame(from, frame.bytes());
        break;
      case Received::malformed:
        ++done.malformed;
        break;
      case Received::nothing:
        done.empty = true;
        return done;
      case Received::failed:
        done.failed = true;
        return done;
    }
  }
  return done;
}

}  // namespace fairlead::io
