// Real servers for tests: each on a free port of this machine and a Unix socket in a directory of its own, dead when the
// test ends, whichever way it ends. They can be killed, frozen and started again at the same place.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/io/fd.hpp"
#include "store/io/connection.hpp"
#include "store/io/test_places.hpp"

namespace fairlead::store {

inline constexpr std::chrono::seconds server_patience{20};

// Asks again until it is so or patience ends.
inline bool eventually(const std::function<bool()>& so) {
  const auto deadline = std::chrono::steady_clock::now() + server_patience;
  while (!so()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

// Listens on 127.0.0.1. What connects is up to the test.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    auto* const address = reinterpret_cast<sockaddr*>(&name);
    if (::bind(fd_.get(), address, size) != 0 || ::listen(fd_.get(), 16) != 0 ||
        ::getsockname(fd_.get(), address, &size) != 0) {
      throw std::runtime_error("no port to listen on");
    }
    port_ = ntohs(name.sin_port);
  }

  std::uint16_t port() const { return port_; }
  bool waits() const {  // somebody wants to be accepted
    pollfd polled{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&polled, 1, 0) > 0;
  }
  io::Fd accept() const { return io::Fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }

 private:
  io::Fd fd_;
  std::uint16_t port_ = 0;
};

class TestServer {
 public:
  struct Command {
    std::function<std::vector<std::string>(const std::string& directory, const std::string& port)> words;
    std::string question;  // that a server answers which is ready; empty: one that can be connected to is
    std::string not_yet;   // how the answer begins of one that is not
  };

  explicit TestServer(Command command) : command_(std::move(command)), port_(Listener().port()) { start(); }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() { die(); }

  void start() {
    const auto words = command_.words(directory_.path(), port());
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const std::string log = directory_.path() + "/log";
    const pid_t parent = getpid();
    child_ = fork();
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(1);
      const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(out, 1);
      dup2(out, 2);
      execvp(arguments.front(), arguments.data());
      _exit(127);
    }
    if (!eventually([&] { return answers() || has_ended(); }) || has_ended()) {
      throw std::runtime_error(words.front() + " does not start; is it installed? See tools/setup test");
    }
  }
  void die() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    child_ = 0;
  }
  void freeze() const {
    kill(child_, SIGSTOP);
    waitpid(child_, nullptr, WUNTRACED);  // until the last of its threads has stopped
  }
  void thaw() const { kill(child_, SIGCONT); }

  std::string port() const { return std::to_string(port_); }
  std::string host() const { return "127.0.0.1:" + port(); }
  std::string socket() const { return directory_.path() + "/socket"; }
  const std::string& directory() const { return directory_.path(); }

 private:
  bool answers() const {
    const Instant deadline = Instant(std::chrono::steady_clock::now().time_since_epoch()) + 1s;
    auto connection = Connection::dial({.host = "127.0.0.1", .port = port_, .path = {}}, nullptr, deadline);
    if (!connection || command_.question.empty()) return connection.has_value();
    std::string came;
    const bool answered = (*connection)->send(command_.question, deadline) && (*connection)->receive(came, deadline);
    return answered && !came.starts_with(command_.not_yet);
  }
  bool has_ended() {
    if (child_ > 0 && waitpid(child_, nullptr, WNOHANG) == child_) child_ = 0;
    return child_ <= 0;
  }

  const Command command_;
  TempDirectory directory_;
  std::uint16_t port_;
  pid_t child_ = 0;
};

// With what `more` adds to the command line.
inline TestServer::Command redis_server(std::vector<std::string> more = {}) {
  auto command = [more = std::move(more)](const std::string& directory, const std::string& port) {
    std::vector<std::string> words{"redis-server",
                                   "--port",
                                   port,
                                   "--bind",
                                   "127.0.0.1",
                                   "--unixsocket",
                                   directory + "/socket",
                                   "--dir",
                                   directory,
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "yes",
                                   "--appendfsync",
                                   "no"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  return {.words = std::move(command), .question = "PING\r\n", .not_yet = "-LOADING"};
}

inline TestServer::Command memcached_server(std::vector<std::string> more = {"-I", "2m"}) {
  auto command = [more = std::move(more)](const std::string& /*directory*/, const std::string& port) {
    std::vector<std::string> words{"memcached", "-p", port, "-U", "0", "-l", "127.0.0.1", "-u", "nobody"};
    if (getuid() != 0) words.resize(words.size() - 2);
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  return {.words = std::move(command), .question = "version\r\n", .not_yet = "ERROR"};
}

// A store at one real server, which is empty at first.
class ServerPlace final : public StorePlace {
 public:
  ServerPlace(TestServer::Command command, std::string scheme)
      : server_(std::move(command)), scheme_(std::move(scheme)) {}

  std::shared_ptr<Store> open() override {
    return open_store(scheme_ + "://" + server_.host() + "?prefix=test:&timeout=10s").value();
  }
  // The server's clock is nobody's to move. It may count in whole seconds.
  void let_pass(std::chrono::milliseconds time) override {
    ::poll(nullptr, 0, static_cast<int>((time + std::chrono::milliseconds(1100)).count()));
  }

 private:
  TestServer server_;
  std::string scheme_;
};

}  // namespace fairlead::store
