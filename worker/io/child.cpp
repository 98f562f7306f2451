#include "worker/io/child.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/text.hpp"

namespace fairlead::worker {
namespace {

// Not a setting: it starts otherwise than those do.
constexpr const char* variable = "_FAIRLEAD_SUPERVISED";
constexpr std::size_t longest_line = 4096;

// The service manager is the parent's to talk to.
std::vector<std::string> environment_for_child(const std::string& supervised) {
  constexpr std::array<std::string_view, 4> parents_own{variable, "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    if (std::find(parents_own.begin(), parents_own.end(), name) == parents_own.end()) entries.emplace_back(text);
  }
  entries.push_back(std::string(variable) + "=" + supervised);
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void close_on_exec(int fd, bool close) { ::fcntl(fd, F_SETFD, close ? FD_CLOEXEC : 0); }

std::string signal_name(int number) {
  const char* const name = ::sigabbrev_np(number);
  return name == nullptr ? "signal " + std::to_string(number) : "SIG" + std::string(name);
}

}  // namespace

// ---- the parent's end

Result<Child> Child::start(const Start& start) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    return Error{std::string("cannot make a socket pair: ") + std::strerror(errno)};
  io::Fd ours{ends[0]};
  const io::Fd theirs{ends[1]};
  const pid_t parent = ::getpid();

  // All memory is taken before the fork.
  std::vector<std::string> arguments = start.arguments;
  std::vector<std::string> environment = environment_for_child(
      std::to_string(theirs.get()) + " " + std::to_string(start.code.module.get()) + " " + std::to_string(start.place) +
      " " + std::to_string(start.workers) + " " + std::to_string(parent));
  const auto argv = pointers_to(arguments);
  const auto envp = pointers_to(environment);

  const pid_t pid = ::fork();
  if (pid < 0) return Error{std::string("cannot fork: ") + std::strerror(errno)};
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::setpgid(0, 0);  // Ctrl-C is the parent's to pass on
    close_on_exec(theirs.get(), false);
    if (start.code.module) close_on_exec(start.code.module.get(), false);
    start.signals.restore();
    ::fexecve(start.code.program.get(), argv.data(), envp.data());
    constexpr std::string_view failed = "failed the program cannot be executed\n";
    [[maybe_unused]] const ssize_t ignored = ::write(theirs.get(), failed.data(), failed.size());
    ::_exit(1);
  }
  return Child(pid, std::move(ours));
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

void Child::drain(bool replaced) const {
  constexpr std::string_view line = "replaced\n";
  if (replaced) [[maybe_unused]]
    const ssize_t ignored = ::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL);
  signal(SIGTERM);
}

std::vector<std::string> Child::said() {
  std::array<char, longest_line> bytes{};
  std::vector<std::string> lines;
  for (ssize_t size = 1; size > 0;) {
    size = ::read(socket_.get(), bytes.data(), bytes.size());
    for (ssize_t i = 0; i < size; ++i) {
      const char byte = bytes[static_cast<std::size_t>(i)];
      if (byte == '\n') lines.push_back(std::exchange(half_line_, {}));
      if (byte != '\n' && half_line_.size() < longest_line) half_line_ += byte;
    }
    if (size == 0) socket_.reset();  // it says no more, and its end is seen by SIGCHLD
  }
  return lines;
}

std::optional<Child::End> Child::ended() {
  int status = 0;
  if (pid_ <= 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  pid_ = 0;
  if (WIFSIGNALED(status)) return End{.how = "was killed by " + signal_name(WTERMSIG(status)), .clean = false};
  const int code = WEXITSTATUS(status);
  return End{.how = "ended with exit status " + std::to_string(code), .clean = code == 0};
}

// ---- the child's end

std::optional<Supervised> Supervised::from_environment() {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  Supervised supervised;
  int socket = -1;
  const int read = std::sscanf(text, "%d %d %u %u %d", &socket, &supervised.module_, &supervised.place_,
                               &supervised.workers_, &supervised.parent_);
  ::unsetenv(variable);  // whoever this process starts is not supervised
  if (read != 5) return std::nullopt;
  supervised.socket_.reset(socket);
  close_on_exec(socket, true);
  if (supervised.module_ >= 0) close_on_exec(supervised.module_, true);
  // Executed by a descriptor, a process may be called by its number.
  const std::string program = own_program();
  ::prctl(PR_SET_NAME, program.c_str() + program.rfind('/') + 1);
  return supervised;
}

void Supervised::on_listening() const {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent_) ::kill(::getpid(), SIGTERM);  // it was too late
}

void Supervised::say_ready() const { say("ready"); }

void Supervised::say_failed(const std::string& why) const { say("failed " + printable(why, longest_line / 4)); }

void Supervised::say(const std::string& line) const {
  const std::string text = line.substr(0, longest_line - 1) + "\n";
  [[maybe_unused]] const ssize_t ignored = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

bool Supervised::is_replaced() const {
  std::array<char, 64> bytes{};
  return ::read(socket_.get(), bytes.data(), bytes.size()) > 0;
}

}  // namespace fairlead::worker
