#include <array>
#include <optional>

#include <poll.h>
#include <unistd.h>

#include "fairlead/client.hpp"

#include "bus/io/clock.hpp"
#include "bus/io/timeout.hpp"
#include "bus/text.hpp"
#include "client/chat/view.hpp"
#include "client/io/chat.hpp"
#include "client/io/terminal.hpp"

namespace fairlead::client {
namespace {

using std::chrono::milliseconds;

class TerminalChat {
 public:
  TerminalChat(const ChatSettings& settings, io::Signals& signals)
      : settings_(settings), signals_(signals), client_({.address = settings.address}) {}

  io::ExitCode run() {
    notice("connecting to " + settings_.address + " (Enter sends, /help tells more, Ctrl-D leaves)");
    while (!leaving_ && terminal_.is_alive()) {
      terminal_.draw(prompt(), editor_);
      wait();
      while (signals_.next()) leaving_ = true;
      while (const auto event = client_.poll(milliseconds{0})) on_event(*event);
    }
    terminal_.leave_row();
    client_.close(milliseconds{500});
    return io::ExitCode::ok;
  }

 private:
  void wait() {
    std::array<pollfd, 3> fds{{{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                               {.fd = client_.fd(), .events = POLLIN, .revents = 0},
                               {.fd = signals_.fd(), .events = POLLIN, .revents = 0}}};
    std::optional<Duration> longest;
    if (const auto patience = client_.patience()) longest = *patience;
    if (!client_.is_connected()) longest = std::min(longest.value_or(1s), Duration{200ms});  // the prompt counts down
    ::poll(fds.data(), fds.size(), io::milliseconds_up(longest));
    if (fds[0].revents != 0) read_keys();
  }

  void read_keys() {
    const auto bytes = terminal_.keys();
    if (!bytes) {
      leaving_ = true;
      return;
    }
    for (const auto& key : editor_.feed(*bytes)) {
      switch (key.kind) {
        case LineEditor::Key::Kind::line:
          on_line(key.line);
          break;
        case LineEditor::Key::Kind::quit:
          leaving_ = true;
          break;
        case LineEditor::Key::Kind::clear_screen:
          terminal_.clear_screen();
          break;
      }
    }
  }

  void on_line(const std::string& line) {
    if (line.find_first_not_of(' ') == std::string::npos) return;
    if (line == "/quit") {
      leaving_ = true;
    } else if (!client_.send(line)) {
      error(client_.is_connected() ? "the gateway is not listening at the moment; your line is kept"
                                   : "not connected; your line is kept");
      editor_.put_back(line);
    }
  }

  void on_event(const Client::Event& event) {
    switch (event.kind) {
      case Client::Event::Kind::connected:
        if (failures_ > 0) notice("connected again");
        failures_ = 0;
        if (!settings_.name.empty() && view_.reintroduction().empty()) client_.send("/name " + settings_.name);
        for (const auto& line : view_.reintroduction()) client_.send(line);
        break;
      case Client::Event::Kind::message:
        for (const auto& line : view_.on_message(event.text)) show(line);
        break;
      case Client::Event::Kind::disconnected:
        if (event.retry_in) retry_at_ = io::now() + *event.retry_in;
        // Told when it begins and when its reason changes; the prompt shows the rest.
        if (failures_++ == 0 || event.text != why_) error("no connection: " + event.text + "; trying again");
        why_ = event.text;
        break;
    }
  }

  std::string prompt() const {
    if (client_.is_connected()) {
      const std::string me = view_.my_label();
      return me.empty() ? "> " : me + "> ";
    }
    if (failures_ == 0) return "(connecting) > ";
    const auto left = std::chrono::ceil<std::chrono::seconds>(retry_at_ - io::now());
    return left.count() > 0 ? "(offline, again in " + duration_text(left) + ") > " : "(connecting) > ";
  }

  void notice(std::string text) { show({.tone = View::Tone::notice, .who = {}, .text = std::move(text)}); }
  void error(std::string text) { show({.tone = View::Tone::error, .who = {}, .text = std::move(text)}); }
  void show(const View::Line& line) { terminal_.print(client::print(line, time_of_day(), settings_.colour)); }

  const ChatSettings& settings_;
  io::Signals& signals_;
  Terminal terminal_;
  LineEditor editor_;
  View view_;
  Client client_;
  int failures_ = 0;  // since we were connected
  std::string why_;
  Instant retry_at_{};
  bool leaving_ = false;
};

}  // namespace

io::ExitCode chat_at_terminal(const ChatSettings& settings, io::Signals& signals) {
  return TerminalChat(settings, signals).run();
}

}  // namespace fairlead::client
