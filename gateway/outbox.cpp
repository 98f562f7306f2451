#include "gateway/outbox.hpp"

#include <algorithm>
#include <utility>

#include "bus/check.hpp"

namespace fairlead::gateway {

OutboxMemory::Shared OutboxMemory::share(std::string bytes) {
  used_ += bytes.size();
  const auto release = [this](const std::string* shared) {
    used_ -= shared->size();
    delete shared;
  };
  return {new const std::string(std::move(bytes)), release};
}

Outbox::Push Outbox::push(std::string_view framed, const OutboxLimits& limits) {
  const Push push = admit(framed.size(), limits);
  if (push == Push::overflow) return push;
  if (push == Push::dropped && limits.policy == OutboxPolicy::drop_newest) return push;
  append(framed);
  return push;
}

Outbox::Push Outbox::push(const OutboxMemory::Shared& framed, const OutboxLimits& limits) {
  const Push push = admit(framed->size(), limits);
  if (push == Push::overflow) return push;
  if (push == Push::dropped && limits.policy == OutboxPolicy::drop_newest) return push;
  messages_.push_back({.size = framed->size(), .shared = framed});
  bytes_ += framed->size();
  return push;
}

Outbox::Push Outbox::admit(std::size_t size, const OutboxLimits& limits) {
  const auto has_room = [&] { return bytes_ == 0 || (bytes_ + size <= limits.bytes && !memory_->full()); };
  if (has_room()) return Push::queued;
  switch (limits.policy) {
    case OutboxPolicy::close:
      return Push::overflow;
    case OutboxPolicy::drop_newest:
      ++dropped_;
      return Push::dropped;
    case OutboxPolicy::drop_oldest:
      drop_oldest(size, limits.bytes);
      return Push::dropped;
  }
  return Push::overflow;
}

void Outbox::append(std::string_view framed) {
  messages_.push_back({.size = framed.size(), .shared = nullptr});
  small_ += framed;
  bytes_ += framed.size();
  memory_->used_ += framed.size();
}

bool Outbox::push_control(std::string_view framed) {
  if (control_.size() - control_sent_ + framed.size() > max_control) {
    ++dropped_;
    return false;
  }
  control_ += framed;
  bytes_ += framed.size();
  memory_->used_ += framed.size();
  return true;
}

void Outbox::push_last_words(std::string_view framed) {
  if (!framed.empty()) append(framed);
}

// Makes room for `size` bytes and a quarter of the limit beside, so that who stays slow costs a move now and then, not
// with each message. The message that has begun to go out stays: its reader would take the next one for its rest.
void Outbox::drop_oldest(std::size_t size, std::size_t limit) {
  const auto first = messages_.begin() + static_cast<std::ptrdiff_t>(first_ + (begun_ > 0 ? 1 : 0));
  std::size_t small_at = small_sent_;
  if (begun_ > 0 && !messages_[first_].shared) small_at += messages_[first_].size - begun_;
  std::size_t small_freed = 0;
  auto end = first;
  for (; end != messages_.end() && bytes_ + size > limit / 4 * 3; ++end) {
    bytes_ -= end->size;
    if (!end->shared) small_freed += end->size;
    ++dropped_;
  }
  messages_.erase(first, end);
  small_.erase(small_at, small_freed);
  memory_->used_ -= small_freed;
}

void Outbox::clear() {
  memory_->used_ -= small_.size() - small_sent_ + control_.size() - control_sent_;
  small_ = {};
  control_ = {};
  messages_ = {};
  small_sent_ = first_ = begun_ = control_sent_ = bytes_ = 0;
}

// In order: the rest of the message that has begun, control frames, messages. Control frames are finished before the
// next message begins, so nothing is ever torn.
std::size_t Outbox::gather(std::span<std::string_view> pieces) const {
  std::size_t count = 0;
  const auto add = [&](std::string_view piece) {
    if (piece.empty()) return true;
    // Small messages lie behind one another, so that a thousand of them are one piece.
    if (count > 0 && pieces[count - 1].data() + pieces[count - 1].size() == piece.data()) {
      pieces[count - 1] = {pieces[count - 1].data(), pieces[count - 1].size() + piece.size()};
      return true;
    }
    if (count == pieces.size()) return false;
    pieces[count++] = piece;
    return true;
  };
  const std::string_view control = std::string_view(control_).substr(control_sent_);
  std::size_t small_at = small_sent_;
  for (std::size_t i = first_; i < messages_.size(); ++i) {
    const bool begun = i == first_ && begun_ > 0;
    if (i == first_ && !begun && !add(control)) return count;
    std::string_view bytes;
    if (messages_[i].shared) {
      bytes = std::string_view(*messages_[i].shared).substr(begun ? begun_ : 0);
    } else {
      bytes = std::string_view(small_).substr(small_at, messages_[i].size - (begun ? begun_ : 0));
      small_at += bytes.size();
    }
    if (!add(bytes)) return count;
    if (begun && !add(control)) return count;
  }
  if (first_ == messages_.size()) add(control);
  return count;
}

void Outbox::on_written(std::size_t bytes) {
  FAIRLEAD_CHECK(bytes <= bytes_, "more was written than there was");
  bytes_ -= bytes;
  while (bytes > 0) {
    const bool control_is_next = begun_ == 0 && control_sent_ < control_.size();
    if (control_is_next) {
      const std::size_t part = std::min(bytes, control_.size() - control_sent_);
      control_sent_ += part;
      memory_->used_ -= part;
      bytes -= part;
      continue;
    }
    Message& message = messages_[first_];
    const std::size_t part = std::min(bytes, message.size - begun_);
    begun_ += part;
    bytes -= part;
    if (!message.shared) {
      small_sent_ += part;
      memory_->used_ -= part;
    }
    if (begun_ < message.size) break;
    message.shared.reset();
    ++first_;
    begun_ = 0;
  }
  tidy();
}

// Gives memory back when nothing waits, and room that was sent when it is the greater part.
void Outbox::tidy() {
  if (control_sent_ == control_.size()) {
    control_ = {};
    control_sent_ = 0;
  }
  if (bytes_ == 0) {
    small_ = {};
    messages_ = {};
    small_sent_ = first_ = begun_ = 0;
    return;
  }
  constexpr std::size_t worth_it = std::size_t{64} << 10U;
  if (small_sent_ > worth_it && small_sent_ > small_.size() / 2) {
    small_.erase(0, small_sent_);
    small_sent_ = 0;
  }
  if (first_ > 1024 && first_ > messages_.size() / 2) {
    messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

}  // namespace fairlead::gateway
