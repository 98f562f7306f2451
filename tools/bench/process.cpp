#include "tools/bench/process.hpp"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/io/clock.hpp"

namespace fairlead::bench {
namespace {

constexpr Duration look_again = 5ms;
constexpr Duration longest_goodbye = 5s;

std::string why() { return std::generic_category().message(errno); }

// In the child, before anything else: it must not outlive us, and its signals are what they were for us.
void become_a_child(pid_t parent) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
}

}  // namespace

Usage usage_of(pid_t pid) {
  Usage usage;
  const std::string folder = "/proc/" + std::to_string(pid);
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator(folder + "/task", gone)) {
    std::ifstream file(task.path() / "schedstat");
    Duration::rep nanoseconds = 0;
    if (file >> nanoseconds) usage.cpu += Duration(nanoseconds);
  }
  std::ifstream file(folder + "/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (file >> size >> resident) usage.memory = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return usage;
}

Result<Process> Process::start(std::string name, const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return Error{"cannot write " + log + ": " + why()};
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    become_a_child(parent);
    ::dup2(file, STDERR_FILENO);
    ::dup2(file, STDOUT_FILENO);
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
  }
  ::close(file);
  if (pid < 0) return Error{"cannot start " + command.front() + ": " + why()};
  return Process(std::move(name), pid, log);
}

Result<Process> Process::fork(std::string name, const std::function<void()>& body) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    become_a_child(parent);
    body();
    ::_exit(0);
  }
  if (pid < 0) return Error{"cannot start " + name + ": " + why()};
  return Process(std::move(name), pid, {});
}

Process::Process(Process&& other) noexcept
    : name_(std::move(other.name_)), pid_(std::exchange(other.pid_, -1)), log_(std::move(other.log_)) {}

Process::~Process() {
  if (has_ended()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Process::has_ended() const {
  if (pid_ >= 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ < 0;
}

void Process::signal(int number) const {
  if (!has_ended()) ::kill(pid_, number);
}

void Process::stop() {
  signal(SIGTERM);
  for (const Instant deadline = io::now() + longest_goodbye; !has_ended() && io::now() < deadline;)
    std::this_thread::sleep_for(look_again);
  signal(SIGKILL);
  while (!has_ended()) std::this_thread::sleep_for(look_again);
}

Result<std::string> Process::wait_ready(const std::string& word, Duration patience) const {
  const Instant deadline = io::now() + patience;
  while (true) {
    const bool ended = has_ended();
    std::ifstream file(log_);
    std::string last;
    for (std::string line; std::getline(file, line); last = line) {
      if (line.find(" ready ") == std::string::npos && !line.ends_with(" ready")) continue;
      const auto at = line.find(word);
      if (at == std::string::npos) return std::string();
      const auto begin = at + word.size();
      return line.substr(begin, line.find_first_of(" \",", begin) - begin);
    }
    if (ended) return Error{name_ + " has ended: " + last};
    if (io::now() >= deadline) return Error{name_ + " is not ready in time; it last said: " + last};
    std::this_thread::sleep_for(look_again);
  }
}

}  // namespace fairlead::bench
