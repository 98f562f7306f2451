#include "bus/io/signals.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace fairlead::io {

const char* name(Signal signal) {
  switch (signal) {
    case Signal::terminate:
      return "SIGTERM";
    case Signal::interrupt:
      return "SIGINT";
    case Signal::hangup:
      return "SIGHUP";
    case Signal::child:
      return "SIGCHLD";
  }
  return "?";
}

Signals::Signals(Children children) {
  std::signal(SIGPIPE, SIG_IGN);  // a peer that went away is an error of the write, not the end of the process
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ours, number);
  if (children == Children::some) sigaddset(&ours, SIGCHLD);
  if (const int error = pthread_sigmask(SIG_BLOCK, &ours, &before_); error != 0) {
    throw std::system_error(error, std::generic_category(), "pthread_sigmask");
  }
  fd_.reset(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw std::system_error(errno, std::generic_category(), "signalfd");
}

// Who does not look any more is about to end: a signal that comes now must not change how.
Signals::~Signals() = default;

void Signals::restore() const noexcept {
  std::signal(SIGPIPE, SIG_DFL);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<Signal> Signals::next() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  switch (info.ssi_signo) {
    case SIGINT:
      return Signal::interrupt;
    case SIGHUP:
      return Signal::hangup;
    case SIGCHLD:
      return Signal::child;
    default:
      return Signal::terminate;
  }
}

Wakeup::Wakeup() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Wakeup::wake() const noexcept {
  const std::uint64_t one = 1;
  // Fails only when 2^64 - 2 wake-ups wait already, which is awake enough.
  [[maybe_unused]] const ssize_t ignored = ::write(fd_.get(), &one, sizeof one);
}

bool Wakeup::clear() const noexcept {
  std::uint64_t count = 0;
  return ::read(fd_.get(), &count, sizeof count) == static_cast<ssize_t>(sizeof count);
}

}  // namespace fairlead::io
