#include "gateway/io/connection.hpp"

#include <array>
#include <cstring>
#include <utility>

#include "bus/io/clock.hpp"
#include "protocols/encode.hpp"
#include "protocols/message.hpp"

namespace fairlead::gateway::io {
namespace {

using fairlead::io::Fd;
using fairlead::io::Loop;
namespace close_code = protocols::close_code;

constexpr std::uint32_t binary_flag = std::uint32_t{1} << 31U;

using Pairs = std::vector<std::pair<std::string, std::string>>;
Pairs pairs(protocols::Fields&& fields) {
  Pairs out;
  out.reserve(fields.size());
  while (!fields.empty()) {
    auto field = fields.extract(fields.begin());
    out.emplace_back(std::move(field.key()), std::move(field.mapped()));
  }
  return out;
}

}  // namespace

Connection::Connection(Host& host, const Entrance& entrance, UserId user, Fd socket)
    : host_(host),
      entrance_(entrance),
      user_(user),
      transport_(std::move(socket), host.settings->dead),
      codec_(entrance.kind, entrance.options),
      outbox_(*host.memory),
      heard_(host.now),
      deadline_(host.now + host.settings->handshake) {}

Connection::~Connection() { host_.loop.remove(watch_); }

Status Connection::start() {
  auto watch = host_.loop.add(transport_.fd(), {.read = true}, [this](Loop::Ready ready) { on_ready(ready); });
  if (!watch) return watch.error();
  watch_ = *watch;
  if (codec_.is_open()) announce({.peer = peer_of(transport_.fd()), .listener = entrance_.text});
  return Nothing{};
}

// ---- in

void Connection::on_ready(Loop::Ready ready) {
  host_.now = fairlead::io::now();
  if (ready.writable) {
    kernel_full_ = false;
    host_.mark_dirty(*this);
  }
  if (ready.readable && reads()) {
    read();
  } else if (ready.broken) {
    // Nobody is there to read for, and epoll would say so again and again.
    ++host_.counters->left;
    abort({close_code::abnormal, "the connection was reset"});
  }
}

void Connection::read() {
  if (phase_ == Phase::open && host_.gateway.paused_all()) {
    pause();
    return;
  }
  const Transport::Read got = transport_.read(host_.buffer);
  switch (got.what) {
    case Transport::Read::What::nothing:
      return;
    case Transport::Read::What::bytes:
      heard_ = host_.now;
      if (phase_ != Phase::leaving) codec_.feed(host_.buffer.first(got.bytes), *this);
      update_interest();
      return;
    case Transport::Read::What::end:
    case Transport::Read::What::failed: {
      const bool reset = got.what == Transport::Read::What::failed;
      if (!reset && phase_ == Phase::open && kind() != protocols::Kind::ws) return on_last_word();
      if (phase_ == Phase::open) ++host_.counters->left;
      const bool without_goodbye = reset || kind() == protocols::Kind::ws;
      abort({without_goodbye ? close_code::abnormal : close_code::normal,
             reset ? "the connection was reset" : "the user hung up"});
      return;
    }
  }
}

// `printf 'hello\n' | nc -N host port`: who has nothing more to say may still want to hear.
void Connection::on_last_word() {
  ++host_.counters->left;
  peer_ended_ = true;
  end_conversation({close_code::normal, "the user hung up"});
  begin_settling({});
}

void Connection::on_open(protocols::Handshake&& handshake) {
  announce({.peer = peer_of(transport_.fd()),
            .listener = entrance_.text,
            .path = std::move(handshake.path),
            .query = pairs(std::move(handshake.query)),
            .headers = pairs(std::move(handshake.headers)),
            .cookies = pairs(std::move(handshake.cookies))});
}

void Connection::announce(const schemas::Handshake& handshake) {
  phase_ = Phase::open;
  deadline_ = host_.now + host_.settings->ping;
  host_.gateway.on_user_opened(user_, handshake, host_.now, host_.actions);
  if (!host_.gateway.accepts(user_)) pause();
}

void Connection::on_http(protocols::HttpRequest&& request) {
  ++host_.counters->http_requests;
  told_ = true;
  outbox_.push_last_words(host_.respond(request));
  begin_closing();
}

void Connection::on_message(protocols::Message message) {
  if (phase_ != Phase::open) return;
  if (stopped_) return hold(message);
  if (!host_.gateway.on_user_message(user_, message.payload, message.binary, host_.now, host_.actions)) pause();
}

void Connection::on_reply(std::string_view bytes) {
  if (last_words_) {
    outbox_.push_last_words(bytes);
  } else if (!outbox_.push_control(bytes)) {
    ++host_.counters->pongs_dropped;
  }
  host_.mark_dirty(*this);
}

void Connection::on_close(const protocols::Ending& ending) {
  if (phase_ == Phase::opening) {
    ++host_.counters->refused_handshakes;
    told_ = true;
  } else if (phase_ == Phase::open) {
    if (!last_words_) ++(ending.by_peer ? host_.counters->left : host_.counters->broke_rules);
    end_conversation({ending.reason.code, ending.reason.text});
    if (!last_words_) return begin_settling(ending.last_words);
  }
  outbox_.push_last_words(ending.last_words);
  begin_closing();
}

void Connection::begin_settling(std::string_view last_words) {
  if (phase_ != Phase::open) return;
  phase_ = Phase::settling;
  ending_ = last_words;
  deadline_ = host_.now + host_.settings->close;
  host_.settle(*this);
  update_interest();
}

bool Connection::try_settle() {
  if (phase_ != Phase::settling) return true;
  if ((held_ || host_.gateway.owes(user_)) && host_.now < deadline_) return false;
  outbox_.push_last_words(std::exchange(ending_, {}));
  begin_closing();
  return true;
}

// ---- pausing

void Connection::pause() {
  stopped_ = true;
  if (host_.gateway.paused_all()) host_.stall(*this);
  update_interest();
}

void Connection::hold(protocols::Message message) {
  if (!held_) held_ = std::make_unique<Held>();
  const auto head = static_cast<std::uint32_t>(message.payload.size()) | (message.binary ? binary_flag : 0);
  held_->bytes.append(reinterpret_cast<const char*>(&head), sizeof head);
  held_->bytes += message.payload;
}

void Connection::try_continue() {
  if (!stopped_ || told_) return;
  if (!host_.gateway.accepts(user_)) {
    if (host_.gateway.paused_all()) host_.stall(*this);
    return;
  }
  bool more = true;
  while (more && held_ && held_->at < held_->bytes.size()) {
    std::uint32_t head = 0;
    std::memcpy(&head, held_->bytes.data() + held_->at, sizeof head);
    const std::string_view payload(held_->bytes.data() + held_->at + sizeof head, head & ~binary_flag);
    held_->at += sizeof head + payload.size();
    more = host_.gateway.on_user_message(user_, payload, (head & binary_flag) != 0, host_.now, host_.actions);
  }
  if (held_ && held_->at == held_->bytes.size()) {
    const auto end = std::move(held_->end);
    held_.reset();
    if (end) {
      end_conversation(*end);
      if (phase_ == Phase::dead) host_.bury(*this);
      return;
    }
  }
  if (!more) return pause();
  stopped_ = false;
  heard_ = host_.now;  // what the user said meanwhile was not read
  update_interest();
}

// ---- out

void Connection::after_push(Outbox::Push push) {
  if (push == Outbox::Push::overflow) {
    ++host_.counters->too_slow;
    // Not even a close frame would get through, and half a message may be on its way.
    abort({close_code::policy, "does not read what it is sent"});
    return;
  }
  if (push == Outbox::Push::dropped) ++host_.counters->messages_dropped;
  host_.mark_dirty(*this);
}

void Connection::write() {
  if (phase_ == Phase::dead || kernel_full_) return;
  std::array<std::string_view, 32> pieces{};
  for (int writes = 0; writes < 4 && !outbox_.empty(); ++writes) {
    const std::size_t count = outbox_.gather(pieces);
    const Transport::Written written = transport_.write({pieces.data(), count});
    if (written.failed) {
      if (phase_ == Phase::open) ++host_.counters->left;
      abort({close_code::abnormal, "the connection was reset"});
      return;
    }
    outbox_.on_written(written.bytes);
    if (written.full) {
      kernel_full_ = true;
      break;
    }
  }
  if (!outbox_.empty() && !kernel_full_) host_.mark_dirty(*this);
  if (outbox_.empty() && phase_ == Phase::closing && (codec_.is_closed() || peer_ended_)) {
    transport_.finish_writing();
    phase_ = Phase::leaving;
    if (peer_ended_) die();
  }
  update_interest();
}

// ---- the end

void Connection::close(const CloseUser& close) {
  if (phase_ != Phase::open) {
    // Ended already; should messages still be held, nobody wants them any more.
    if (held_) {
      const auto end = held_->end;
      held_.reset();
      end_conversation(end.value_or(close.reason));
      if (phase_ == Phase::dead) host_.bury(*this);
    }
    return;
  }
  ++host_.counters->closed;
  held_.reset();
  if (close.now) return abort(close.reason);
  if (close.last) {
    std::string framed;
    protocols::append_framed(kind(), {*close.last, close.binary}, framed);
    outbox_.push_last_words(framed);
  }
  last_words_ = true;
  codec_.close({close.reason.code, close.reason.reason}, *this);
  last_words_ = false;
  if (phase_ != Phase::open) return;  // line and frame have nothing to wait for
  end_conversation(close.reason);
  begin_closing();
}

void Connection::end_conversation(const schemas::CloseReason& reason) {
  if (told_) return;
  if (held_) {
    if (!held_->end) held_->end = reason;
    return;
  }
  told_ = true;
  host_.gateway.on_user_closed(user_, reason, host_.now, host_.actions);
}

void Connection::begin_closing() {
  if (phase_ == Phase::opening || hears()) {
    phase_ = Phase::closing;
    deadline_ = host_.now + host_.settings->close;
  }
  host_.mark_dirty(*this);
  update_interest();
}

void Connection::abort(const schemas::CloseReason& reason) {
  if (phase_ == Phase::opening) told_ = true;
  if (phase_ == Phase::open) end_conversation(reason);
  die();
}

void Connection::die() {
  if (phase_ == Phase::dead) return;
  phase_ = Phase::dead;
  host_.loop.remove(std::exchange(watch_, {}));
  transport_.close();
  outbox_.clear();
  if (!held_) host_.bury(*this);
}

void Connection::update_interest() {
  if (phase_ == Phase::dead) return;
  host_.loop.modify(watch_, {.read = reads(), .write = kernel_full_});
}

void Connection::on_time() {
  const UserSettings& settings = *host_.settings;
  switch (phase_) {
    case Phase::opening:
      if (host_.now < deadline_) return;
      ++host_.counters->handshake_timeouts;
      codec_.close({close_code::policy, "the handshake took too long"}, *this);
      return;
    case Phase::open:
      if (kind() != protocols::Kind::ws || stopped_) return;
      if (host_.now - heard_ >= settings.dead) {
        ++host_.counters->silent;
        abort({close_code::abnormal, "no sign of life"});
      } else if (host_.now - heard_ >= settings.ping && host_.now >= deadline_) {
        deadline_ = host_.now + settings.ping;
        std::string ping;
        protocols::append_ping(kind(), "", ping);
        outbox_.push_control(ping);
        host_.mark_dirty(*this);
      }
      return;
    case Phase::closing:
    case Phase::leaving:
      if (host_.now >= deadline_) die();
      return;
    case Phase::settling:
    case Phase::dead:
      return;
  }
}

void Connection::give_up() {
  if (phase_ == Phase::opening) abort({close_code::going_away, "the gateway is stopping"});
}

void Connection::on_pause(Duration pause) {
  heard_ += pause;
  deadline_ += pause;
}

}  // namespace fairlead::gateway::io
