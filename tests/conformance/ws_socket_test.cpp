// The conformance cases against a real server of the echo app: `ws_socket_test ws://127.0.0.1:8080/ws`. A message that
// is longer than --max-message is not answered but refused with 1009, as the gateway promises.
#include <algorithm>
#include <array>
#include <cerrno>
#include <iostream>
#include <string>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include "bus/endpoints.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/options.hpp"
#include "bus/io/timeout.hpp"
#include "client/io/dial.hpp"
#include "tests/conformance/ws_case.hpp"

namespace fairlead::conformance {
namespace {

constexpr Duration patience = 20s;

// Reads while it writes, as every client has to that sends more than the buffers between two ends hold.
class SocketPeer : public Peer {
 public:
  static Result<SocketPeer> open(const UserEndpoint& endpoint) {
    const auto addresses = client::resolve(endpoint);
    if (!addresses) return addresses.error();
    auto socket = client::dial(addresses->front());
    if (!socket) return socket.error();
    SocketPeer peer(*std::move(socket));
    peer.wait(POLLOUT);
    if (std::string why = client::dial_error(peer.socket_.get()); !why.empty()) return Error{why};
    peer.send("GET " + endpoint.path + " HTTP/1.1\r\nHost: " + endpoint.host_port() +
              "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
              "Sec-WebSocket-Version: 13\r\n\r\n");
    std::string head;
    std::size_t end = 0;
    while ((end = head.find("\r\n\r\n")) == std::string::npos) {
      const std::string more = peer.receive();
      if (more.empty()) return Error{"no handshake: " + head};
      head += more;
    }
    if (!head.starts_with("HTTP/1.1 101 ")) return Error{"refused: " + head};
    peer.in_ = head.substr(end + 4);
    return peer;
  }

  void send(std::string_view bytes) override {
    while (!bytes.empty() && !over_) {
      const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
        continue;
      }
      if (errno != EAGAIN && errno != EINTR) return;  // closed: what it said before that is still to be read
      if ((wait(POLLIN | POLLOUT) & POLLIN) != 0) read();
    }
  }

  std::string receive() override {
    if (in_.empty() && !over_ && (wait(POLLIN) & POLLIN) != 0) read();
    return std::exchange(in_, {});
  }

 private:
  explicit SocketPeer(io::Fd socket) : socket_(std::move(socket)) {}

  short wait(short events) {
    pollfd waited{.fd = socket_.get(), .events = events, .revents = 0};
    if (::poll(&waited, 1, io::milliseconds_up(patience)) == 0) over_ = true;
    return waited.revents;
  }

  void read() {
    std::array<char, 65536> buffer{};
    const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      in_.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      over_ = true;
    }
  }

  io::Fd socket_;
  std::string in_;
  bool over_ = false;
};

// The same bytes, but a server that takes no message of this length.
Case refused(Case wanted) {
  wanted.answers.clear();
  wanted.closes_with = {1009};
  wanted.fails_at = Case::npos;
  for (Step& step : wanted.steps) step.answers = 0;
  return wanted;
}

struct Count {
  int good = 0;
  int refused = 0;
  int failed = 0;
};

void run_section(int section, const UserEndpoint& endpoint, std::size_t max_message, Count& count) {
  for (Case& wanted : cases(section)) {
    const bool too_long =
        std::ranges::any_of(wanted.answers, [&](const Answer& answer) { return answer.payload.size() > max_message; });
    if (too_long) wanted = refused(std::move(wanted));
    auto peer = SocketPeer::open(endpoint);
    const std::string verdict = peer ? run(wanted, *peer) : peer.error().message;
    ++(!verdict.empty() ? count.failed : too_long ? count.refused : count.good);
    if (!verdict.empty()) std::cerr << wanted.id << " (" << wanted.what << "): " << verdict << '\n';
  }
}

io::ExitCode judge(int argc, char** argv) {
  std::string address;
  std::uint64_t max_message = std::uint64_t{1} << 20U;
  io::Options options{{.program = "ws_socket_test", .summary = "Judges a WebSocket server of the echo app."}};
  options.argument("address", address, "ws://HOST:PORT/PATH", io::valid(&UserEndpoint::for_connect))
      .size("max-message", max_message, "the longest message that the server takes");
  if (const auto done = options.load(argc, argv)) return *done;

  Count count;
  for (const int section : sections()) {
    run_section(section, *UserEndpoint::for_connect(address), static_cast<std::size_t>(max_message), count);
  }
  std::cout << count.good << " cases as wanted, " << count.refused << " refused as too long, " << count.failed
            << " failed\n";
  return count.failed == 0 && count.good > 0 ? io::ExitCode::ok : io::ExitCode::failure;
}

}  // namespace
}  // namespace fairlead::conformance

int main(int argc, char** argv) {
  return fairlead::io::run_main([&] { return fairlead::conformance::judge(argc, argv); });
}
