// fairlead::Client is one user's connection to a gateway, with the means of the standard library only: no threads, no
// callbacks. Everything happens inside poll().
//
//   fairlead::Client client{{.address = "ws://127.0.0.1:8080/ws"}};
//   while (!client.is_over()) {
//     const auto event = client.poll(std::chrono::seconds{1});
//     if (!event) continue;
//     if (event->kind == fairlead::Client::Event::Kind::connected) client.send("hello");
//     if (event->kind == fairlead::Client::Event::Kind::message) std::cout << event->text << '\n';
//   }
//
// What it promises: messages arrive whole and in order; after a loss it connects again by itself, later each time and
// never in step with others; nothing grows without a bound. What it cannot promise: that a message which was sent
// reached anybody when the connection broke afterwards. Whoever must know has the other side answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead {

class Client {
 public:
  struct Settings {
    std::string address;  // line://host:port, frame://host:port or ws://host:port/path
    bool reconnect = true;
    std::chrono::milliseconds first_back_off{100};  // doubles, give or take a quarter
    std::chrono::milliseconds longest_back_off{5000};
    std::chrono::milliseconds connect_timeout{5000};     // for TCP and the opening handshake together
    std::size_t max_message = std::size_t{1024} * 1024;  // a longer one from the gateway ends the connection
    std::size_t max_unsent = std::size_t{4} * 1024 * 1024;
    std::vector<std::pair<std::string, std::string>> headers;  // ws only, for the opening request: Cookie, Origin, …
  };

  struct Event {
    enum class Kind { connected, message, disconnected };

    Kind kind = Kind::message;
    std::string text;     // the message; when disconnected (or never connected), why
    bool binary = false;  // ws only
    // When disconnected: when the next attempt is made; none: there will be no further one.
    std::optional<std::chrono::milliseconds> retry_in;
  };

  // Throws std::invalid_argument, with what is wrong, when the address is none. Connects at the first poll().
  explicit Client(Settings settings);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // Takes the message for sending by the next poll() or flush(). False, and nothing is sent, while not connected or
  // when max_unsent bytes wait already. With a `line` address a newline inside the message becomes a space.
  bool send(std::string_view message, bool binary = false);

  // The next thing that happened, waiting for it up to `timeout`; none: nothing did. When the client is over it returns
  // what is left at once. A host name is looked up here, which may take as long as the system's resolver does.
  std::optional<Event> poll(std::chrono::milliseconds timeout);

  // Writes what send() took, for up to `timeout`; true when all of it went to the operating system.
  bool flush(std::chrono::milliseconds timeout);

  // Says goodbye, writes what is unsent and waits up to `timeout` for the gateway to close too. No further attempts.
  void close(std::chrono::milliseconds timeout);

  bool is_connected() const;
  bool is_over() const;  // closed, or lost with `reconnect` off
  std::size_t unsent() const;

  // For whoever waits for other things too: poll(0) has something to do when fd() is readable, or at the latest after
  // patience(). fd() stays the same for the life of the client.
  int fd() const;
  std::optional<std::chrono::milliseconds> patience() const;

 private:
  class Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace fairlead
