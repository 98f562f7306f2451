// The shell of fairlead::Client: one epoll descriptor, at most one connection on it.
#include "fairlead/client.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <stdexcept>
#include <system_error>

#include <poll.h>
#include <sys/epoll.h>

#include "bus/check.hpp"
#include "bus/endpoints.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/entropy.hpp"
#include "bus/io/timeout.hpp"
#include "bus/text.hpp"
#include "client/io/connection.hpp"
#include "client/io/dial.hpp"
#include "client/reconnect.hpp"

namespace fairlead {

using client::Connection;
using client::Reconnect;
using std::chrono::milliseconds;

namespace {

protocols::Kind kind_of(UserEndpoint::Protocol protocol) {
  switch (protocol) {
    case UserEndpoint::Protocol::line:
      return protocols::Kind::line;
    case UserEndpoint::Protocol::frame:
      return protocols::Kind::frame;
    case UserEndpoint::Protocol::ws:
      return protocols::Kind::ws;
  }
  FAIRLEAD_CHECK(false, "no such protocol");
}

UserEndpoint parse(const std::string& address) {
  auto endpoint = UserEndpoint::for_connect(address);
  if (!endpoint) throw std::invalid_argument(endpoint.error().message);
  return *std::move(endpoint);
}

milliseconds milliseconds_of(Duration duration) { return std::chrono::ceil<milliseconds>(duration); }

}  // namespace

class Client::Inside : private Connection::Listener {
 public:
  explicit Inside(Settings settings)
      : settings_(std::move(settings)),
        endpoint_(parse(settings_.address)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        random_(io::random_nonzero()),
        reconnect_(Random{random_.next()}, {.again = settings_.reconnect,
                                            .first_back_off = settings_.first_back_off,
                                            .longest_back_off = settings_.longest_back_off,
                                            .dial = settings_.connect_timeout}),
        buffer_(std::size_t{64} * 1024) {
    if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }

  bool send(std::string_view message, bool binary) {
    if (!is_connected() || connection_->unsent() >= settings_.max_unsent) return false;
    connection_->send({.payload = message, .binary = binary});
    return true;
  }

  std::optional<Event> poll(milliseconds timeout) {
    const Instant deadline = io::now() + std::min<Duration>(timeout, 24h);
    for (bool last = false; events_.empty() && !is_over() && !last;) {
      const Instant now = io::now();
      last = now >= deadline;
      turn(deadline - now);
    }
    if (events_.empty()) return std::nullopt;
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  // Reads nothing: what a gateway says meanwhile waits in the socket, not in our memory.
  bool flush(milliseconds timeout) {
    const Instant deadline = io::now() + std::min<Duration>(timeout, 24h);
    while (is_connected()) {
      connection_->flush();
      drop_if_over();
      if (!connection_ || connection_->unsent() == 0) break;
      const Instant now = io::now();
      if (now >= deadline) return false;
      pollfd writable{.fd = connection_->fd(), .events = POLLOUT, .revents = 0};
      ::poll(&writable, 1, io::milliseconds_up(deadline - now));
    }
    return is_connected();
  }

  void close(milliseconds timeout) {
    reconnect_.stop();
    if (!connection_) {
      // Waiting for the next attempt: there is none.
      if (!is_over()) reconnect_.on_lost(io::now());
      return;
    }
    connection_->close();
    connection_->flush();
    drop_if_over();
    const Instant deadline = io::now() + timeout;
    while (connection_) {
      const Instant now = io::now();
      if (now >= deadline) return lose("closed");
      turn(deadline - now);
    }
  }

  bool is_connected() const { return connection_ && connection_->is_open(); }
  bool is_over() const { return reconnect_.state() == Reconnect::State::over; }
  std::size_t unsent() const { return connection_ ? connection_->unsent() : 0; }
  int fd() const { return epoll_.get(); }

  std::optional<milliseconds> patience() const {
    const bool to_write = connection_ && connection_->wants_write() && !writing_;
    if (!events_.empty() || to_write) return milliseconds{0};
    const auto next = reconnect_.next_time();
    if (!next) return std::nullopt;
    return std::max(milliseconds{0}, milliseconds_of(*next - io::now()));
  }

 private:
  // One look at the world: what is due, what is ready, what is to be written.
  void turn(Duration wait) {
    switch (reconnect_.on_time(io::now())) {
      case Reconnect::Todo::dial:
        addresses_.clear();
        start();
        break;
      case Reconnect::Todo::give_up:
        lose("no answer within " + duration_text(settings_.connect_timeout));
        break;
      case Reconnect::Todo::nothing:
        break;
    }
    if (connection_) {
      connection_->flush();
      drop_if_over();
    }
    if (!events_.empty()) wait = Duration::zero();
    if (const auto next = reconnect_.next_time()) wait = std::min(wait, *next - io::now());
    watch();
    epoll_event ready{};
    if (::epoll_wait(epoll_.get(), &ready, 1, io::milliseconds_up(std::max(wait, Duration::zero()))) <= 0) return;
    if (!connection_) return;
    connection_->on_ready((ready.events & ~std::uint32_t{EPOLLOUT}) != 0, (ready.events & EPOLLOUT) != 0, buffer_);
    drop_if_over();
    watch();
  }

  // Dials the endpoint's addresses one after the other.
  void start() {
    if (addresses_.empty()) {
      auto found = client::resolve(endpoint_);
      if (!found) return lose(found.error().message);
      addresses_.assign(found->begin(), found->end());
    }
    std::string why;
    while (!addresses_.empty()) {
      auto socket = client::dial(addresses_.front());
      addresses_.pop_front();
      if (socket) {
        const int fd = socket->get();
        connection_ = std::make_unique<Connection>(
            *std::move(socket), kind_of(endpoint_.protocol),
            protocols::ClientOptions{.max_message = settings_.max_message,
                                     .host = endpoint_.host_port(),
                                     .target = endpoint_.path.empty() ? "/" : endpoint_.path,
                                     .headers = settings_.headers},
            Random{random_.next()}, static_cast<Connection::Listener&>(*this));
        epoll_event interest{.events = EPOLLIN | EPOLLOUT, .data = {}};
        FAIRLEAD_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &interest) == 0, "a new socket is not watched");
        writing_ = true;
        return;
      }
      why = socket.error().message;
    }
    lose(why);
  }

  void watch() {
    if (!connection_ || connection_->wants_write() == writing_) return;
    writing_ = !writing_;
    epoll_event interest{.events = EPOLLIN, .data = {}};
    if (writing_) interest.events |= EPOLLOUT;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection_->fd(), &interest);
  }

  void drop_if_over() {
    if (!connection_ || !connection_->is_over()) return;
    connection_.reset();
    // The endpoint may have another address, the IPv4 one after the IPv6 one say.
    if (reconnect_.state() == Reconnect::State::dialing && !addresses_.empty()) return start();
    lose(why_);
  }

  void lose(const std::string& why) {
    connection_.reset();
    const auto wait = reconnect_.on_lost(io::now());
    events_.push_back({.kind = Event::Kind::disconnected, .text = why, .binary = false, .retry_in = std::nullopt});
    if (wait) events_.back().retry_in = milliseconds_of(*wait);
  }

  void on_connected() override {
    addresses_.clear();
    reconnect_.on_connected(io::now());
    events_.push_back({.kind = Event::Kind::connected, .text = {}, .binary = false, .retry_in = std::nullopt});
  }
  void on_message(protocols::Message message) override {
    events_.push_back({.kind = Event::Kind::message,
                       .text = std::string(message.payload),
                       .binary = message.binary,
                       .retry_in = std::nullopt});
  }
  void on_disconnected(const std::string& why) override { why_ = why; }

  Settings settings_;
  UserEndpoint endpoint_;
  io::Fd epoll_;
  Random random_;
  Reconnect reconnect_;
  std::vector<char> buffer_;
  std::deque<client::SocketAddress> addresses_;  // still to be tried in this attempt
  std::unique_ptr<Connection> connection_;
  bool writing_ = false;  // what epoll was told
  std::string why_;
  std::deque<Event> events_;  // at most what one read brought: nothing is read while events wait
};

Client::Client(Settings settings) : inside_(std::make_unique<Inside>(std::move(settings))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

bool Client::send(std::string_view message, bool binary) { return inside_->send(message, binary); }
std::optional<Client::Event> Client::poll(milliseconds timeout) { return inside_->poll(timeout); }
bool Client::flush(milliseconds timeout) { return inside_->flush(timeout); }
void Client::close(milliseconds timeout) { inside_->close(timeout); }
bool Client::is_connected() const { return inside_->is_connected(); }
bool Client::is_over() const { return inside_->is_over(); }
std::size_t Client::unsent() const { return inside_->unsent(); }
int Client::fd() const { return inside_->fd(); }
std::optional<milliseconds> Client::patience() const { return inside_->patience(); }

}  // namespace fairlead
