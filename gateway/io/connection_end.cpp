// What a connection is sent, how it is looked after, and its end.
#include <array>
#include <utility>

#include "bus/text.hpp"
#include "gateway/io/connection.hpp"
#include "protocols/encode.hpp"
#include "protocols/message.hpp"

namespace fairlead::gateway::io {
namespace {

namespace close_code = protocols::close_code;

std::string_view limit_of(const Outbox::Push& push) { return push.of_all ? "outbox-memory" : "outbox-limit"; }

}  // namespace

// ---- out

void Connection::after_push(const Outbox::Push& push) {
  if (push == Outbox::Push::overflow) {
    ++(push.of_all ? host_.counters->too_slow_for_all : host_.counters->too_slow);
    host_.log->too_slow(host_.now, client(), limit_of(push), push.bytes);
    // Not even a close frame would get through, and half a message may be on its way.
    abort({close_code::policy, "does not read what it is sent"});
    return;
  }
  if (push.messages > 0) {
    const bool newest = entrance_.settings.outbox.policy == OutboxPolicy::drop_newest;
    (newest ? host_.counters->newest_dropped : host_.counters->oldest_dropped) += push.messages;
    host_.counters->bytes_dropped += push.bytes;
    host_.log->messages_dropped(host_.now, client(), limit_of(push), push.messages, push.bytes);
  }
  host_.mark_dirty(*this);
}

std::string Connection::client() const {
  const auto client = host_.gateway.client(user_);
  return client ? client->text() : "none";
}

void Connection::write() {
  if (phase_ == Phase::dead || kernel_full_) return;
  std::array<std::string_view, 32> pieces{};
  const auto done = [this] { return outbox_.empty() && transport_.flushed(); };
  for (int writes = 0; writes < 4 && !done(); ++writes) {
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
  if (!done() && !kernel_full_) host_.mark_dirty(*this);
  if (done() && phase_ == Phase::closing && (codec_.is_closed() || peer_ended_)) {
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
  say_goodbye(close.reason);
}

void Connection::say_goodbye(const schemas::CloseReason& reason) {
  last_words_ = true;
  codec_.close({reason.code, reason.reason}, *this);
  last_words_ = false;
  if (phase_ != Phase::open) return;  // line and frame have nothing to wait for
  end_conversation(reason);
  begin_closing();
}

void Connection::end_conversation(const schemas::CloseReason& reason) {
  if (told_) return;
  if (held_) {
    if (!held_->end) held_->end = reason;
    if (held_back) host_.hold_back(*this, host_.now);  // no longer
    return;
  }
  told_ = true;
  host_.gateway.on_user_closed(user_, reason, host_.now, host_.actions);
}

void Connection::begin_closing() {
  if (phase_ == Phase::opening || hears()) {
    phase_ = Phase::closing;
    deadline_ = host_.now + entrance_.settings.close;
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
  host_.loop.modify(watch_, {.read = reads(), .write = kernel_full_ || (transport_.wants_write() && reads())});
}

void Connection::on_time() {
  switch (phase_) {
    case Phase::opening:
      if (host_.now < deadline_) return;
      ++host_.counters->handshake_timeouts;
      if (transport_.is_shaking()) return abort({});  // no word could be read
      codec_.close({close_code::policy, "the handshake took too long"}, *this);
      return;
    case Phase::open:
      return look_after(host_.now);
    case Phase::closing:
    case Phase::leaving:
      if (host_.now >= deadline_) die();
      return;
    case Phase::settling:
    case Phase::dead:
      return;
  }
}

// Who is not read cannot be heard. But speaking too often is no way to stay without logging in.
void Connection::look_after(Instant now) {
  if (stopped_ && !held_back) return;
  VigilTimes times = entrance_.settings.vigil;
  if (stopped_) times.ping = times.idle = Duration{0};
  if (times.login > Duration{0} && !vigil_.known() && host_.gateway.has_uid(user_)) vigil_.on_login();
  switch (vigil_.on_time(times, entrance_.asks(), now)) {
    case Vigil::Verdict::well:
      return;
    case Vigil::Verdict::ask: {
      std::string ping;
      if (kind() == protocols::Kind::ws) {
        protocols::append_ping(kind(), entrance_.settings.ping_data, ping);
      } else {
        protocols::append_framed(kind(), {.payload = entrance_.settings.ping_data}, ping);
      }
      outbox_.push_control(ping);
      host_.mark_dirty(*this);
      return;
    }
    case Vigil::Verdict::silent:
      ++host_.counters->silent;
      return abort({close_code::abnormal, "no sign of life for " + duration_text(times.dead)});
    case Vigil::Verdict::idle:
      ++host_.counters->idle;
      return say_goodbye({close_code::timeout, "no message for " + duration_text(times.idle)});
    case Vigil::Verdict::stranger:
      ++host_.counters->strangers;
      return say_goodbye({close_code::unauthorized, "no login within " + duration_text(times.login)});
  }
}

void Connection::give_up() {
  if (phase_ == Phase::opening) abort({close_code::going_away, "the gateway is stopping"});
}

void Connection::on_pause(Duration pause) {
  vigil_.on_pause(pause);
  deadline_ += pause;
}

}  // namespace fairlead::gateway::io
