#include "bus/io/zmq_socket.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <zmq.h>

#include "bus/check.hpp"
#include "bus/io/fd.hpp"
#include "bus/io/timeout.hpp"

namespace fairlead::io {
namespace {

static_assert(sizeof(zmq_msg_t) == 64 && alignof(zmq_msg_t) <= 8, "Frame holds a zmq_msg_t");

zmq_msg_t* raw(std::array<std::byte, 64>& message) { return reinterpret_cast<zmq_msg_t*>(message.data()); }

// The names that libzmq gives to connections: a zero and 32 bits, which it counts up from a random start.
constexpr std::size_t routing_id_bytes = 5;

std::array<unsigned char, routing_id_bytes> encode(RoutingId id) {
  return {0, static_cast<unsigned char>(id.value >> 24U), static_cast<unsigned char>(id.value >> 16U),
          static_cast<unsigned char>(id.value >> 8U), static_cast<unsigned char>(id.value)};
}

std::optional<RoutingId> decode(std::string_view bytes) {
  if (bytes.size() != routing_id_bytes || bytes[0] != 0) return std::nullopt;
  RoutingId id;
  for (const char c : bytes.substr(1)) id.value = (id.value << 8U) | static_cast<unsigned char>(c);
  return id;
}

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

bool is_number(std::string_view host) { return host.find_first_not_of("0123456789.") == std::string_view::npos; }

// libzmq uses IPv4 or IPv6 for a name, never whichever answers, and with IPv6 on a name that has both is IPv6 only.
bool wants_ipv6(std::string_view endpoint, bool names_are_ipv6) {
  static constexpr std::string_view tcp = "tcp://";
  if (!starts_with(endpoint, tcp)) return false;
  const std::string_view host = endpoint.substr(tcp.size(), endpoint.rfind(':') - tcp.size());
  if (starts_with(host, "[") || host == "*") return true;
  return !is_number(host) && names_are_ipv6;
}

// Binding to a path removes what is there, even the socket of a living process, which then waits for ever for
// connections that go to the newcomer. So ask first whether somebody answers.
bool somebody_listens(const std::string& endpoint) {
  static constexpr std::string_view ipc = "ipc://";
  if (!starts_with(endpoint, ipc) || endpoint.size() == ipc.size() || endpoint[ipc.size()] == '*') return false;
  const std::string path = endpoint.substr(ipc.size());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const Fd probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!probe) return false;
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  return errno == EAGAIN;  // its backlog is full
}

template <class T>
bool set(void* socket, int option, T value) {
  return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

bool configure(void* socket, int type, bool ipv6, const SocketOptions& options) {
  // On the publish side a full queue means a silent loss, of subscriptions too: no bound there, the links' windows are
  // it. The tap alone may lose.
  const bool is_tap = type == ZMQ_XPUB && options.send_high_water > 0;
  const bool unbounded = type == ZMQ_PUB || type == ZMQ_XPUB || type == ZMQ_SUB || type == ZMQ_XSUB;
  const int send_high_water = unbounded && !is_tap ? 0 : options.send_high_water;
  const bool good = set(socket, ZMQ_RCVHWM, 0) && set(socket, ZMQ_SNDHWM, send_high_water) &&
                    set(socket, ZMQ_LINGER, 0) && set(socket, ZMQ_RECONNECT_IVL, -1) &&
                    set(socket, ZMQ_CONNECT_TIMEOUT, 2'000) && set(socket, ZMQ_TCP_MAXRT, 5'000) &&
                    set(socket, ZMQ_TCP_KEEPALIVE, 1) && set(socket, ZMQ_TCP_KEEPALIVE_IDLE, 5) &&
                    set(socket, ZMQ_TCP_KEEPALIVE_INTVL, 2) && set(socket, ZMQ_TCP_KEEPALIVE_CNT, 3) &&
                    set(socket, ZMQ_HANDSHAKE_IVL, 3'000) && set(socket, ZMQ_MAXMSGSIZE, options.max_message) &&
                    set(socket, ZMQ_IPV6, ipv6 ? 1 : 0);
  if (!good) return false;
  if (type == ZMQ_DEALER) return set(socket, ZMQ_IMMEDIATE, 1);
  if (type == ZMQ_ROUTER) return set(socket, ZMQ_ROUTER_MANDATORY, 1);
  return true;
}

bool set(void* socket, int option, const std::string& text) {
  return zmq_setsockopt(socket, option, text.data(), text.size()) == 0;
}

bool set_keys(void* socket, bool binds, const Keys& keys, const std::string& domain) {
  if (keys.own.secret_key.empty()) return true;
  if (!binds) {
    return set(socket, ZMQ_CURVE_SERVERKEY, keys.broker) && set(socket, ZMQ_CURVE_PUBLICKEY, keys.own.public_key) &&
           set(socket, ZMQ_CURVE_SECRETKEY, keys.own.secret_key);
  }
  FAIRLEAD_CHECK(!domain.empty(), "a socket with keys that anybody with any key may come to");
  // Without this a socket whose doorkeeper is missing lets everybody in. The headers hide it; the library has it.
  constexpr int zap_enforce_domain = 93;
  return set(socket, ZMQ_CURVE_SERVER, 1) && set(socket, ZMQ_CURVE_SECRETKEY, keys.own.secret_key) &&
         set(socket, ZMQ_ZAP_DOMAIN, domain) && set(socket, zap_enforce_domain, 1);
}

// The prefix goes in before the connection, so that it is part of the first thing a publisher hears.
bool subscribe(void* socket, int type, std::string_view topic) {
  if (type == ZMQ_SUB) return zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic.data(), topic.size()) == 0;
  if (type != ZMQ_XSUB) return true;
  std::string request{'\1'};
  request += topic;
  return zmq_send(socket, request.data(), request.size(), ZMQ_DONTWAIT) >= 0;
}

// zmq_poll and friends may be interrupted by a signal that somebody else handles.
template <class Call>
int uninterrupted(Call&& call) {
  int result = 0;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace

Context::Context(Keys keys) : keys_(std::move(keys)), handle_(zmq_ctx_new()) {
  if (handle_ == nullptr || zmq_ctx_set(handle_, ZMQ_BLOCKY, 0) != 0) {
    throw std::runtime_error(std::string("cannot start ZeroMQ: ") + zmq_strerror(errno));
  }
}

Context::~Context() {
  uninterrupted([this] { return zmq_ctx_term(handle_); });
}

// ---- Frame

Frame::Frame() { zmq_msg_init(raw(message_)); }

Frame Frame::copy_of(std::string_view bytes) {
  Frame frame;
  if (zmq_msg_init_size(raw(frame.message_), bytes.size()) != 0) throw std::bad_alloc();
  if (!bytes.empty()) std::memcpy(zmq_msg_data(raw(frame.message_)), bytes.data(), bytes.size());
  return frame;
}

Frame Frame::adopt(std::string bytes) {
  Frame frame;
  auto* owned = new std::string(std::move(bytes));
  const auto release = [](void*, void* hint) { delete static_cast<std::string*>(hint); };
  if (zmq_msg_init_data(raw(frame.message_), owned->data(), owned->size(), release, owned) != 0) {
    delete owned;
    throw std::bad_alloc();
  }
  return frame;
}

Frame::Frame(const Frame& other) : Frame() { *this = other; }

Frame::Frame(Frame&& other) noexcept : Frame() { *this = std::move(other); }

Frame& Frame::operator=(const Frame& other) {
  if (this != &other) zmq_msg_copy(raw(message_), raw(other.message_));
  return *this;
}

Frame& Frame::operator=(Frame&& other) noexcept {
  if (this != &other) zmq_msg_move(raw(message_), raw(other.message_));
  return *this;
}

Frame::~Frame() { zmq_msg_close(raw(message_)); }

std::string_view Frame::bytes() const {
  return {static_cast<const char*>(zmq_msg_data(raw(message_))), zmq_msg_size(raw(message_))};
}

// ---- opening and closing

Result<Socket> Socket::open(Context& context, int type, bool binds, const std::string& endpoint,
                            const SocketOptions& options, std::string_view topic) {
  const std::string attempt = std::string(binds ? "cannot bind " : "cannot connect to ") + endpoint + ": ";
  void* handle = zmq_socket(context.handle_, type);
  if (handle == nullptr) return Error{attempt + zmq_strerror(errno)};
  Socket socket{handle};
  if (!configure(handle, type, wants_ipv6(endpoint, options.names_are_ipv6), options) ||
      !set_keys(handle, binds, context.keys_, options.domain) || !subscribe(handle, type, topic)) {
    return Error{attempt + "ZeroMQ refuses our settings: " + zmq_strerror(errno)};
  }
  if (binds && somebody_listens(endpoint)) return Error{attempt + zmq_strerror(EADDRINUSE)};
  if ((binds ? zmq_bind(handle, endpoint.c_str()) : zmq_connect(handle, endpoint.c_str())) != 0) {
    if (binds && errno == ENODEV) return Error{attempt + "not an address or a network interface of this machine"};
    return Error{attempt + zmq_strerror(errno)};
  }
  std::size_t size = sizeof socket.fd_;
  if (zmq_getsockopt(handle, ZMQ_FD, &socket.fd_, &size) != 0) return Error{attempt + zmq_strerror(errno)};
  return socket;
}

Result<Socket> Socket::router(Context& context, const std::string& bind, const SocketOptions& options) {
  return open(context, ZMQ_ROUTER, true, bind, options, {});
}

Result<Socket> Socket::dealer(Context& context, const std::string& connect, const SocketOptions& options) {
  return open(context, ZMQ_DEALER, false, connect, options, {});
}

Result<Socket> Socket::pub(Context& context, const std::string& connect, const SocketOptions& options) {
  return open(context, ZMQ_PUB, false, connect, options, {});
}

Result<Socket> Socket::sub(Context& context, const std::string& connect, std::string_view topic,
                           const SocketOptions& options) {
  return open(context, ZMQ_SUB, false, connect, options, topic);
}

Result<Socket> Socket::xsub(Context& context, const std::string& bind, std::string_view prefix,
                            const SocketOptions& options) {
  return open(context, ZMQ_XSUB, true, bind, options, prefix);
}

Result<Socket> Socket::xpub(Context& context, const std::string& bind, const SocketOptions& options) {
  FAIRLEAD_CHECK(options.send_high_water == 0, "a bound here would lose deliveries without a word");
  return open(context, ZMQ_XPUB, true, bind, options, {});
}

Result<Socket> Socket::tap(Context& context, const std::string& bind, const SocketOptions& options) {
  FAIRLEAD_CHECK(options.send_high_water > 0, "a tap that stops reading would take all memory");
  return open(context, ZMQ_XPUB, true, bind, options, {});
}

Socket::Socket(Socket&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      fd_(std::exchange(other.fd_, -1)),
      last_error_(std::move(other.last_error_)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    if (handle_ != nullptr) zmq_close(handle_);
    handle_ = std::exchange(other.handle_, nullptr);
    fd_ = std::exchange(other.fd_, -1);
    last_error_ = std::move(other.last_error_);
  }
  return *this;
}

Socket::~Socket() {
  if (handle_ != nullptr) zmq_close(handle_);
}

// ---- sending

Sent Socket::sent(int result) {
  if (result >= 0) return Sent::sent;
  if (errno == EAGAIN) return Sent::would_block;
  if (errno == EHOSTUNREACH) return Sent::unreachable;
  last_error_ = zmq_strerror(errno);
  return Sent::failed;
}

Sent Socket::send(std::string_view frame) {
  return sent(uninterrupted([&] { return zmq_send(handle_, frame.data(), frame.size(), ZMQ_DONTWAIT); }));
}

Sent Socket::send(const Frame& frame) {
  // zmq_msg_send takes its message away; a second handle to the same bytes is what it gets.
  Frame handle{frame};
  return sent(uninterrupted([&] { return zmq_msg_send(raw(handle.message_), handle_, ZMQ_DONTWAIT); }));
}

// The routing id decides: once it is accepted, the frame behind it is taken too (and dropped if the connection ends
// just then, as anything may be that was sent).
Sent Socket::address(RoutingId to) {
  const auto id = encode(to);
  return sent(uninterrupted([&] { return zmq_send(handle_, id.data(), id.size(), ZMQ_DONTWAIT | ZMQ_SNDMORE); }));
}

Sent Socket::send(RoutingId to, std::string_view frame) {
  if (const Sent addressed = address(to); addressed != Sent::sent) return addressed;
  return send(frame);
}

Sent Socket::send(RoutingId to, const Frame& frame) {
  if (const Sent addressed = address(to); addressed != Sent::sent) return addressed;
  return send(frame);
}

// ---- receiving

// Reads one part.
Received Socket::receive_part(Frame& part) {
  if (uninterrupted([&] { return zmq_msg_recv(raw(part.message_), handle_, ZMQ_DONTWAIT); }) >= 0)
    return Received::message;
  if (errno == EAGAIN) return Received::nothing;
  last_error_ = zmq_strerror(errno);
  return Received::failed;
}

// Throws away what follows `part` in its message, one part at a time; whether there was anything.
bool Socket::discard_rest(Frame& part) {
  if (zmq_msg_more(raw(part.message_)) == 0) return false;
  while (zmq_msg_more(raw(part.message_)) != 0) {
    // libzmq hands out whole messages, so the rest is there; anything else is an error that the next receive reports.
    if (receive_part(part) != Received::message) break;
  }
  return true;
}

Received Socket::receive(Frame& frame) {
  const Received got = receive_part(frame);
  if (got != Received::message) return got;
  return discard_rest(frame) ? Received::malformed : Received::message;
}

Received Socket::receive(RoutingId& from, Frame& frame) {
  const Received got = receive_part(frame);
  if (got != Received::message) return got;
  const auto id = decode(frame.bytes());
  if (!id || zmq_msg_more(raw(frame.message_)) == 0) {
    discard_rest(frame);
    return Received::malformed;
  }
  from = *id;
  const Received payload = receive(frame);
  return payload == Received::nothing ? Received::malformed : payload;
}

Received Socket::receive(Subscription& subscription) {
  Frame frame;
  const Received got = receive(frame);
  if (got != Received::message) return got;
  const std::string_view bytes = frame.bytes();
  if (bytes.empty() || (bytes[0] != '\0' && bytes[0] != '\1')) return Received::malformed;
  subscription.wanted = bytes[0] == '\1';
  subscription.topic = bytes.substr(1);
  return Received::message;
}

// ---- waiting

Socket::Events Socket::events() {
  int events = 0;
  std::size_t size = sizeof events;
  if (uninterrupted([&] { return zmq_getsockopt(handle_, ZMQ_EVENTS, &events, &size); }) != 0) {
    last_error_ = zmq_strerror(errno);
    return {};
  }
  return {.readable = (events & ZMQ_POLLIN) != 0, .writable = (events & ZMQ_POLLOUT) != 0};
}

std::string Socket::last_endpoint() const {
  std::array<char, 1024> text{};
  std::size_t size = text.size();
  if (zmq_getsockopt(handle_, ZMQ_LAST_ENDPOINT, text.data(), &size) != 0) return {};
  return text.data();
}

struct Polling {
  static void* handle(const Socket& socket) { return socket.handle_; }
};

void wait(std::span<Socket* const> sockets, std::span<WatchedFd> fds, std::optional<Duration> timeout) {
  std::array<zmq_pollitem_t, 16> items{};
  const std::size_t count = sockets.size() + fds.size();
  FAIRLEAD_CHECK(count <= items.size(), "more than 16 things to wait for");
  std::size_t next = 0;
  for (Socket* socket : sockets) items[next++] = {Polling::handle(*socket), -1, ZMQ_POLLIN, 0};
  for (const WatchedFd& watched : fds) items[next++] = {nullptr, watched.fd, ZMQ_POLLIN, 0};
  // Interrupted is as good as woken: the caller looks at everything anyway.
  zmq_poll(items.data(), static_cast<int>(count), milliseconds_up(timeout));
  next = sockets.size();
  for (WatchedFd& watched : fds) watched.readable = items[next++].revents != 0;
}

}  // namespace fairlead::io
