#include "bus/io/loop.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include <sys/epoll.h>

#include "bus/check.hpp"
#include "bus/io/timeout.hpp"

namespace fairlead::io {
namespace {

// epoll hands back the slot and the generation, so that an event of a descriptor that an earlier callback of the same
// batch removed is recognised as stale, even if the number belongs to a new connection by now.
std::uint64_t pack(std::uint32_t slot, std::uint32_t generation) { return (std::uint64_t{generation} << 32U) | slot; }

epoll_event wanted(Loop::Interest interest, std::uint64_t tag) {
  epoll_event event{};
  event.events = (interest.read ? EPOLLIN | EPOLLRDHUP : 0U) | (interest.write ? EPOLLOUT : 0U);
  event.data.u64 = tag;
  return event;
}

}  // namespace

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Loop::Slot* Loop::find(Watch watch) {
  if (watch.slot >= slots_.size()) return nullptr;
  Slot& slot = slots_[watch.slot];
  return slot.live && slot.generation == watch.generation ? &slot : nullptr;
}

Result<Loop::Watch> Loop::add(int fd, Interest interest, Callback callback) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  Slot& slot = slots_[index];
  epoll_event event = wanted(interest, pack(index, slot.generation));
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return Error{std::string("cannot watch descriptor ") + std::to_string(fd) + ": " + std::strerror(errno)};
  }
  free_.pop_back();
  slot.fd = fd;
  slot.interest = interest;
  slot.callback = std::move(callback);
  slot.live = true;
  ++live_;
  return Watch{.slot = index, .generation = slot.generation};
}

void Loop::modify(Watch watch, Interest interest) {
  Slot* slot = find(watch);
  if (slot == nullptr || slot->interest == interest) return;
  epoll_event event = wanted(interest, pack(watch.slot, watch.generation));
  const int failed = ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, slot->fd, &event);
  FAIRLEAD_CHECK(failed == 0, "a watched descriptor was closed before its watch was removed");
  slot->interest = interest;
}

void Loop::remove(Watch watch) {
  Slot* slot = find(watch);
  if (slot == nullptr) return;
  const int failed = ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, slot->fd, nullptr);
  FAIRLEAD_CHECK(failed == 0, "a watched descriptor was closed before its watch was removed");
  slot->live = false;
  slot->fd = -1;
  if (++slot->generation == 0) slot->generation = 1;
  --live_;
  removed_.push_back(watch.slot);
  if (!running_) free_removed();
}

void Loop::free_removed() {
  for (std::size_t i = 0; i < removed_.size(); ++i) {  // by index: destroying a callback may remove another watch
    const std::uint32_t index = removed_[i];
    const Callback dying = std::exchange(slots_[index].callback, nullptr);
    free_.push_back(index);
  }
  removed_.clear();
}

int Loop::run_once(std::optional<Duration> timeout) {
  FAIRLEAD_CHECK(!running_, "a callback runs the loop it runs in");
  std::array<epoll_event, 512> events{};
  const int count =
      ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), milliseconds_up(timeout));
  if (count < 0) {
    FAIRLEAD_CHECK(errno == EINTR, "epoll_wait");
    return 0;
  }
  int called = 0;
  // Callbacks do not throw by convention; should one do so all the same, the loop stays usable.
  struct Running {
    Loop& loop;
    explicit Running(Loop& it) : loop(it) { loop.running_ = true; }
    ~Running() {
      loop.free_removed();
      loop.running_ = false;
    }
  } const running{*this};
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const Watch watch{.slot = static_cast<std::uint32_t>(event.data.u64 & 0xffffffffU),
                      .generation = static_cast<std::uint32_t>(event.data.u64 >> 32U)};
    Slot* slot = find(watch);
    if (slot == nullptr) continue;
    const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    const Ready ready{.readable = broken || (event.events & (EPOLLIN | EPOLLRDHUP)) != 0,
                      .writable = (event.events & EPOLLOUT) != 0,
                      .broken = broken};
    ++called;
    slot->callback(ready);
  }
  return called;
}

}  // namespace fairlead::io
