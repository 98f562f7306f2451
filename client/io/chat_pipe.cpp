#include <array>
#include <cerrno>
#include <iostream>
#include <optional>

#include <poll.h>
#include <unistd.h>

#include "fairlead/client.hpp"

#include "bus/io/clock.hpp"
#include "bus/io/timeout.hpp"
#include "bus/text.hpp"
#include "client/chat/errand.hpp"
#include "client/chat/view.hpp"
#include "client/io/chat.hpp"
#include "client/io/output.hpp"

namespace fairlead::client {
namespace {

using std::chrono::milliseconds;

class PipeChat {
 public:
  PipeChat(const ChatSettings& settings, io::Signals& signals)
      : settings_(settings),
        signals_(signals),
        client_({.address = settings.address,
                 .reconnect = false,
                 .connect_timeout = std::chrono::ceil<milliseconds>(settings.patience)}) {}

  io::ExitCode run() {
    while (!done_) {
      wait();
      if (signals_.next()) stop();
      while (!done_) {
        const auto event = client_.poll(milliseconds{0});
        if (!event) break;
        on_event(*event);
      }
      if (!done_ && input_ended_) judge(io::now());
    }
    client_.close(milliseconds{1000});
    return failed_ ? io::ExitCode::failure : io::ExitCode::ok;
  }

 private:
  // Input is read when there is somebody to send it to, and no faster than it goes out.
  bool wants_input() const { return !input_ended_ && client_.is_connected() && client_.unsent() < max_unsent; }

  void wait() {
    std::array<pollfd, 3> fds{{{.fd = client_.fd(), .events = POLLIN, .revents = 0},
                               {.fd = signals_.fd(), .events = POLLIN, .revents = 0},
                               {.fd = wants_input() ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0}}};
    std::optional<Duration> longest;
    if (const auto patience = client_.patience()) longest = *patience;
    if (input_ended_) longest = std::min(longest.value_or(1h), std::max(Duration{0}, deadline_ - io::now()));
    ::poll(fds.data(), fds.size(), io::milliseconds_up(longest));
    if (fds[2].revents != 0) read_input();
  }

  void read_input() {
    std::array<char, 16384> bytes{};
    const auto got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got > 0) input_.append(bytes.data(), static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = input_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      say(input_.substr(begin, end - begin));
    }
    input_.erase(0, begin);
    if (got > 0) return;
    say(input_);  // a last line without its newline
    input_ended_ = true;
    deadline_ = io::now() + settings_.patience;
  }

  void say(std::string line) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos) return;
    if (!client_.send(line)) return fail("the gateway does not take what is sent");
    errand_.on_sent(line);
    ++sent_;
  }

  void on_event(const Client::Event& event) {
    switch (event.kind) {
      case Client::Event::Kind::connected:
        if (!settings_.name.empty()) say("/name " + settings_.name);
        connected_ = true;
        break;
      case Client::Event::Kind::message:
        errand_.on_received(event.text);
        for (const auto& line : view_.on_message(event.text)) {
          if (!write_all(print(line, time_of_day(), settings_.colour) + "\n")) return fail("nobody reads the output");
        }
        break;
      case Client::Event::Kind::disconnected:
        if (!connected_) return fail("cannot connect to " + settings_.address + ": " + event.text);
        return fail("the connection is lost: " + event.text + unanswered());
    }
  }

  // The input has ended: is there anything left to wait for?
  void judge(Instant now) {
    // Whoever says nothing stays for the welcome; the echo app has none.
    if (errand_.waiting() == 0 && (errand_.is_welcomed() || sent_ > 0 || now >= deadline_)) {
      failed_ = errand_.refused() > 0;
      if (!stay_until_) stay_until_ = now + settings_.stay;
      deadline_ = *stay_until_;
      done_ = now >= deadline_;
    } else if (now >= deadline_) {
      fail("no answer within " + duration_text(settings_.patience) + unanswered());
    }
  }

  void stop() {
    if (errand_.waiting() > 0) return fail("stopped" + unanswered());
    done_ = true;
  }

  std::string unanswered() const {
    if (errand_.waiting() == 0) return {};
    const bool one = errand_.waiting() == 1;
    return "; " + std::to_string(errand_.waiting()) + (one ? " line is" : " lines are") + " unanswered";
  }

  void fail(const std::string& why) {
    std::cerr << "fairlead-chat: " << why << '\n';
    failed_ = done_ = true;
  }

  static constexpr std::size_t max_unsent = std::size_t{256} * 1024;

  const ChatSettings& settings_;
  io::Signals& signals_;
  Client client_;
  View view_;
  Errand errand_;
  std::string input_;     // the beginning of a line
  std::size_t sent_ = 0;  // lines
  bool input_ended_ = false;
  bool connected_ = false;
  Instant deadline_{};  // once the input has ended
  std::optional<Instant> stay_until_;
  bool done_ = false;
  bool failed_ = false;
};

}  // namespace

io::ExitCode chat_in_pipe(const ChatSettings& settings, io::Signals& signals) {
  return PipeChat(settings, signals).run();
}

}  // namespace fairlead::client
