// fairlead-oracle sends numbered messages to the echo app over many connections at once, whatever happens to the bus
// meanwhile, and tells as one line of JSON whether each came back once and in order. It exits 0 only then.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

#include "bus/check.hpp"
#include "bus/endpoints.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/entropy.hpp"
#include "bus/io/loop.hpp"
#include "bus/io/options.hpp"
#include "bus/io/process.hpp"
#include "bus/io/signals.hpp"
#include "client/io/connection.hpp"
#include "client/io/dial.hpp"
#include "tests/support/oracle.hpp"

namespace fairlead::tests {
namespace {

struct Settings {
  std::vector<std::string> connect;
  std::int64_t clients = 64;
  std::int64_t in_flight = 16;
  std::int64_t seconds = 10;
  std::int64_t payload = 0;
  std::int64_t max_rate = 0;
  std::string until_file;
  bool until_eof = false;
  bool progress = false;
  Duration patience = 30s;
  Duration connect_patience = 15s;
};

protocols::Kind kind_of(UserEndpoint::Protocol protocol) {
  if (protocol == UserEndpoint::Protocol::ws) return protocols::Kind::ws;
  return protocol == UserEndpoint::Protocol::frame ? protocols::Kind::frame : protocols::Kind::line;
}

// One user: keeps its window full until it is told to stop.
class User : private client::Connection::Listener {
 public:
  struct Shared {
    io::Loop& loop;
    std::vector<char> buffer;
    std::int64_t window = 1;
    std::uint64_t connected = 0;
    std::uint64_t gone = 0;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t may_send = 0;  // of all users together: --max-rate
    bool sending = false;
    Instant heard{};  // the last reply to anybody
    Duration longest_silence{};
    Instant now{};
  };

  User(Shared& shared, std::uint64_t number, std::size_t payload, UserEndpoint endpoint)
      : shared_(shared), ledger_(number, payload), endpoint_(std::move(endpoint)) {}

  // Dials, when that has not succeeded yet. The first connection may need many attempts; there is no second one.
  void dial_if_needed() {
    if (connection_ || was_connected_) return;
    const auto addresses = client::resolve(endpoint_);
    if (!addresses) return;
    auto socket = client::dial(addresses->front());
    if (!socket) return;
    protocols::ClientOptions options;
    options.host = endpoint_.host_port();
    options.target = endpoint_.path;
    connection_ = std::make_unique<client::Connection>(*std::move(socket), kind_of(endpoint_.protocol), options,
                                                       Random{io::random_nonzero()},
                                                       static_cast<client::Connection::Listener&>(*this));
    auto watch = shared_.loop.add(connection_->fd(), {.read = true, .write = true}, [this](io::Loop::Ready ready) {
      connection_->on_ready(ready.readable, ready.writable, shared_.buffer);
      after_turn();
    });
    FAIRLEAD_CHECK(watch.has_value(), "a new socket is not watched");
    watch_ = *watch;
  }

  // Something may be sent again.
  void go_on() {
    if (!connection_ || !connection_->is_open()) return;
    fill();
    connection_->flush();
    after_turn();
  }

  const Ledger& ledger() const { return ledger_; }

 private:
  void fill() {
    while (shared_.sending && connection_->is_open() && shared_.sent < shared_.may_send &&
           static_cast<std::int64_t>(ledger_.outstanding()) < shared_.window) {
      connection_->send({.payload = ledger_.send(), .binary = false});
      ++shared_.sent;
    }
  }

  void after_turn() {
    if (connection_->is_over()) {
      shared_.loop.remove(watch_);
      connection_.reset();
      return;
    }
    shared_.loop.modify(watch_, {.read = true, .write = connection_->wants_write()});
  }

  void on_connected() override {
    was_connected_ = true;
    ++shared_.connected;
  }
  void on_message(protocols::Message message) override {
    ledger_.on_reply(message.payload);
    ++shared_.received;
    shared_.longest_silence = std::max(shared_.longest_silence, shared_.now - shared_.heard);
    shared_.heard = shared_.now;
    fill();
  }
  void on_disconnected(const std::string& why) override {
    if (!was_connected_) return;
    ledger_.on_disconnected();
    ++shared_.gone;
    std::cerr << "fairlead-oracle: a user was disconnected: " << why << '\n';
  }

  Shared& shared_;
  Ledger ledger_;
  UserEndpoint endpoint_;
  std::unique_ptr<client::Connection> connection_;
  io::Loop::Watch watch_;
  bool was_connected_ = false;
};

class Oracle {
 public:
  explicit Oracle(const Settings& settings)
      : settings_(settings), shared_{.loop = loop_, .buffer = std::vector<char>(std::size_t{64} * 1024)} {
    shared_.window = settings.in_flight;
    for (std::int64_t i = 0; i < settings.clients; ++i) {
      const auto& address = settings.connect[static_cast<std::size_t>(i) % settings.connect.size()];
      users_.push_back(std::make_unique<User>(shared_, static_cast<std::uint64_t>(i),
                                              static_cast<std::size_t>(settings.payload),
                                              *UserEndpoint::for_connect(address)));
    }
  }

  io::ExitCode run() {
    const auto watched = loop_.add(signals_.fd(), {.read = true, .write = false}, [this](auto) {
      while (signals_.next()) told_to_stop_ = true;
    });
    FAIRLEAD_CHECK(watched.has_value(), "signals are not watched");
    if (settings_.until_eof) watch_stdin();

    if (!connect_all()) {
      std::cerr << "fairlead-oracle: only " << shared_.connected << " of " << users_.size() << " could connect\n";
      return io::ExitCode::failure;
    }
    if (told_to_stop_) return io::ExitCode::failure;
    send_for_a_while();
    drain();
    return tell();
  }

 private:
  bool connect_all() {
    const Instant deadline = io::now() + settings_.connect_patience;
    Instant dial_again{};
    while (shared_.connected < users_.size() && !told_to_stop_) {
      const Instant now = io::now();
      if (now >= deadline) return false;
      if (now >= dial_again) {
        for (auto& user : users_) user->dial_if_needed();
        dial_again = now + 100ms;
      }
      turn(10ms);
    }
    return true;
  }

  void send_for_a_while() {
    shared_.sending = true;
    start_ = shared_.heard = io::now();
    shared_.may_send = UINT64_MAX;
    if (settings_.max_rate == 0) {  // replies drive all further sending
      for (auto& user : users_) user->go_on();
    }
    std::size_t first = 0;
    while (!is_time_to_stop()) {
      if (settings_.max_rate > 0) {
        const std::chrono::duration<double> elapsed = io::now() - start_;
        shared_.may_send = static_cast<std::uint64_t>(elapsed.count() * static_cast<double>(settings_.max_rate)) + 1;
        for (std::size_t i = 0; i < users_.size(); ++i) users_[(first + i) % users_.size()]->go_on();
        ++first;  // so that everybody gets a share of a low rate
      }
      turn(settings_.max_rate > 0 ? 1ms : 50ms);
    }
    shared_.sending = false;
  }

  bool is_time_to_stop() {
    if (told_to_stop_ || shared_.gone == users_.size()) return true;
    const Instant now = io::now();
    if (settings_.seconds > 0 && now - start_ >= std::chrono::seconds(settings_.seconds)) return true;
    if (settings_.until_file.empty() || now < look_again_) return false;
    look_again_ = now + 50ms;
    return std::filesystem::exists(settings_.until_file);
  }

  void drain() {
    const Instant deadline = io::now() + settings_.patience;
    while (total().lost > 0 && shared_.gone < users_.size() && io::now() < deadline) turn(10ms);
    seconds_ = io::now() - start_;
  }

  io::ExitCode tell() const {
    const Tally tally = total();
    const double silence = std::chrono::duration<double, std::milli>(shared_.longest_silence).count();
    std::array<char, 512> line{};
    std::snprintf(line.data(), line.size(),
                  R"({"clients":%zu,"sent":%llu,"received":%llu,"lost":%llu,"duplicated":%llu,"reordered":%llu,)"
                  R"("foreign":%llu,"disconnected":%llu,"seconds":%.3f,"per_second":%.0f,"longest_silence_ms":%.1f})",
                  users_.size(), as_long(tally.sent), as_long(tally.received), as_long(tally.lost),
                  as_long(tally.duplicated), as_long(tally.reordered), as_long(tally.foreign),
                  as_long(tally.disconnected), seconds_.count(), static_cast<double>(tally.received) / seconds_.count(),
                  silence);
    std::cout << line.data() << std::endl;
    return tally.is_clean() && tally.sent > 0 ? io::ExitCode::ok : io::ExitCode::failure;
  }

  static unsigned long long as_long(std::uint64_t number) { return number; }

  Tally total() const {
    Tally tally;
    for (const auto& user : users_) tally += user->ledger().tally();
    return tally;
  }

  void turn(Duration longest) {
    shared_.now = io::now();
    loop_.run_once(longest);
    shared_.now = io::now();
    if (settings_.progress && shared_.now >= tell_again_) tell_progress();
  }

  // For whoever waits until messages have flowed.
  void tell_progress() {
    tell_again_ = shared_.now + 50ms;
    if (std::exchange(told_, shared_.received) == shared_.received) return;
    std::cerr << "progress sent=" << shared_.sent << " received=" << shared_.received << '\n';
  }

  void watch_stdin() {
    // A file or /dev/null cannot be watched, and has no end to wait for.
    const auto watched = loop_.add(STDIN_FILENO, {.read = true, .write = false}, [this](auto) {
      std::array<char, 4096> ignored{};
      if (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) return;
      told_to_stop_ = true;
      loop_.remove(stdin_);
    });
    if (watched) stdin_ = *watched;
    if (!watched) told_to_stop_ = true;
  }

  const Settings& settings_;
  io::Signals signals_;
  io::Loop loop_;
  User::Shared shared_;
  std::vector<std::unique_ptr<User>> users_;
  io::Loop::Watch stdin_;
  bool told_to_stop_ = false;
  Instant start_{};
  Instant look_again_{};
  Instant tell_again_{};
  std::uint64_t told_ = 0;  // of the replies
  std::chrono::duration<double> seconds_{};
};

int run(int argc, char** argv) {
  Settings settings;
  io::Options options{{.program = "fairlead-oracle",
                       .summary = "Checks at many users of the echo app that each message comes back once, in order."}};
  options
      .list("connect", "ADDRESS", settings.connect, "where the users connect, in turn: line://, frame:// or ws://",
            io::each_valid(&UserEndpoint::for_connect))
      .integer("clients", settings.clients, "how many users", io::between(1, 100'000))
      .integer("in-flight", settings.in_flight, "messages of one user under way", io::between(1, 100'000))
      .integer("seconds", settings.seconds, "how long to send; 0: until told to stop", io::between(0, 1'000'000))
      .integer("payload", settings.payload, "bytes of a message at least", io::between(0, 1'000'000))
      .integer("max-rate", settings.max_rate, "messages a second of all together; 0: no limit",
               io::between(0, 100'000'000))
      .text("until-file", "FILE", settings.until_file, "stop sending when FILE exists")
      .flag("until-eof", settings.until_eof, "stop sending at the end of standard input")
      .flag("progress", settings.progress, "say on standard error how many messages have come back, as they come")
      .duration("patience", settings.patience, "how long to wait for replies after sending", io::at_least(0ms))
      .duration("connect-patience", settings.connect_patience, "how long connecting may take", io::at_least(0ms))
      .also([&]() -> Status {
        if (settings.connect.empty()) return Error{"--connect ADDRESS is missing"};
        return Nothing{};
      });
  if (const auto done = options.load(argc, argv)) return static_cast<int>(*done);
  io::raise_file_limit();
  return io::run_main([&] { return Oracle(settings).run(); });
}

}  // namespace
}  // namespace fairlead::tests

int main(int argc, char** argv) { return fairlead::tests::run(argc, argv); }
