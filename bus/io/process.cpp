#include "bus/io/process.hpp"

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <utility>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bus/io/fd.hpp"
#include "bus/io/log.hpp"

namespace fairlead::io {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::uint64_t raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

ServiceManager::ServiceManager() : socket_(environment("NOTIFY_SOCKET")) {
  // Both are inherited by children; a watchdog meant for another process is none of ours.
  const std::string pid = environment("WATCHDOG_PID");
  if (!pid.empty() && number(pid) != static_cast<std::uint64_t>(::getpid())) return;
  const std::uint64_t microseconds = number(environment("WATCHDOG_USEC"));
  if (microseconds > 0 && !socket_.empty()) {
    watchdog_every_ = std::chrono::microseconds{static_cast<std::int64_t>(microseconds / 2)};
  }
}

void ServiceManager::tell(std::string_view message) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const Fd fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) return;
  // A manager that does not listen is no reason to stop working.
  [[maybe_unused]] const ssize_t ignored = ::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL,
                                                    reinterpret_cast<const sockaddr*>(&address), length);
}

void ServiceManager::ready(std::string_view status) const {
  std::string message = "READY=1";
  if (!status.empty()) (message += "\nSTATUS=") += status;
  tell(message);
}

void ServiceManager::reloading() const {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);  // Type=notify-reload wants to know when
  const std::int64_t microseconds = std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000;
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void ServiceManager::stopping() const { tell("STOPPING=1"); }

void ServiceManager::still_alive() const { tell("WATCHDOG=1"); }

int run_main(const std::function<ExitCode()>& body) noexcept {
  try {
    return static_cast<int>(body());
  } catch (const std::exception& failure) {
    log(Level::error, "failed", {{"reason", failure.what()}});
  } catch (...) {
    log(Level::error, "failed", {{"reason", "an exception of unknown kind"}});
  }
  return static_cast<int>(ExitCode::failure);
}

}  // namespace fairlead::io
