#include "bus/io/status_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/io/clock.hpp"
#include "bus/io/log.hpp"
#include "bus/io/loop.hpp"

namespace fairlead::io {
namespace {

using Report = StatusServer::Report;

constexpr std::size_t most_connections = 16;
constexpr std::size_t longest_request = 8192;
constexpr Duration connection_time = 5s;
constexpr Duration answer_time = 2s;   // of the daemon's loop
constexpr Duration fresh_for = 100ms;  // a report answers whoever asks within
constexpr Duration bind_again = 200ms;

// ---- binding

struct Bound {
  Fd fd;
  int error = 0;
  std::string why;
};

Bound bind_to(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const bool everywhere = address.host == "*";
  addrinfo* list = nullptr;
  const std::string port = std::to_string(address.port);
  if (const int failed = ::getaddrinfo(everywhere ? "::" : address.host.c_str(), port.c_str(), &hints, &list);
      failed != 0)
    return {.error = EINVAL, .why = ::gai_strerror(failed)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> first(list, &::freeaddrinfo);
  Bound bound{.fd = Fd(::socket(first->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))};
  const int on = 1;
  const int off = 0;
  if (bound.fd && ::setsockopt(bound.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      (!everywhere || ::setsockopt(bound.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
      ::bind(bound.fd.get(), first->ai_addr, first->ai_addrlen) == 0 && ::listen(bound.fd.get(), 16) == 0)
    return bound;
  if (address.host == "*" && errno == EAFNOSUPPORT) return bind_to({.host = "0.0.0.0", .port = address.port});
  return {.error = errno, .why = std::strerror(errno)};
}

std::uint16_t port_of_socket(const Fd& fd) {
  sockaddr_storage place{};
  socklen_t size = sizeof place;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&place), &size) != 0) return 0;
  return ntohs(place.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&place)->sin6_port
                                           : reinterpret_cast<const sockaddr_in*>(&place)->sin_port);
}

// ---- what every process has

double resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"), &std::fclose);
  unsigned long total = 0;
  unsigned long resident = 0;
  if (file == nullptr || std::fscanf(file.get(), "%lu %lu", &total, &resident) != 2) return 0;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  std::error_code failed;
  double count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", failed), end; !failed && at != end; at.increment(failed))
    ++count;
  return count;
}

void add_process(MetricsPage& page, const std::string& program, double started) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  rusage usage{};
  rlimit limit{};
  (void)::getrusage(RUSAGE_SELF, &usage);
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  page.begin("fairlead_build_info", MetricsPage::Type::gauge, "Always 1; its labels say what runs here.");
  page.value({{"program", program}, {"version", FAIRLEAD_VERSION}}, 1);
  page.begin("process_cpu_seconds_total", MetricsPage::Type::counter, "Processor time used, in seconds.");
  page.value({}, seconds(usage.ru_utime) + seconds(usage.ru_stime));
  page.gauge("process_resident_memory_bytes", "Memory in use.", resident_bytes());
  page.gauge("process_open_fds", "Open descriptors.", open_descriptors());
  page.gauge("process_max_fds", "The limit on open descriptors.", static_cast<double>(limit.rlim_cur));
  page.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", started);
}

double wall_seconds() { return std::chrono::duration<double>(wall_time()).count(); }

// ---- requests and responses

std::string response(std::string_view status, std::string_view body, std::string_view type = "text/plain",
                     std::string_view more = "") {
  std::string out = "HTTP/1.1 ";
  ((out += status) += "\r\nContent-Type: ") += type;
  out += "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n";
  ((out += more) += "\r\n") += body;
  return out;
}

struct Request {
  std::string path;
  std::string refusal;  // a response, when it is none that we answer
};

Request parse(std::string_view head) {
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || !line.substr(second + 1).starts_with("HTTP/1."))
    return {.refusal = response("400 Bad Request", "this is no HTTP/1.1\n")};
  if (line.substr(0, first) != "GET")
    return {.refusal = response("405 Method Not Allowed", "GET only\n", "text/plain", "Allow: GET\r\n")};
  const std::string_view target = line.substr(first + 1, second - first - 1);
  return {.path = std::string(target.substr(0, target.find('?')))};
}

}  // namespace

// What the thread has. Only the thread touches it.
class StatusServer::Session {
 public:
  explicit Session(StatusServer& server) : server_(server) {}

  void run(const std::stop_token& stop) {
    told_ = must(loop_.add(server_.told_.fd(), {.read = true}, [this](Loop::Ready) {
      server_.told_.clear();
      take_report();
    }));
    if (server_.listener_) listen();
    while (!stop.stop_requested()) {
      loop_.run_once(next_time() - now());
      on_time();
    }
  }

 private:
  enum class Stage { reading, waiting, writing, leaving };
  struct Connection {
    Fd fd;
    Loop::Watch watch;
    Stage stage = Stage::reading;
    std::string in;
    std::string path;
    std::string out;
    std::size_t sent = 0;
    Instant ends{};       // whatever it does
    Instant answer_by{};  // while it waits
  };

  static Loop::Watch must(const Result<Loop::Watch>& watch) {
    if (!watch) throw std::runtime_error(watch.error().message);
    return *watch;
  }

  void listen() {
    accepting_ = must(loop_.add(server_.listener_.get(), {.read = true}, [this](Loop::Ready) { accept(); }));
  }

  void accept() {
    while (connections_.size() < most_connections) {
      Fd fd(::accept4(server_.listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd) {
        if (errno == EMFILE || errno == ENFILE) hold_off_ = now() + bind_again;
        break;
      }
      const std::uint64_t id = ++last_;
      const auto watch = loop_.add(fd.get(), {.read = true}, [this, id](Loop::Ready ready) { on_ready(id, ready); });
      if (!watch) continue;
      connections_[id] = {.fd = std::move(fd), .watch = *watch, .ends = now() + connection_time};
    }
    update_accepting();
  }

  void update_accepting() {
    if (accepting_)
      loop_.modify(accepting_, {.read = connections_.size() < most_connections && hold_off_ == Instant{}});
  }

  void on_ready(std::uint64_t id, Loop::Ready ready) {
    Connection& it = connections_.at(id);
    if (ready.readable && !read(it)) return end(id);
    if (it.stage == Stage::writing && !write(it)) end(id);
  }

  // False: the connection is over.
  bool read(Connection& it) {
    std::array<char, 4096> bytes{};
    const ssize_t got = ::recv(it.fd.get(), bytes.data(), bytes.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    if (it.stage != Stage::reading) return true;  // what comes behind a request is thrown away
    it.in.append(bytes.data(), static_cast<std::size_t>(got));
    if (it.in.find("\r\n\r\n") != std::string::npos || it.in.find("\n\n") != std::string::npos) {
      on_request(it);
    } else if (it.in.size() > longest_request) {
      respond(it, response("431 Request Header Fields Too Large", "a shorter request, please\n"));
    }
    return true;
  }

  void on_request(Connection& it) {
    Request request = parse(it.in);
    if (!request.refusal.empty()) return respond(it, std::move(request.refusal));
    it.path = std::move(request.path);
    if (it.path == "/version") {
      return respond(
          it, response("200 OK", "{\"program\":\"" + server_.program_ + "\",\"version\":\"" FAIRLEAD_VERSION "\"}\n",
                       "application/json"));
    }
    if (it.path != "/metrics" && it.path != "/healthz" && it.path != "/readyz") {
      return respond(it, response("404 Not Found", "there are /metrics, /healthz, /readyz and /version\n"));
    }
    if (latest_ && now() - latest_at_ < fresh_for) return respond(it, answer_to(it.path));
    it.stage = Stage::waiting;
    it.answer_by = now() + answer_time;
    // One question at a time: it answers all who wait then, and the wake-up and the flag cannot fall apart.
    if (std::exchange(asking_, true)) return;
    server_.wanted_.wake();
    server_.asked_.store(true, std::memory_order_release);
  }

  std::string answer_to(const std::string& path) const {
    if (path == "/metrics") {
      MetricsPage page = latest_->metrics;
      add_process(page, server_.program_, server_.started_);
      return response("200 OK", page.text(), "text/plain; version=0.0.4; charset=utf-8");
    }
    const std::string& wrong = path == "/healthz" || !latest_->ill.empty() ? latest_->ill : latest_->unready;
    return wrong.empty() ? response("200 OK", "ok\n") : response("503 Service Unavailable", wrong + "\n");
  }

  void take_report() {
    {
      const std::lock_guard lock(server_.mutex_);
      if (!server_.report_) return;
      latest_ = std::exchange(server_.report_, std::nullopt);
    }
    latest_at_ = now();
    asking_ = false;
    for (auto& [id, it] : connections_) {
      if (it.stage == Stage::waiting) respond(it, answer_to(it.path));
    }
  }

  void respond(Connection& it, std::string text) {
    it.stage = Stage::writing;
    it.out = std::move(text);
    loop_.modify(it.watch, {.read = true, .write = true});  // written when the loop says that there is room
  }

  bool write(Connection& it) {
    const ssize_t wrote =
        ::send(it.fd.get(), it.out.data() + it.sent, it.out.size() - it.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote < 0) return errno == EAGAIN || errno == EINTR;
    it.sent += static_cast<std::size_t>(wrote);
    if (it.sent < it.out.size()) return true;
    // A close with unread bytes would be a reset, and could take the answer with it: the other side closes first.
    it.stage = Stage::leaving;
    ::shutdown(it.fd.get(), SHUT_WR);
    loop_.modify(it.watch, {.read = true});
    return true;
  }

  void end(std::uint64_t id) {
    const auto at = connections_.find(id);
    loop_.remove(at->second.watch);
    connections_.erase(at);
    update_accepting();
  }

  void on_time() {
    const Instant time = now();
    if (hold_off_ != Instant{} && time >= hold_off_) {
      hold_off_ = {};
      update_accepting();
    }
    if (!server_.listener_ && time >= bind_at_) {
      bind_at_ = time + bind_again;
      Bound bound = bind_to(server_.address_);
      if (bound.fd) {
        server_.listener_ = std::move(bound.fd);
        listen();
      }
    }
    std::vector<std::uint64_t> over;
    for (auto& [id, it] : connections_) {
      if (it.stage == Stage::waiting && time >= it.answer_by) {
        respond(it, response("503 Service Unavailable", "the main loop has not answered for two seconds\n"));
      } else if (time >= it.ends) {
        over.push_back(id);
      }
    }
    for (const std::uint64_t id : over) end(id);
  }

  Instant next_time() const {
    Instant next = now() + 10s;
    if (hold_off_ != Instant{}) next = std::min(next, hold_off_);
    if (!server_.listener_) next = std::min(next, bind_at_);
    for (const auto& [id, it] : connections_) {
      next = std::min(next, it.stage == Stage::waiting ? std::min(it.answer_by, it.ends) : it.ends);
    }
    return std::max(next, now());
  }

  StatusServer& server_;
  Loop loop_;
  Loop::Watch told_;
  Loop::Watch accepting_;
  std::map<std::uint64_t, Connection> connections_;
  std::uint64_t last_ = 0;
  bool asking_ = false;
  std::optional<Report> latest_;
  Instant latest_at_{};
  Instant bind_at_{};
  Instant hold_off_{};  // out of descriptors: nobody is accepted until then
};

Status StatusServer::check(const std::string& typed) {
  if (typed.empty()) return Nothing{};
  const auto address = ListenAddress::parse(typed);
  return address ? Status(Nothing{}) : Status(address.error());
}

std::unique_ptr<StatusServer> StatusServer::open(const std::string& typed, std::string program, Taken taken) {
  if (typed.empty()) return nullptr;
  return std::make_unique<StatusServer>(ListenAddress::parse(typed).value(), std::move(program), taken);
}

StatusServer::StatusServer(const ListenAddress& address, std::string program, Taken taken)
    : program_(std::move(program)), started_(wall_seconds()), address_(address) {
  Bound bound = bind_to(address_);
  if (!bound.fd && (taken == Taken::is_an_error || bound.error != EADDRINUSE)) {
    throw std::runtime_error("cannot serve metrics on " + address_.text() + ": " + bound.why +
                             "; give --metrics another address");
  }
  if (bound.fd) address_.port = port_of_socket(bound.fd);
  where_ = address_.text();
  listener_ = std::move(bound.fd);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

StatusServer::~StatusServer() {
  thread_.request_stop();
  told_.wake();
}

void StatusServer::run(const std::stop_token& stop) {
  try {
    Session(*this).run(stop);
  } catch (const std::exception& failure) {
    log(Level::error, "metrics_stopped", {{"reason", failure.what()}});
  }
}

void StatusServer::tell(Report report) {
  wanted_.clear();
  asked_.store(false, std::memory_order_release);
  {
    const std::lock_guard lock(mutex_);
    report_ = std::move(report);
  }
  told_.wake();
}

}  // namespace fairlead::io
