#include "gateway/outbox.hpp"

#include <algorithm>
#include <utility>

#include "bus/check.hpp"

namespace fairlead::gateway {
namespace {

struct Message {
  std::size_t size = 0;
  OutboxMemory::Shared shared;  // none: the bytes lie in `small`
};

// Room that is kept for the next user who is owed something, so that a message costs no allocation.
constexpr std::size_t most_spare = 64;
constexpr std::size_t worth_keeping = std::size_t{16} << 10U;

}  // namespace

struct OutboxMemory::Queues {
  std::string small;              // small messages, one behind the other
  std::vector<Message> messages;  // in order
  std::string control;
  std::size_t small_sent = 0;  // of `small`, with all that went before
  std::size_t first = 0;       // in `messages`: the first that is not sent
  std::size_t begun = 0;       // bytes of it that are sent
  std::size_t control_sent = 0;
  std::size_t bytes = 0;  // still to be sent, all together

  void empty() {
    small.clear();
    messages.clear();
    control.clear();
    small_sent = first = begun = control_sent = bytes = 0;
  }
};

OutboxMemory::OutboxMemory(std::size_t limit) : limit_(limit) {}
OutboxMemory::~OutboxMemory() = default;

OutboxMemory::Shared OutboxMemory::share(std::string bytes) {
  used_ += bytes.size();
  const auto release = [this](const std::string* shared) {
    used_ -= shared->size();
    delete shared;
  };
  return {new const std::string(std::move(bytes)), release};
}

std::unique_ptr<OutboxMemory::Queues> OutboxMemory::take() {
  if (spare_.empty()) return std::make_unique<Queues>();
  auto queues = std::move(spare_.back());
  spare_.pop_back();
  return queues;
}

void OutboxMemory::give_back(std::unique_ptr<Queues> queues) {
  const std::size_t room =
      queues->small.capacity() + queues->control.capacity() + queues->messages.capacity() * sizeof(Message);
  queues->empty();
  if (spare_.size() < most_spare && room <= worth_keeping) spare_.push_back(std::move(queues));
}

Outbox::Outbox(OutboxMemory& memory) : memory_(&memory) {}
Outbox::~Outbox() { clear(); }

// ---- in

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
  Queues& mine = queues();
  mine.messages.push_back({.size = framed->size(), .shared = framed});
  mine.bytes += framed->size();
  return push;
}

Outbox::Push Outbox::admit(std::size_t size, const OutboxLimits& limits) {
  const bool room = empty() || queues_->bytes + size <= limits.bytes;
  if (empty() || (room && !memory_->full())) return {};
  switch (limits.policy) {
    case OutboxPolicy::close:
      break;
    case OutboxPolicy::drop_newest:
      return {.what = Push::dropped, .of_all = room, .messages = 1, .bytes = size};
    case OutboxPolicy::drop_oldest: {
      // Where it is all users together that wait for too much, whoever is told more gives up all that may be given up.
      Push push = drop_oldest(size, room ? 0 : limits.bytes);
      push.of_all = room;
      return push;
    }
  }
  return {
      .what = Push::overflow, .of_all = room, .messages = queues_->messages.size() - queues_->first, .bytes = bytes()};
}

Outbox::Queues& Outbox::queues() {
  if (!queues_) queues_ = memory_->take();
  return *queues_;
}

void Outbox::append(std::string_view framed) {
  Queues& mine = queues();
  mine.messages.push_back({.size = framed.size(), .shared = nullptr});
  mine.small += framed;
  mine.bytes += framed.size();
  memory_->used_ += framed.size();
}

bool Outbox::push_control(std::string_view framed) {
  if (!empty() && queues_->control.size() - queues_->control_sent + framed.size() > max_control) return false;
  if (framed.empty()) return true;
  Queues& mine = queues();
  mine.control += framed;
  mine.bytes += framed.size();
  memory_->used_ += framed.size();
  return true;
}

void Outbox::push_last_words(std::string_view framed) {
  if (!framed.empty()) append(framed);
}

// Makes room for `size` bytes and a quarter of the limit beside, so that who stays slow costs a move now and then, not
// with each message. The message that has begun to go out stays: its reader would take the next one for its rest.
Outbox::Push Outbox::drop_oldest(std::size_t size, std::size_t limit) {
  Queues& mine = *queues_;
  Push push{.what = Push::dropped};
  const auto first = mine.messages.begin() + static_cast<std::ptrdiff_t>(mine.first + (mine.begun > 0 ? 1 : 0));
  std::size_t small_at = mine.small_sent;
  if (mine.begun > 0 && !mine.messages[mine.first].shared) small_at += mine.messages[mine.first].size - mine.begun;
  std::size_t small_freed = 0;
  auto end = first;
  for (; end != mine.messages.end() && mine.bytes + size > limit / 4 * 3; ++end) {
    mine.bytes -= end->size;
    if (!end->shared) small_freed += end->size;
    ++push.messages;
    push.bytes += end->size;
  }
  mine.messages.erase(first, end);
  mine.small.erase(small_at, small_freed);
  memory_->used_ -= small_freed;
  return push;
}

// ---- out

std::size_t Outbox::bytes() const { return empty() ? 0 : queues_->bytes; }

void Outbox::clear() {
  if (empty()) return;
  memory_->used_ -= queues_->small.size() - queues_->small_sent + queues_->control.size() - queues_->control_sent;
  memory_->give_back(std::move(queues_));
}

// In order: the rest of the message that has begun, control frames, messages. Control frames are finished before the
// next message begins, so nothing is ever torn.
std::size_t Outbox::gather(std::span<std::string_view> pieces) const {
  if (empty()) return 0;
  const Queues& mine = *queues_;
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
  const std::string_view control = std::string_view(mine.control).substr(mine.control_sent);
  std::size_t small_at = mine.small_sent;
  for (std::size_t i = mine.first; i < mine.messages.size(); ++i) {
    const Message& message = mine.messages[i];
    const std::size_t begun = i == mine.first ? mine.begun : 0;
    if (i == mine.first && begun == 0 && !add(control)) return count;
    std::string_view bytes;
    if (message.shared) {
      bytes = std::string_view(*message.shared).substr(begun);
    } else {
      bytes = std::string_view(mine.small).substr(small_at, message.size - begun);
      small_at += bytes.size();
    }
    if (!add(bytes)) return count;
    if (begun > 0 && !add(control)) return count;
  }
  if (mine.first == mine.messages.size()) add(control);
  return count;
}

void Outbox::on_written(std::size_t bytes) {
  if (bytes == 0) return;
  FAIRLEAD_CHECK(!empty() && bytes <= queues_->bytes, "more was written than there was");
  Queues& mine = *queues_;
  mine.bytes -= bytes;
  while (bytes > 0) {
    const bool control_is_next = mine.begun == 0 && mine.control_sent < mine.control.size();
    if (control_is_next) {
      const std::size_t part = std::min(bytes, mine.control.size() - mine.control_sent);
      mine.control_sent += part;
      memory_->used_ -= part;
      bytes -= part;
      continue;
    }
    Message& message = mine.messages[mine.first];
    const std::size_t part = std::min(bytes, message.size - mine.begun);
    mine.begun += part;
    bytes -= part;
    if (!message.shared) {
      mine.small_sent += part;
      memory_->used_ -= part;
    }
    if (mine.begun < message.size) break;
    message.shared.reset();
    ++mine.first;
    mine.begun = 0;
  }
  tidy();
}

// Gives memory back when nothing waits, and room that was sent when it is the greater part.
void Outbox::tidy() {
  Queues& mine = *queues_;
  if (mine.bytes == 0) return memory_->give_back(std::move(queues_));
  if (mine.control_sent == mine.control.size()) {
    mine.control.clear();
    mine.control_sent = 0;
  }
  constexpr std::size_t worth_it = std::size_t{64} << 10U;
  if (mine.small_sent > worth_it && mine.small_sent > mine.small.size() / 2) {
    mine.small.erase(0, mine.small_sent);
    mine.small_sent = 0;
  }
  if (mine.first > 1024 && mine.first > mine.messages.size() / 2) {
    mine.messages.erase(mine.messages.begin(), mine.messages.begin() + static_cast<std::ptrdiff_t>(mine.first));
    mine.first = 0;
  }
}

}  // namespace fairlead::gateway
